//! The outbox: what of each slot was sent last, and whether its receiver has it.

use alloc::collections::BTreeMap;

use crate::name::Slot;
use crate::trace::EventNumber;

/// The outputs of one key that were ever sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outbox {
    slots: BTreeMap<Slot, Sending>,
}

/// The last output of a slot.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sending {
    /// The event of the output; the journal has its body and revision.
    pub(crate) event: EventNumber,
    /// Whether the receiver has it.
    pub(crate) settled: bool,
}

impl Outbox {
    pub(crate) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn get_mut(&mut self, slot: &Slot) -> Option<&mut Sending> {
        self.slots.get_mut(slot)
    }

    pub(crate) fn get(&self, slot: &Slot) -> Option<Sending> {
        self.slots.get(slot).copied()
    }

    /// Notes that `event` is the last output of `slot`.
    pub(crate) fn sent(&mut self, slot: Slot, event: EventNumber, settled: bool) {
        self.slots.insert(slot, Sending { event, settled });
    }

    /// Notes that the receiver has the last output of `slot`.
    pub(crate) fn settle(&mut self, slot: &Slot) {
        if let Some(sending) = self.slots.get_mut(slot) {
            sending.settled = true;
        }
    }

    pub(crate) fn slots(&self) -> impl Iterator<Item = (&Slot, Sending)> {
        self.slots.iter().map(|(slot, sending)| (slot, *sending))
    }
}
