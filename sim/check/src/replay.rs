//! Replays a trace: drives the engine with its stimuli, and compares each recorded observation with the one made now.

use std::io::{BufRead, Write};

use afresh_core::{Engine, EventNumber, Policy, Stimulus, What};
use afresh_trace::digest::{Rolling, RunDigest};
use afresh_trace::format::{Error, EventOf, Reader, Writer, messages, read_ahead};
use serde::Serialize;

use crate::compare::{Between, Compared, Comparer, Difference, Missing};
use crate::excluded::Exclusions;
use crate::extent::Extent;
use crate::finding::{Finding, Findings};
use crate::guard::{guard, signature_of_panic};
use crate::ignore::Ignored;
use crate::notes::{Deny, NotDerivable, Notes};
use crate::subject::Subject;

/// The options of [`replay()`].
#[derive(Clone, Copy, Debug)]
pub struct Options<'d> {
    /// The number of the last event to replay; all events if `None`.
    pub until: Option<EventNumber>,
    /// The policy by which the engine updates states.
    pub policy: Policy,
    /// The kinds of note that count as findings.
    pub deny: &'d [Deny],
    /// The parts of outputs that are not compared.
    pub ignored: &'d [Ignored],
}

impl Default for Options<'_> {
    /// All events, with incremental states, as in production.
    fn default() -> Self {
        Self { until: None, policy: Policy::Incremental, deny: &[], ignored: &[] }
    }
}

/// The result of a replay.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The number of events that were replayed.
    pub events: u64,
    /// The number of events that drove the system.
    pub stimuli: u64,
    /// The number of recorded observations that were compared.
    pub compared: u64,
    /// The number of keys that occurred or, for a world, the number of its nodes.
    #[serde(flatten)]
    pub extent: Extent,
    /// For a world, the number of stimuli that were skipped because they can no longer happen.
    ///
    /// A world skips stimuli only if an exact replay differs, and the trace was edited, is a kept trace, or was
    /// recorded by another version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<u64>,
    /// For a world, the assumption that the run has broken. Such a run is void: neither a pass nor a bug.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub void: Option<String>,
    /// The digest of the run: the stimuli and all observations of the engine.
    #[serde(serialize_with = "as_text")]
    pub digest: RunDigest,
    /// The differences between the recorded observations and those made now, the earliest first.
    pub findings: Vec<Finding>,
    /// The rest of the verdict: everything that does not count, or could not be compared.
    #[serde(flatten)]
    pub notes: Notes,
}

impl Report {
    /// Returns `true` if there is no difference.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}

fn as_text<Z: serde::Serializer>(digest: &RunDigest, serializer: Z) -> Result<Z::Ok, Z::Error> {
    serializer.collect_str(digest)
}

/// Replays the trace in `reader`, and writes the new trace to `record` if given.
///
/// The new trace has the same stimuli and the observations that the engine makes now. After each stimulus it has the
/// view of every key that the stimulus updated. The trace is replayed while it is read, and only the journal of the run
/// is held in memory.
///
/// # Errors
///
/// Returns an error if the trace cannot be read or the record cannot be written.
pub fn replay<S: Subject, R: BufRead + Send>(
    system: &S,
    reader: Reader<R>,
    options: Options<'_>,
    mut record: Option<Writer<&mut dyn Write>>,
) -> Result<Report, Error> {
    let complete = reader.header().complete;
    let views = record.is_some();
    let engine_options =
        afresh_core::Options { policy: options.policy, complete, views, guard, ..afresh_core::Options::default() };
    let mut run = Run {
        engine: Engine::new(system.clone(), engine_options),
        comparer: Comparer::new(complete, options.ignored),
        exclusions: Exclusions::default(),
        digest: Rolling::new(),
        findings: Findings::default(),
        not_derivable: NotDerivable::default(),
    };
    let (mut events, mut stimuli, mut cut) = (0, 0, false);
    read_ahead(system, reader, |batch| {
        run.engine.look_ahead(messages::<S>(batch.iter().map(|(event, _)| event)));
        for (event, line) in batch {
            if options.until.is_some_and(|until| event.number > until) {
                cut = true;
                match event.what {
                    What::Observation(_) => run.comparer.look_over(&mut run.engine, &event),
                    What::Stimulus(_) => return Ok(false),
                }
                continue;
            }
            events += 1;
            let before = run.engine.journal().len();
            match event.what {
                What::Stimulus(stimulus) => {
                    stimuli += 1;
                    run.stimulus((event.number, line), event.at, stimulus);
                }
                What::Observation(_) => run.observation(&event, line),
            }
            for observed in run.engine.journal().since(before) {
                run.digest.event(observed);
                if let Some(writer) = &mut record {
                    writer.event(observed)?;
                }
            }
        }
        Ok(true)
    })?;
    let Missing { differences, not_yet, not_derivable } = run.comparer.finish(&run.engine, cut);
    not_derivable.into_iter().for_each(|(part, place)| run.not_derivable.saw(part, place));
    differences.iter().for_each(|difference| difference.add_to(&mut run.findings, Between::Record));
    let notes = Notes {
        excluded: run.exclusions.finish(&run.engine),
        not_derivable: run.not_derivable,
        not_recorded_yet: not_yet.iter().map(Difference::sighting).collect(),
    };
    notes.deny(options.deny, complete || run.comparer.compared > 0, &mut run.findings);
    if let Some(writer) = record {
        writer.finish()?;
    }
    Ok(Report {
        events,
        stimuli,
        compared: run.comparer.compared,
        extent: Extent::Keys(run.engine.keys().len() as u64),
        skipped: None,
        void: None,
        digest: run.digest.finish(),
        findings: run.findings.into_sorted(),
        notes,
    })
}

/// A replay in progress.
struct Run<S: Subject> {
    engine: Engine<S>,
    comparer: Comparer,
    exclusions: Exclusions,
    digest: Rolling,
    findings: Findings,
    not_derivable: NotDerivable,
}

impl<S: Subject> Run<S> {
    fn stimulus(&mut self, place: (EventNumber, u64), at: Option<afresh_core::At>, stimulus: Stimulus<S::In, S::View>) {
        let effects = self.engine.take(at, stimulus);
        let (taken, receipt) = (effects.stimulus(), effects.receipt());
        self.comparer.begin(&self.engine, place, taken);
        self.exclusions.took(&self.engine, place, taken, receipt, &self.comparer.places);
    }

    fn observation(&mut self, event: &EventOf<S>, line: u64) {
        let mut compared = Compared::Same;
        let done = guard(&mut || compared = self.comparer.recorded(&mut self.engine, event));
        for part in compared.underivable() {
            self.not_derivable.saw(part, (event.number, line));
        }
        match (done, compared) {
            (Ok(()), Compared::Differs(kind)) => {
                Difference { event: event.number, line, kind }.add_to(&mut self.findings, Between::Record);
            }
            (Ok(()), _) => {}
            (Err(why), _) => {
                let part = signature_of_panic(&why);
                self.findings.saw(("panic", &part), (event.number, line), None, || (format!("panicked: {why}"), None));
            }
        }
    }
}
