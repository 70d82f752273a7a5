//! Compares two versions of a system on the same trace: what they show, send, refuse and quarantine.
//!
//! [`record`] runs the old version, and writes a trace with everything that it does. [`compare()`] runs the new version
//! at the same time, and holds it against that trace with the comparator of [`replay`](mod@crate::replay): the run of
//! the old version takes the place of the record. So the versions may be of different types, and even of different
//! programs, and only one stimulus at a time is held as JSON.

mod apart;
mod beside;
mod other;
mod shown;

use std::collections::BTreeMap;
use std::io::{BufRead, Write};

use afresh_core::{
    At, Engine, EventNumber, Header, Key, Observation, Policy, Signature, Stimulus, System, Viewed, What,
};
use afresh_trace::format::{Error, EventOf, Problem, Reader, Writer, messages, read_ahead};
use serde::Serialize;

use self::apart::Apart;
use self::beside::Beside;
use self::other::{Made, Other};
use crate::compare::{Between, Compared, Comparer, Difference, Different};
use crate::extent::Extent;
use crate::finding::{Finding, Findings};
use crate::guard::{guard, signature_of_panic};
use crate::ignore::Ignored;
use crate::loaded::observe;
use crate::notes::NotDerivable;
use crate::subject::Subject;

/// The options of [`compare()`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'d> {
    /// The number of the last event to run; all events if `None`.
    pub until: Option<EventNumber>,
    /// The parts of outputs that are not compared.
    pub ignored: &'d [Ignored],
    /// Ends the run as soon as a difference with this signature shows.
    pub wanted: Option<&'d Signature>,
    /// `true` if the run of the old version is a file, which may have been recorded without views.
    pub is_file: bool,
}

/// The result of comparing two versions on one trace.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The number of events that were run.
    pub events: u64,
    /// The number of events that drove the systems.
    pub stimuli: u64,
    /// The number of keys that occurred in the run of the new version.
    #[serde(flatten)]
    pub extent: Extent,
    /// The number of observations of the old version that were compared with the new one, and of those that only the
    /// new version made.
    pub compared: u64,
    /// The differences, the earliest first.
    pub findings: Vec<Differing>,
    /// The parts that could not be compared, because they depend on messages before the window.
    pub not_derivable: NotDerivable,
}

/// One kind of difference between two versions.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Differing {
    /// The difference: how often it showed, and where.
    #[serde(flatten)]
    pub finding: Finding,
    /// The number of keys that still differ in this part at the end; `None` for events, such as rejections.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub differ_at_end: Option<usize>,
}

impl Report {
    /// Returns `true` if the versions do not differ.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Runs the old version of two, and writes everything that it does to `sink`, as a trace.
///
/// The trace has the stimuli of the trace in `reader`. After each of them it has the observations of this version, and
/// the view of every key that the stimulus updated.
///
/// # Errors
///
/// Fails if the trace cannot be read or the run cannot be written.
pub fn record<S: Subject, R: BufRead + Send>(
    old: &S,
    reader: Reader<R>,
    until: Option<EventNumber>,
    sink: &mut dyn Write,
) -> Result<(), Error> {
    let header = Header { shows: None, ..reader.header().clone() };
    let system = Beside(old.clone());
    let mut recording = Recording {
        engine: Engine::new(system.clone(), engine_options(header.complete)),
        writer: Writer::new("the run of the old version", sink, &header)?,
        last: 0,
    };
    read_ahead(&system, reader, |batch| {
        recording.engine.look_ahead(messages::<Beside<S>>(batch.iter().map(|(event, _)| event)));
        for (event, _) in batch {
            if until.is_some_and(|until| event.number > until) {
                return Ok(false);
            }
            recording.event(event)?;
        }
        Ok(true)
    })?;
    recording.writer.finish().map(drop)
}

/// Both runs carry their states along, as services do.
fn engine_options(complete: bool) -> afresh_core::Options {
    afresh_core::Options { policy: Policy::Incremental, complete, guard, ..afresh_core::Options::default() }
}

/// A run of the old version in progress.
struct Recording<'w, S: Subject> {
    engine: Engine<Beside<S>>,
    writer: Writer<&'w mut dyn Write>,
    /// The number of the event that was written last.
    last: u32,
}

impl<S: Subject> Recording<'_, S> {
    /// Runs an event of the trace, and writes what it caused. The views are written only, and not kept.
    fn event(&mut self, event: EventOf<Beside<S>>) -> Result<(), Error> {
        let (before, mut keys) = (self.engine.journal().len(), Vec::new());
        let begin = self.last;
        match event.what {
            What::Stimulus(stimulus) => {
                keys.extend(self.engine.take(event.at, stimulus).keys().into_iter().cloned());
            }
            What::Observation(observation) => observe(&mut self.engine, event.at, &observation),
        }
        for journaled in self.engine.journal().since(before) {
            let number = number(&mut self.last)?;
            // A cause before this event does not matter here.
            let within = |cause: EventNumber| cause.get().checked_sub(before as u32).filter(|place| *place > 0);
            let cause = journaled.cause.and_then(within).and_then(|place| EventNumber::new(begin + place));
            self.writer.event(&EventOf::<Beside<S>> { number, cause, ..journaled.clone() })?;
        }
        let cause = EventNumber::new(begin + 1);
        for key in keys {
            let mut value = None;
            // A key on which the system panics has no view.
            let _ = guard(&mut || value = self.engine.view(&key));
            if let Some(value) = value {
                let (number, viewed) = (number(&mut self.last)?, Box::new(Viewed { key, value }));
                let what = What::Observation(Observation::View(viewed));
                self.writer.event(&EventOf::<Beside<S>> { number, cause, at: None, what })?;
            }
        }
        Ok(())
    }
}

/// The number of the next event.
fn number(last: &mut u32) -> Result<EventNumber, Error> {
    let next = last.checked_add(1).and_then(EventNumber::new);
    let next = next.ok_or_else(|| Error::file("the run of the old version", Problem::Full))?;
    *last = next.get();
    Ok(next)
}

/// Runs the trace in `reader` with the new version of two, and compares it with the run of the old one, which `old`
/// reads as [`record`] writes it.
///
/// # Errors
///
/// Fails if the trace or the run of the old version cannot be read, or if that is a run of another trace.
pub fn compare<S: Subject, R: BufRead + Send, O: BufRead>(
    new: &S,
    reader: Reader<R>,
    old: Reader<O>,
    options: Options<'_>,
) -> Result<Report, Error> {
    let complete = reader.header().complete;
    let system = Beside(new.clone());
    let mut run = Run {
        engine: Engine::new(system.clone(), engine_options(complete)),
        comparer: Comparer::new(complete, options.ignored),
        complete,
        place: (EventNumber::MIN, 0),
        views: BTreeMap::new(),
        waiting: Vec::new(),
        apart: Apart::new(),
        findings: Findings::default(),
        not_derivable: NotDerivable::default(),
    };
    let mut other = Other::new(old);
    let (mut events, mut stimuli) = (0, 0);
    read_ahead(&system, reader, |batch| {
        run.engine.look_ahead(messages::<Beside<S>>(batch.iter().map(|(event, _)| event)));
        for (event, line) in batch {
            if options.until.is_some_and(|until| event.number > until) {
                return Ok(false);
            }
            events += 1;
            if let What::Observation(observation) = &event.what {
                observe(&mut run.engine, event.at, observation);
                run.comparer.hears(&run.engine, observation);
                continue;
            }
            stimuli += 1;
            run.learned();
            if options.wanted.is_some_and(|wanted| run.findings.has(wanted)) {
                return Ok(false);
            }
            let did = other.next(&system, event.number, &event.what)?;
            if let What::Stimulus(stimulus) = event.what {
                run.place = (event.number, line);
                run.stimulus(event.at, stimulus, did.at_once);
                run.waiting = did.after_learning;
            }
        }
        Ok(true)
    })?;
    run.learned();
    // In a window, perhaps no state is derivable.
    if options.is_file && complete && !run.engine.keys().is_empty() {
        other.must_have_views()?;
    }
    let lasting = run.apart.finish(&run.engine, options.ignored);
    let differing = |finding: Finding| {
        let differ_at_end = lasting.get(&finding.signature.part).map(|keys| keys.len());
        Differing { finding, differ_at_end }
    };
    Ok(Report {
        events,
        stimuli,
        extent: Extent::Keys(run.engine.keys().len() as u64),
        compared: run.comparer.compared,
        findings: run.findings.into_sorted().into_iter().map(differing).collect(),
        not_derivable: run.not_derivable,
    })
}

/// A run of the new version in progress.
struct Run<S: Subject> {
    engine: Engine<Beside<S>>,
    comparer: Comparer,
    complete: bool,
    /// The event and the line of the current stimulus.
    place: (EventNumber, u64),
    /// The last view of each key by the old version, unless that has quarantined the key.
    views: BTreeMap<Key, <Beside<S> as System>::View>,
    /// The observations that the old version made after it learned, until the new version has learned the same.
    waiting: Vec<Made<S>>,
    apart: Apart<Beside<S>>,
    findings: Findings,
    not_derivable: NotDerivable,
}

impl<S: Subject> Run<S> {
    /// Runs a stimulus, and compares the observations with those of the old version.
    fn stimulus(&mut self, at: Option<At>, stimulus: Stimulus<S::In, <Beside<S> as System>::View>, old: Vec<Made<S>>) {
        let effects = self.engine.take(at, stimulus);
        let (taken, mut updated) = (effects.stimulus(), effects.keys().into_iter().cloned().collect::<Vec<_>>());
        self.comparer.begin(&self.engine, self.place, taken);
        updated.retain(|key| !old.iter().any(|made| matches!(made, Observation::View(viewed) if viewed.key == *key)));
        for made in old {
            self.observation(made);
        }
        for key in updated {
            self.updated_alone(key);
        }
        self.only_new();
    }

    /// Compares the observations that followed when both versions had learned from the views of a window.
    fn learned(&mut self) {
        for made in std::mem::take(&mut self.waiting) {
            self.observation(made);
        }
        self.only_new();
    }

    /// Compares an observation of the old version.
    fn observation(&mut self, made: Made<S>) {
        let mut compared = Compared::Same;
        let done = guard(&mut || compared = self.comparer.observed(&self.engine, None, &made, "new"));
        if let Err(why) = done {
            let part = signature_of_panic(&why);
            self.findings.saw(("panic", &part), self.place, None, || (format!("panicked: {why}"), None));
        }
        for part in compared.underivable() {
            self.not_derivable.saw(part, self.place);
        }
        self.apart.compared(&made, &compared);
        if let Compared::Differs(kind) = compared {
            self.differs(kind);
        }
        match made {
            Observation::View(viewed) => drop(self.views.insert(viewed.key, viewed.value)),
            Observation::Quarantined(quarantined) => drop(self.views.remove(&quarantined.key)),
            _ => {}
        }
    }

    /// Compares the view of a key that only the new version has updated.
    fn updated_alone(&mut self, key: Key) {
        match self.views.get(&key) {
            Some(value) => {
                let value = value.clone();
                self.observation(Observation::View(Box::new(Viewed { key, value })));
            }
            None if self.complete => {
                let mut now = None;
                // A key on which the system panics is quarantined already.
                let _ = guard(&mut || now = self.engine.view(&key));
                if let Some(now) = now {
                    self.only_new_one(Different::NewKey { key, now });
                }
            }
            None => {}
        }
    }

    /// Takes the observations that only the new version made.
    fn only_new(&mut self) {
        for different in self.comparer.only_now(&self.engine) {
            self.only_new_one(different);
        }
    }

    fn only_new_one(&mut self, different: Different<Beside<S>>) {
        self.apart.only_new(&self.engine, &different);
        self.differs(different);
    }

    fn differs(&mut self, kind: Different<Beside<S>>) {
        let (event, line) = self.place;
        Difference { event, line, kind }.add_to(&mut self.findings, Between::Versions);
    }
}
