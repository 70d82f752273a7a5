//! The outbox: what of each slot was sent last, and whether its receiver has it.

use alloc::vec::Vec;

use crate::index::{Index, hash};
use crate::journal::Journal;
use crate::name::{Key, Slot};
use crate::system::System;
use crate::trace::EventNumber;

/// The last output of every slot that anything was ever sent in. The journal has the names, bodies and revisions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outbox {
    sendings: Vec<Sending>,
    by_slot: Index,
}

/// The last output of a slot.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sending {
    /// The event of the output.
    pub(crate) event: EventNumber,
    /// Whether the receiver has it.
    pub(crate) settled: bool,
    /// Whether the receivers are keys of the same system. They have it at once, and so they have what withdraws it.
    pub(crate) routed: bool,
}

impl Sending {
    /// An output that is on its way, unless its receivers have it at once.
    pub(crate) fn new(event: EventNumber, routed: bool) -> Self {
        Self { event, settled: routed, routed }
    }
}

/// Names a slot of an outbox, fast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SlotNumber(u32);

impl Outbox {
    /// The number of a slot that something was sent in.
    pub(crate) fn find<S: System>(&self, journal: &Journal<S>, key: &Key, slot: &Slot) -> Option<SlotNumber> {
        let found = self.by_slot.find(hash([key, slot]), |number| {
            let sent = journal.sent(self.sendings[number as usize].event);
            sent.slot == *slot && sent.key == *key
        });
        found.map(SlotNumber)
    }

    /// Reads where a search for a slot begins, so that it is near.
    pub(crate) fn touch(&self, key: &Key, slot: &Slot) {
        self.by_slot.touch(hash([key, slot]));
    }

    /// The last output of a slot.
    pub(crate) fn get<S: System>(&self, journal: &Journal<S>, key: &Key, slot: &Slot) -> Option<Sending> {
        self.find(journal, key, slot).map(|number| self.sending(number))
    }

    pub(crate) fn sending(&self, number: SlotNumber) -> Sending {
        self.sendings[number.0 as usize]
    }

    /// Notes the output that was sent last in a slot.
    pub(crate) fn set(&mut self, number: SlotNumber, sending: Sending) {
        self.sendings[number.0 as usize] = sending;
    }

    /// Notes the first output that was sent in a slot, which has no number yet.
    pub(crate) fn add(&mut self, key: &Key, slot: &Slot, sending: Sending) -> SlotNumber {
        let number = u32::try_from(self.sendings.len()).expect("fewer than 2^32 slots");
        if self.sendings.is_empty() {
            self.sendings.reserve(16);
        }
        self.sendings.push(sending);
        self.by_slot.insert(hash([key, slot]), number);
        SlotNumber(number)
    }

    /// All of them, in the order in which their slots were first used.
    pub(crate) fn sendings(&self) -> impl Iterator<Item = Sending> {
        self.sendings.iter().copied()
    }
}
