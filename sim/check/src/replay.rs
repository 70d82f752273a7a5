//! Replays a trace: drives the engine with its stimuli, and compares each recorded observation with the one made now.

use std::io::{BufRead, Write};

use afresh_core::{Engine, EventNumber, Key, Observation, Policy, Stimulus, What};
use afresh_trace::digest::{Rolling, RunDigest};
use afresh_trace::format::{Error, EventOf, Reader, Writer, messages, read_ahead};
use serde::Serialize;

use crate::compare::{Comparer, Difference};
use crate::extent::Extent;
use crate::finding::{Sighting, Versus};
use crate::guard::guard;
use crate::ignore::Ignore;
use crate::subject::Subject;

/// The options of [`replay()`].
#[derive(Clone, Debug)]
pub struct Options {
    /// The number of the last event to replay; all events if `None`.
    pub until: Option<EventNumber>,
    /// The policy by which the engine updates states.
    pub policy: Policy,
    /// The parts of outputs that are not compared.
    pub ignored: Vec<Ignore>,
}

impl Default for Options {
    /// All events, with incremental states, as in production.
    fn default() -> Self {
        Self { until: None, policy: Policy::Incremental, ignored: Vec::new() }
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
    /// The digest of the run: the stimuli and all observations of the engine.
    #[serde(serialize_with = "as_text")]
    pub digest: RunDigest,
    /// The number of differences between the recorded observations and those made now.
    pub differences: u64,
    /// The first difference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Sighting>,
}

impl Report {
    /// Returns `true` if there is no difference.
    pub fn is_clean(&self) -> bool {
        self.differences == 0
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
    options: Options,
    mut record: Option<Writer<&mut dyn Write>>,
) -> Result<Report, Error> {
    let complete = reader.header().complete;
    let views = record.is_some();
    let engine_options =
        afresh_core::Options { policy: options.policy, complete, views, guard, ..afresh_core::Options::default() };
    let mut run = Run {
        engine: Engine::new(system.clone(), engine_options),
        comparer: Comparer::new(complete, options.ignored),
        digest: Rolling::new(),
        differences: 0,
        first: None,
    };
    let (mut events, mut stimuli) = (0, 0);
    read_ahead(system, reader, |batch| {
        run.engine.look_ahead(messages::<S>(batch.iter().map(|(event, _)| event)));
        for (event, line) in batch {
            if options.until.is_some_and(|until| event.number > until) {
                run.look_over(&event, line);
                match event.what {
                    What::Observation(_) => continue,
                    What::Stimulus(_) => return Ok(false),
                }
            }
            events += 1;
            let before = run.engine.journal().len();
            match event.what {
                What::Stimulus(stimulus) => {
                    stimuli += 1;
                    run.stimulus(event.number, line, event.at, stimulus);
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
    let comparer = std::mem::replace(&mut run.comparer, Comparer::new(complete, Vec::new()));
    let compared = comparer.compared;
    for difference in comparer.finish(&run.engine) {
        run.differs(&difference);
    }
    if let Some(writer) = record {
        writer.finish()?;
    }
    Ok(Report {
        events,
        stimuli,
        compared,
        extent: Extent::Keys(run.engine.keys().len() as u64),
        skipped: None,
        digest: run.digest.finish(),
        differences: run.differences,
        first: run.first,
    })
}

/// A replay in progress.
struct Run<S: Subject> {
    engine: Engine<S>,
    comparer: Comparer<S>,
    digest: Rolling,
    differences: u64,
    first: Option<Sighting>,
}

impl<S: Subject> Run<S> {
    fn stimulus(
        &mut self,
        number: EventNumber,
        line: u64,
        at: Option<afresh_core::At>,
        stimulus: Stimulus<S::In, S::View>,
    ) {
        let taken = self.engine.take(at, stimulus).stimulus();
        self.comparer.begin(&self.engine, number, line, taken);
    }

    fn observation(&mut self, event: &EventOf<S>, line: u64) {
        if let What::Observation(Observation::Settled(settled)) = &event.what {
            self.engine.settle(event.at, &settled.output, settled.revision);
            return;
        }
        let mut difference = None;
        let done = guard(&mut || difference = self.comparer.recorded(&self.engine, event, line));
        match (done, difference) {
            (Ok(()), None) => {}
            (Ok(()), Some(difference)) => self.differs(&difference),
            (Err(why), _) => self.sight(event.number, line, None, || (format!("panicked: {why}"), None)),
        }
    }

    /// Matches an observation that follows the last replayed event, so that it is not reported as missing from the
    /// record.
    fn look_over(&mut self, event: &EventOf<S>, line: u64) {
        let compared = self.comparer.compared;
        let _ = guard(&mut || drop(self.comparer.recorded(&self.engine, event, line)));
        self.comparer.compared = compared;
    }

    fn differs(&mut self, difference: &Difference<S>) {
        let Difference { event, line, kind } = difference;
        self.sight(*event, *line, kind.key(), || kind.in_words());
    }

    fn sight(
        &mut self,
        event: EventNumber,
        line: u64,
        key: Option<&Key>,
        details: impl FnOnce() -> (String, Option<Versus>),
    ) {
        self.differences += 1;
        if self.first.as_ref().is_none_or(|first| event < first.event) {
            let (found, versus) = details();
            self.first = Some(Sighting { event, line, key: key.cloned(), found, versus });
        }
    }
}
