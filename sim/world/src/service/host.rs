//! The host node of a simulated service: an engine with a journal.
//!
//! The host acknowledges a message, and sends the outputs that the message causes, only when the journal is durable.

use std::iter;
use std::rc::Rc;

use afresh_check::Subject;
use afresh_check::guard::guard;
use afresh_core::{
    At, Engine, Event, EventNumber, Fault, Observation, Options, Policy, Sent, SlotId, Stimulus, System, What,
};
use afresh_trace::format::EventOf;

use super::{Alarm, DOWNSTREAM, Given, Mail, NODE, Party, RETRY, Record, UPSTREAM};
use crate::world::Effects;

/// The events that the host writes to storage together: a stimulus with its observations, or a settlement.
pub(super) type Journaled<S> = Vec<EventOf<S>>;

/// The node of a simulated service that runs the engine.
pub(crate) struct Host<S: System> {
    pub(super) given: Rc<Given<S>>,
    engine: Engine<S>,
    /// True while the timer is set that sends unsettled outputs again.
    resends: bool,
}

impl<S: Subject> Host<S> {
    pub(super) fn new(given: Rc<Given<S>>) -> Self {
        let engine = Engine::new(given.system.clone(), OPTIONS);
        Self { given, engine, resends: false }
    }

    /// The engine, which has the journal.
    pub(crate) fn engine(&self) -> &Engine<S> {
        &self.engine
    }

    /// Takes a message from upstream, and acknowledges it if it could be made durable.
    pub(super) fn receive(&mut self, message: u32, effects: &mut Effects<Party<S>>) {
        let stimulus = Stimulus::In(self.given.messages[message as usize].clone());
        if self.take(stimulus, effects) {
            effects.send(UPSTREAM, Mail::Acknowledge(message));
        }
    }

    /// Journals that downstream has an output.
    ///
    /// It does not sync. If a crash loses the record, the output is only sent once more.
    pub(super) fn settle(&mut self, event: EventNumber, effects: &mut Effects<Party<S>>) {
        let Some(Sent { key, slot, revision, .. }) = self.sent(event) else { return };
        let (id, revision) = (SlotId { key: key.clone(), slot: slot.clone() }, *revision);
        let before = self.engine.journal().len();
        self.engine.settle(at(effects), &id, revision);
        self.journal(before, effects);
    }

    /// Takes a stimulus, and sends the outputs that it causes as soon as it is durable.
    ///
    /// Returns false if the storage failed. In this case the host stops, and later restarts from the records that are
    /// there.
    pub(super) fn take(&mut self, stimulus: Stimulus<S::In, S::View>, effects: &mut Effects<Party<S>>) -> bool {
        let before = self.engine.journal().len();
        let at = at(effects);
        if let Some(ahead) = &self.given.ahead {
            let number = EventNumber::MIN.saturating_add(before as u32);
            ahead.tell(&EventOf::<S> { number, cause: None, at, what: What::Stimulus(stimulus.clone()) });
        }
        self.engine.take(at, stimulus);
        if !self.journal(before, effects) {
            return false;
        }
        if effects.sync().is_err() {
            effects.stop();
            return false;
        }
        self.send_outputs_since(before, effects);
        true
    }

    /// Writes all events of the journal after the first `before` to storage.
    ///
    /// Returns false if the storage is full. In this case the host stops.
    fn journal(&self, before: usize, effects: &mut Effects<Party<S>>) -> bool {
        let events = self.engine.journal().since(before).cloned().collect();
        let written = effects.write(Record::Journaled(events));
        if written.is_err() {
            effects.stop();
        }
        written.is_ok()
    }

    /// Sends the outputs among the events after the first `before`, except for those routed to other keys.
    fn send_outputs_since(&mut self, before: usize, effects: &mut Effects<Party<S>>) {
        let outputs = self.engine.journal().since(before).filter_map(|event| match &event.what {
            What::Observation(Observation::Out(sent)) if !self.engine.is_routed(&sent.key, &sent.slot) => {
                Some(event.number)
            }
            _ => None,
        });
        let outputs: Vec<_> = outputs.collect();
        self.send(outputs, effects);
    }

    /// Sends outputs downstream, and sets the timer that sends them again until they are settled.
    fn send(&mut self, outputs: Vec<EventNumber>, effects: &mut Effects<Party<S>>) {
        if !self.resends && !outputs.is_empty() {
            self.resends = true;
            effects.set_timer(RETRY, Alarm::Resend);
        }
        for event in outputs {
            let Some(Sent { key, slot, revision, .. }) = self.sent(event) else { continue };
            let id = SlotId { key: key.clone(), slot: slot.clone() };
            effects.send(DOWNSTREAM, Mail::Output { event, id, revision: *revision });
        }
    }

    /// Returns the output with this event number.
    fn sent(&self, output: EventNumber) -> Option<&Sent<S::Out>> {
        match &self.engine.journal().get(output)?.what {
            What::Observation(Observation::Out(sent)) => Some(sent),
            _ => None,
        }
    }

    /// Sends all outputs again that are not settled.
    pub(super) fn resend(&mut self, effects: &mut Effects<Party<S>>) {
        self.resends = false;
        let unsettled = self.engine.unsettled_events().collect();
        self.send(unsettled, effects);
    }

    /// Restarts the host from its journal, and journals the restart.
    pub(super) fn restart(&mut self, records: &[Record<S>], effects: &mut Effects<Party<S>>) {
        let journaled = records.iter().filter_map(|record| match record {
            Record::Journaled(events) => Some(events),
            _ => None,
        });
        let journaled: Vec<_> = journaled.flatten().cloned().collect();
        let before = journaled.len();
        let number = EventNumber::MIN.saturating_add(before as u32);
        let restart = Stimulus::Fault(Box::new(Fault::Restart { node: NODE.into() }));
        let restart = Event { number, cause: None, at: at(effects), what: What::Stimulus(restart) };
        if let Some(ahead) = &self.given.ahead {
            ahead.begin();
            journaled
                .iter()
                .filter(|event| matches!(event.what, What::Stimulus(_)))
                .for_each(|event| ahead.tell(event));
            ahead.tell(&restart);
        }
        let system = deployed(&self.given.system, &journaled);
        // This cannot fail: a crash only removes whole records from the end, so the event numbers have no gaps.
        if let Ok(engine) = Engine::restart(system, OPTIONS, journaled.into_iter().chain(iter::once(restart))) {
            self.engine = engine;
        }
        if !self.journal(before, effects) {
            return;
        }
        if effects.sync().is_err() {
            return effects.stop();
        }
        self.resend(effects);
    }
}

/// The options of the engine, which are those that a production system would use.
const OPTIONS: Options = Options { policy: Policy::Incremental, complete: true, views: false, rounds_max: 1000, guard };

/// Returns the version of `system` that was deployed last, according to the journal.
fn deployed<S: Subject>(system: &S, journaled: &[EventOf<S>]) -> S {
    let deploys = journaled.iter().filter_map(|event| match &event.what {
        What::Stimulus(Stimulus::Fault(fault)) => match &**fault {
            Fault::Deploy { system, .. } => Some(system),
            _ => None,
        },
        _ => None,
    });
    deploys.fold(system.clone(), |system, name| system.variant(name).unwrap_or(system))
}

/// Returns the time on the clock of the host, in the form that the journal uses.
fn at<S: Subject>(effects: &Effects<Party<S>>) -> Option<At> {
    Some(At::Offset(effects.now()))
}
