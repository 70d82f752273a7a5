//! The receivers of outputs: one that keeps the highest revision of each slot, and one that believes whatever it is sent.

use std::collections::BTreeMap;

use afresh_core::{Engine, EventNumber, Key, Slot, System};

/// What the receivers have. The journal has what was sent, so all that is kept of it here is the number of the event.
#[derive(Debug, Default)]
pub(super) struct Downstream {
    /// The idempotent receiver: the highest revision of each slot, and the event that it was sent in.
    held: BTreeMap<(Key, Slot), (u32, EventNumber)>,
    /// What the naive receiver counts: all that it was sent.
    received: u64,
    /// Of these, how many told the idempotent one nothing new.
    stale: u64,
}

impl Downstream {
    /// An output arrives.
    pub(super) fn receive(&mut self, key: &Key, slot: &Slot, revision: u32, event: EventNumber) {
        self.received += 1;
        let held = self.held.entry((key.clone(), slot.clone())).or_insert((0, event));
        if revision > held.0 {
            *held = (revision, event);
        } else {
            self.stale += 1;
        }
    }

    /// How many outputs arrived, and how many of them told nothing new.
    pub(super) fn counts(&self) -> (u64, u64) {
        (self.received, self.stale)
    }

    /// The first slot of which the idempotent receiver does not hold what was sent last, in words.
    pub(super) fn behind<S: System>(&self, engine: &Engine<S>) -> Option<(Key, Slot)> {
        for key in engine.keys() {
            for (slot, sent) in engine.slots(key).filter(|(slot, _)| !engine.is_routed(key, slot)) {
                let held = self.held.get(&(key.clone(), slot.clone()));
                if held.is_none_or(|(revision, _)| *revision != sent.revision) {
                    return Some((key.clone(), slot.clone()));
                }
            }
        }
        None
    }
}
