//! The outbox: the last output that was sent in each slot, and whether its receiver has it.

use alloc::vec::Vec;

use crate::index::{Index, hash};
use crate::journal::Journal;
use crate::name::{Key, Slot};
use crate::system::System;
use crate::trace::EventNumber;

/// The last output of every slot in which one was ever sent. Names, bodies and revisions are in the journal only.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outbox {
    sendings: Vec<Sending>,
    by_slot: Index,
}

/// The last output that was sent in a slot.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sending {
    /// The event that sent the output.
    pub(crate) event: EventNumber,
    /// `true` once the receiver has the output.
    pub(crate) settled: bool,
    /// `true` if the receivers are keys of the same system. They have the output, and its withdrawal, at once.
    pub(crate) routed: bool,
}

impl Sending {
    /// Builds a new sending. It is not settled, unless it is routed: then its receivers have it at once.
    pub(crate) fn new(event: EventNumber, routed: bool) -> Self {
        Self { event, settled: routed, routed }
    }
}

/// The index of a slot in an outbox: cheaper to store and compare than key and slot name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SlotNumber(u32);

impl Outbox {
    /// The number of a slot, or `None` if nothing was ever sent in it.
    pub(crate) fn find<S: System>(&self, journal: &Journal<S>, key: &Key, slot: &Slot) -> Option<SlotNumber> {
        let found = self.by_slot.find(hash([key, slot]), |number| {
            let sent = journal.sent(self.sendings[number as usize].event);
            sent.slot == *slot && sent.key == *key
        });
        found.map(SlotNumber)
    }

    /// Prefetches the index entry where a search for a slot begins.
    pub(crate) fn touch(&self, key: &Key, slot: &Slot) {
        self.by_slot.touch(hash([key, slot]));
    }

    /// The last output that was sent in a slot, or `None` if there was none.
    pub(crate) fn get<S: System>(&self, journal: &Journal<S>, key: &Key, slot: &Slot) -> Option<Sending> {
        self.find(journal, key, slot).map(|number| self.sending(number))
    }

    pub(crate) fn sending(&self, number: SlotNumber) -> Sending {
        self.sendings[number.0 as usize]
    }

    /// Replaces the last output of a slot.
    pub(crate) fn set(&mut self, number: SlotNumber, sending: Sending) {
        self.sendings[number.0 as usize] = sending;
    }

    /// Adds a slot with its first output, and returns the number of the slot.
    pub(crate) fn add(&mut self, key: &Key, slot: &Slot, sending: Sending) -> SlotNumber {
        let number = u32::try_from(self.sendings.len()).expect("fewer than 2^32 slots");
        if self.sendings.is_empty() {
            self.sendings.reserve(16);
        }
        self.sendings.push(sending);
        self.by_slot.insert(hash([key, slot]), number);
        SlotNumber(number)
    }

    /// The last outputs of all slots, in the order in which the slots were first used.
    pub(crate) fn sendings(&self) -> impl Iterator<Item = Sending> {
        self.sendings.iter().copied()
    }
}
