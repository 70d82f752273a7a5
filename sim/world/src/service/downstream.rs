//! Downstream: a receiver that keeps the highest revision of each slot, and one that believes whatever it is sent.

use std::collections::BTreeMap;

use afresh_core::{Engine, EventNumber, SlotId, System};

use super::{HOST, Mail, Party, Record};
use crate::world::Effects;
use afresh_check::Subject;

/// An output that arrived. What it says is in the journal of the host.
#[derive(Clone)]
pub(super) struct Receipt {
    pub(super) id: SlotId,
    pub(super) revision: u32,
}

#[derive(Default)]
pub(super) struct Downstream {
    /// The idempotent receiver: the highest revision of each slot.
    held: BTreeMap<SlotId, u32>,
    /// What the naive receiver counts: all that it was sent.
    received: u64,
    /// Of these, how many told the idempotent one nothing new.
    stale: u64,
}

impl Downstream {
    /// The output of this event arrives. The host learns of it once it is durable here.
    pub(super) fn receive<S: Subject>(
        &mut self,
        event: EventNumber,
        receipt: Receipt,
        effects: &mut Effects<Party<S>>,
    ) {
        if effects.write(Record::Received(receipt.clone())).is_ok() && effects.sync().is_ok() {
            self.hold(receipt);
            effects.send(HOST, Mail::Settle(event));
        }
    }

    pub(super) fn restart<S: System>(&mut self, records: &[Record<S>]) {
        for record in records {
            if let Record::Received(receipt) = record {
                self.hold(receipt.clone());
            }
        }
    }

    fn hold(&mut self, Receipt { id, revision }: Receipt) {
        self.received += 1;
        let held = self.held.entry(id).or_default();
        if revision > *held {
            *held = revision;
        } else {
            self.stale += 1;
        }
    }

    /// How many outputs arrived, and how many of them told nothing new.
    pub(super) fn counts(&self) -> (u64, u64) {
        (self.received, self.stale)
    }

    /// The first slot of which the idempotent receiver does not hold what was sent last.
    pub(super) fn behind<S: System>(&self, engine: &Engine<S>) -> Option<SlotId> {
        let sent =
            engine.keys().into_iter().flat_map(|key| engine.slots(key).map(move |(slot, sent)| (key, slot, sent)));
        let mut sent = sent.filter(|(key, slot, _)| !engine.is_routed(key, slot));
        sent.find_map(|(key, slot, sent)| {
            let id = SlotId { key: key.clone(), slot: slot.clone() };
            (self.held.get(&id) != Some(&sent.revision)).then_some(id)
        })
    }
}
