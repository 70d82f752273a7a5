//! The run of the other version: its observations, read from the trace that it writes while it runs.

use std::io::BufRead;

use afresh_core::{EventNumber, FactId, Name, Observation, Stimulus, What};
use afresh_trace::format::{Error, EventOf, Kind, Problem, RawEvent, RawEvents, Reader};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::beside::Beside;
use super::shown::Shown;
use crate::subject::Subject;

/// Reads the observations of the other version, stimulus by stimulus.
pub(super) struct Other<R> {
    name: String,
    events: RawEvents<R>,
    /// The next stimulus, which was read already.
    next: Option<RawEvent>,
    /// The number of stimuli so far.
    stimuli: u64,
    /// `true` if there was any view, or any message without one.
    has_views: bool,
}

/// What the other version did at one stimulus.
pub(super) struct Did<S: Subject> {
    /// Its observations of the stimulus.
    pub(super) at_once: Vec<Made<S>>,
    /// Its observations after it learned from the views that the trace recorded next, in a window.
    pub(super) after_learning: Vec<Made<S>>,
}

/// An observation, in types that hold those of any version.
pub(super) type Made<S> = Observation<Shown<<S as afresh_core::System>::Out>, Shown<<S as afresh_core::System>::View>>;

impl<R: BufRead> Other<R> {
    /// Reads from the beginning of a run.
    pub(super) fn new(reader: Reader<R>) -> Self {
        let name = reader.name().to_owned();
        Self { name, events: reader.raw_events(), next: None, stimuli: 0, has_views: false }
    }

    /// Returns what the other version did at the next stimulus, which is `stimulus` of event `number` in the trace.
    ///
    /// # Errors
    ///
    /// Fails if the run cannot be read, or if it is a run of another trace.
    pub(super) fn next<S: Subject>(
        &mut self,
        system: &Beside<S>,
        number: EventNumber,
        stimulus: &What<S::In, Shown<S::Out>, Shown<S::View>>,
    ) -> Result<Did<S>, Error> {
        let kind = Kind::of(stimulus);
        let other = |line, problem: String| Error::at(&*self.name, line, 0, Problem::OtherRun(problem));
        // A window may begin with views, from which both versions learn.
        let is_stimulus =
            |event: &Result<RawEvent, Error>| event.as_ref().map_or(true, |event| event.kind.is_stimulus());
        let Some(begin) = self.next.take().map(Ok).or_else(|| self.events.find(is_stimulus)).transpose()? else {
            let stimuli = self.stimuli;
            return Err(other(0, format!("ends after {stimuli} stimuli: expected event {number} of the trace next")));
        };
        if begin.kind != kind || fact_of(&begin) != fact(stimulus) {
            let (found, line) = (begin.number, begin.line);
            return Err(other(line, format!("event {found} is another one: expected event {number} of the trace")));
        }
        self.stimuli += 1;
        let mut did = Did { at_once: Vec::new(), after_learning: Vec::new() };
        for event in self.events.by_ref() {
            let event = event?;
            if event.kind.is_stimulus() {
                self.next = Some(event);
                break;
            }
            // A view without a cause is one that the version learned from.
            if event.kind == Kind::Settled || event.kind == Kind::View && event.cause.is_none() {
                continue;
            }
            self.has_views |= matches!(event.kind, Kind::View | Kind::Rejected | Kind::Quarantined);
            let read: EventOf<Beside<S>> =
                event.typed(system, "").map_err(|problem| Error::at(&*self.name, event.line, 0, problem))?;
            let What::Observation(observation) = read.what else { continue };
            // A rejection that a knob repeats has the message as its cause. A view that was learned came later.
            let is_at_once = event.cause.is_none_or(|cause| cause <= begin.number);
            if is_at_once { &mut did.at_once } else { &mut did.after_learning }.push(observation);
        }
        Ok(did)
    }

    /// Checks that the run has views, as every run that was recorded to be compared has. A version that rejects
    /// everything, or crashes on everything, has none.
    ///
    /// # Errors
    ///
    /// Fails if it has none.
    pub(super) fn must_have_views(&self) -> Result<(), Error> {
        if self.has_views {
            return Ok(());
        }
        Err(Error::file(&*self.name, Problem::OtherRun("holds no views".to_owned())))
    }
}

/// The fact that a message is a revision of, and the revision.
fn fact<I, O, V>(stimulus: &What<I, O, V>) -> Option<(FactId, u32)> {
    match stimulus {
        What::Stimulus(Stimulus::In(message)) => Some((message.fact(), message.revision)),
        What::Stimulus(Stimulus::Unreadable(unreadable)) => {
            Some((unreadable.message.fact(), unreadable.message.revision))
        }
        _ => None,
    }
}

/// The same of an event that was not read yet.
fn fact_of(event: &RawEvent) -> Option<(FactId, u32)> {
    #[derive(Deserialize)]
    struct Message<'m> {
        from: Name,
        id: Name,
        #[serde(default = "first")]
        revision: u32,
        #[serde(default, borrow, rename = "body")]
        _body: Option<&'m RawValue>,
    }
    fn first() -> u32 {
        1
    }
    if event.kind != Kind::In {
        return None;
    }
    let Message { from, id, revision, .. } = serde_json::from_str(event.content.get()).ok()?;
    Some((FactId { from, id }, revision))
}
