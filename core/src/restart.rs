//! Restarts: continue from the events of a journal. Outputs, settlements, rejections and quarantines are restored, and
//! every state is folded from its first message.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::engine::{Engine, Options};
use crate::history::{Source, try_place};
use crate::journal::{EventOf, FactNumber};
use crate::knob::Knob;
use crate::name::Key;
use crate::outbox::Sending;
use crate::system::System;
use crate::trace::{EventNumber, Observation, Quarantined, Stimulus, What};

/// The error for a journal whose events are not numbered 1, 2, 3 and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfSequence {
    /// The number of the first event that has a wrong number.
    pub found: EventNumber,
    /// The number that this event should have.
    pub expected: EventNumber,
}

impl fmt::Display for OutOfSequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "event {} of a journal is numbered {}", self.expected, self.found)
    }
}

impl core::error::Error for OutOfSequence {}

impl<S: System> Engine<S> {
    /// Builds an engine that continues from the events of a journal.
    ///
    /// A restart sends nothing. Send the [`unsettled`](Self::unsettled) outputs again, because their receivers may not
    /// have them. If the code has changed, turn [`Knob::Trigger`] to send the outputs that the new code calls for.
    ///
    /// # Errors
    ///
    /// Returns [`OutOfSequence`] if the events are not numbered 1, 2, 3 and so on.
    pub fn restart(
        system: S,
        options: Options,
        events: impl IntoIterator<Item = EventOf<S>>,
    ) -> Result<Self, OutOfSequence> {
        let mut engine = Self::new(system, options);
        let mut apart = BTreeMap::new();
        for event in events {
            let expected = engine.journal.next();
            if event.number != expected {
                return Err(OutOfSequence { found: event.number, expected });
            }
            engine.reload(event, &mut apart);
        }
        engine.fold_all(&apart);
        Ok(engine)
    }

    /// Drops everything but the journal, and continues from the journal with `system`.
    pub(crate) fn start_again(&mut self, system: S) {
        let journal = core::mem::take(&mut self.journal);
        *self = Self { updates: self.updates, ..Self::new(system, self.options) };
        let mut apart = BTreeMap::new();
        for event in journal.into_events() {
            self.reload(event, &mut apart);
        }
        self.fold_all(&apart);
    }

    /// Appends an event to the new journal, and restores its consequences.
    fn reload(&mut self, event: EventOf<S>, apart: &mut BTreeMap<Key, String>) {
        let number = self.journal.push(event.at, event.cause, event.what);
        self.load(number, apart);
    }

    /// Restores the consequences of an event, except for the states.
    ///
    /// Collects in `apart` the quarantined keys, with the reasons.
    fn load(&mut self, number: EventNumber, apart: &mut BTreeMap<Key, String>) {
        let Some(event) = self.journal.get(number) else { return };
        let cause = event.cause;
        match &event.what {
            What::Stimulus(Stimulus::In(_)) => {
                self.journal.file(number);
            }
            What::Stimulus(Stimulus::Opening(opening)) => {
                let key = opening.key.clone();
                let cell = self.cell(&key);
                if self.cells[cell].opening.is_none() {
                    self.cells[cell].opening = Some(number);
                    apart.remove(&key);
                }
            }
            What::Stimulus(Stimulus::Knob(knob)) => {
                let knob = knob.clone();
                self.load_knob(&knob, apart);
            }
            What::Observation(Observation::Rejected(_)) => {
                // A message that conflicts with another is not stored, so it cannot be admitted later.
                if let Some(message) = cause.filter(|message| self.journal.stores(*message)) {
                    self.journal.reject(message);
                }
            }
            What::Observation(Observation::Quarantined(quarantined)) => {
                apart.insert(quarantined.key.clone(), quarantined.why.clone());
            }
            What::Observation(Observation::Out(sent)) => {
                let sent = sent.clone();
                let mut message = None;
                // If the current code panics on the routed message, its receivers lack the message until a trigger.
                let _ = (self.options.guard)(&mut || {
                    let routed = sent.body.as_ref().and_then(|body| self.system.route(&sent.key, &sent.slot, body));
                    if let Some(body) = &routed {
                        self.system.keys(body).into_iter().for_each(drop);
                        try_place(&self.system, body);
                    }
                    message = routed;
                });
                let place = self.outbox.find(&self.journal, &sent.key, &sent.slot);
                let was_routed = place.is_some_and(|place| self.outbox.sending(place).routed);
                let routed = if sent.body.is_some() { message.is_some() } else { was_routed };
                let arrival = i64::from(cause.unwrap_or(number).get());
                self.routed.set(&sent.key, &sent.slot, arrival, message);
                let cell = self.cell(&sent.key);
                self.cells[cell].routes |= routed;
                let sending = Sending::new(number, routed);
                match place {
                    Some(place) => self.outbox.set(place, sending),
                    None => {
                        let place = self.outbox.add(&sent.key, &sent.slot, sending);
                        self.cells[cell].slots.push(place);
                    }
                }
            }
            What::Observation(Observation::Settled(settled)) => {
                let place = self.outbox.find(&self.journal, &settled.output.key, &settled.output.slot);
                let Some(place) = place else { return };
                let sending = self.outbox.sending(place);
                if self.journal.sent(sending.event).revision == settled.revision {
                    self.outbox.set(place, Sending { settled: true, ..sending });
                }
            }
            What::Stimulus(_)
            | What::Observation(Observation::Healed(_) | Observation::View(_) | Observation::Unreadable(_)) => {}
        }
    }

    /// Restores the flows that a knob set, and removes from `apart` the keys that it brought back.
    ///
    /// Keys that it did not bring back have a new quarantine event after the knob, which adds them again.
    fn load_knob(&mut self, knob: &Knob, apart: &mut BTreeMap<Key, String>) {
        match knob {
            Knob::ReflowIn { messages, .. } => {
                for message in messages {
                    let Some(fact) = self.journal.find(&message.from, &message.id) else { continue };
                    for number in self.journal.revisions_of(fact) {
                        self.admit(number).iter().flat_map(|keys| &**keys).for_each(|key| drop(apart.remove(key)));
                    }
                    self.journal.readmit(fact);
                }
            }
            Knob::Migrate { flow, keys, on, .. } => match keys {
                None => {
                    self.flows.set_every(flow, *on);
                    apart.clear();
                }
                Some(keys) => {
                    for key in keys {
                        self.flows.set(key, flow, *on);
                        apart.remove(key);
                    }
                }
            },
            Knob::Trigger { keys, .. } | Knob::Scrub { keys, .. } => match keys {
                None => apart.clear(),
                Some(keys) => keys.iter().for_each(|key| drop(apart.remove(key))),
            },
            Knob::ReflowOut { .. } => {}
        }
    }

    /// Builds every history and every state from the facts of the journal.
    fn fold_all(&mut self, apart: &BTreeMap<Key, String>) {
        let mut entries = Vec::new();
        for fact in self.journal.fact_numbers() {
            let Some(number) = self.highest_taken(fact) else { continue };
            self.journal.count(fact, Some(number));
            if self.journal.message(number).body.is_some() {
                let arrival = i64::from(self.journal.first(fact).get());
                entries.push(self.sources().entry(&self.system, Source::event(number), arrival));
            }
        }
        let routed: Vec<_> = self.routed.counting().collect();
        entries.extend(routed.into_iter().map(|source| self.sources().routed_entry(&self.system, source)));
        for entry in entries {
            let keys = self.system.keys(self.sources().input(entry.source).body);
            let mut keys: Vec<_> = keys.into_iter().collect();
            keys.sort_unstable();
            keys.dedup();
            for key in keys {
                let number = self.cell(&key);
                let mut history = core::mem::take(&mut self.cells[number].history);
                history.add(&self.sources(), entry);
                self.cells[number].history = history;
            }
        }
        for key in apart.keys() {
            self.cell(key);
        }
        for number in 0..self.cells.len() {
            self.start(number, apart);
        }
    }

    /// The highest revision of a fact that was admitted and that the current code admits too. Rejects the higher ones.
    fn highest_taken(&mut self, fact: FactNumber) -> Option<EventNumber> {
        loop {
            let number = self.journal.highest(fact)?;
            let Err(why) = self.admit(number) else { return Some(number) };
            self.journal.reject(number);
            self.reject(number, why);
        }
    }

    /// Folds the state of a cell, or quarantines it if it was quarantined before or panics now.
    fn start(&mut self, number: usize, apart: &BTreeMap<Key, String>) {
        let mut cell = self.cells[number].clone();
        let done = match apart.get(&cell.key) {
            Some(why) => Err(why.clone()),
            None => (self.options.guard)(&mut || cell.refold(&self.context(&cell.key))),
        };
        if let Err(why) = done {
            cell.quarantine(why.clone());
            if !apart.contains_key(&cell.key) {
                let quarantined = Quarantined { key: cell.key.clone(), why };
                let at = self.journal.events().last().and_then(|event| event.at);
                self.journal.push(at, None, What::Observation(Observation::Quarantined(Box::new(quarantined))));
            }
        }
        self.cells[number] = cell;
    }
}
