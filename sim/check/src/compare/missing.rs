//! The observations of the run that the record does not have.

use afresh_core::{Engine, EventNumber, Observation, Rejected, Stimulus, System, What};

use super::difference::Event;
use super::made::sent_before;
use super::{Comparer, Current, Difference, Different, Places};

/// An observation that is missing from the record: its event in the journal, and the stimulus that caused it.
#[derive(Clone, Copy)]
pub(super) struct Unrecorded {
    pub(super) journaled: EventNumber,
    pub(super) stimulus: Current,
    /// `false` if it may depend on messages and faults before the window.
    pub(super) is_derivable: bool,
}

/// The observations that are missing from the record.
pub(crate) struct Missing<S: System> {
    /// The observations that the record should have.
    pub(crate) differences: Vec<Difference<S>>,
    /// The observations of the last stimulus that caused any, if the record ends before them. They are not recorded
    /// yet, which is no difference.
    pub(crate) not_yet: Vec<Difference<S>>,
    /// The parts and places of what may depend on messages and faults before the window.
    pub(crate) not_derivable: Vec<(&'static str, (EventNumber, u64))>,
}

impl Comparer {
    /// The observations before `recorded_from`, all of which are missing from the record.
    fn unrecorded_before<'a, S: System>(&'a self, engine: &'a Engine<S>) -> impl Iterator<Item = Unrecorded> + 'a {
        let before = if self.nothing_before { None } else { self.recorded_from };
        let events = engine.journal().events().take(before.map_or(0, |taken| taken.saturating_sub(1)));
        events.filter_map(|event| {
            let What::Observation(now) = &event.what else { return None };
            let taken = event.cause.filter(|_| self.is_compared(now))?;
            let stimulus = Current { place: self.places.of(taken)?, taken };
            Some(Unrecorded { journaled: event.number, stimulus, is_derivable: self.is_derivable_if(now, false) })
        })
    }

    /// Returns the observations that are missing from the record, after all events were read.
    ///
    /// `goes_on` says that the record has more events, which were left out.
    pub(crate) fn finish<S: System>(&mut self, engine: &Engine<S>, goes_on: bool) -> Missing<S> {
        let last = self.stimulus.map(|last| last.taken);
        self.end(engine);
        let mut unrecorded: Vec<_> = self.unrecorded_before(engine).collect();
        unrecorded.append(&mut self.unrecorded);
        let mut missing = Missing { differences: Vec::new(), not_yet: Vec::new(), not_derivable: Vec::new() };
        for Unrecorded { journaled, stimulus, is_derivable } in unrecorded {
            let Current { place: (event, line), taken } = stimulus;
            let Some(What::Observation(now)) = engine.journal().get(journaled).map(|event| &event.what) else {
                continue;
            };
            let kind = match now {
                Observation::Out(_) if !self.records_outputs => continue,
                // If the user asked to skip unreadable messages, their rejection is no difference.
                Observation::Rejected(_) if is_unreadable(engine, taken) => continue,
                now => only_now(engine, &self.places, journaled, now),
            };
            let Some(kind) = kind else { continue };
            // A crash and a restart may follow the last stimulus.
            let ends = !goes_on && Some(taken) >= last && journaled.get() as usize > self.covered;
            match &kind {
                _ if ends => missing.not_yet.push(Difference { event, line, kind }),
                Different::New(new) if !is_derivable => missing.not_derivable.push((new.part(), (event, line))),
                _ => missing.differences.push(Difference { event, line, kind }),
            }
        }
        missing
    }
}

/// The difference that an observation of the engine, event `number` of its journal, is if nothing matches it. Returns
/// `None` if it is none.
pub(super) fn only_now<S: System>(
    engine: &Engine<S>,
    places: &Places,
    number: EventNumber,
    now: &Observation<S::Out, S::View>,
) -> Option<Different<S>> {
    Some(match now {
        Observation::Out(sent) => {
            let before = if sent.body.is_none() { sent_before(engine, number, sent) } else { None };
            Different::NewOutput { sent: sent.clone(), before }
        }
        Observation::Rejected(now) => {
            let why = places.why(engine, number, &now.why);
            Different::New(Event::Rejected(Rejected { why }))
        }
        Observation::Quarantined(now) => Different::New(Event::Quarantined((**now).clone())),
        Observation::Healed(now) => Different::New(Event::Healed((**now).clone())),
        Observation::Settled(_) | Observation::View(_) | Observation::Unreadable(_) => return None,
    })
}

/// Returns `true` if event `taken` of the journal is a message whose body the system cannot read.
fn is_unreadable<S: System>(engine: &Engine<S>, taken: EventNumber) -> bool {
    let taken = engine.journal().get(taken);
    taken.is_some_and(|event| matches!(event.what, What::Stimulus(Stimulus::Unreadable(_))))
}
