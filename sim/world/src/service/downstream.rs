//! The downstream node of a simulated service, with two receivers: an idempotent one and a naive one.
//!
//! The idempotent receiver keeps the highest revision of each slot. The naive receiver counts every output that it is
//! sent.

use std::collections::BTreeMap;
use std::fmt;

use afresh_check::Subject;
use afresh_core::{Engine, EventNumber, SlotId, System};

use super::{HOST, Kept, Mail, Party, Record};
use crate::world::Effects;

/// An output that arrived downstream, by its slot and revision. Its content is in the journal of the host.
#[derive(Clone)]
pub(super) struct Receipt {
    pub(super) id: SlotId,
    pub(super) revision: u32,
}

/// The node of a simulated service that receives the outputs of the host.
#[derive(Default)]
pub(super) struct Downstream {
    /// The highest revision of each slot, which the idempotent receiver keeps.
    held: BTreeMap<SlotId, u32>,
    /// The number of all outputs that arrived, which the naive receiver counts.
    received: u64,
    /// The number of outputs that told the idempotent receiver nothing new.
    stale: u64,
}

impl Downstream {
    /// Receives an output, and confirms it to the host as soon as it is durable here.
    pub(super) fn receive<S: Subject>(
        &mut self,
        event: EventNumber,
        receipt: Receipt,
        effects: &mut Effects<Party<S>>,
    ) {
        if effects.write(Record(Kept::Received(receipt.clone()))).is_ok() && effects.sync().is_ok() {
            self.hold(receipt);
            effects.send(HOST, Mail::Settle(event));
        }
    }

    /// Restarts the node from its records.
    pub(super) fn restart<'r, S: System + 'r>(&mut self, records: impl Iterator<Item = &'r Kept<S>>) {
        for record in records {
            if let Kept::Received(receipt) = record {
                self.hold(receipt.clone());
            }
        }
    }

    /// Passes an output to both receivers.
    fn hold(&mut self, Receipt { id, revision }: Receipt) {
        self.received += 1;
        let held = self.held.entry(id).or_default();
        if revision > *held {
            *held = revision;
        } else {
            self.stale += 1;
        }
    }

    /// The number of outputs that arrived, and the number of them that told the idempotent receiver nothing new.
    pub(super) fn counts(&self) -> (u64, u64) {
        (self.received, self.stale)
    }

    /// Returns the first slot of which the idempotent receiver does not hold the last revision that the engine sent.
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

impl fmt::Display for Downstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (SlotId { key, slot }, revision) in &self.held {
            writeln!(f, "holds {key}/{slot} r{revision}")?;
        }
        Ok(())
    }
}
