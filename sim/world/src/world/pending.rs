//! Pending things of a world: the messages in flight, and the timers that are set.

use super::node::{Node, NodeId};

/// The id of a message in flight, or of a timer that is set.
///
/// Ids are ordered by the time at which the message was sent or the timer was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PendingId {
    /// The number of messages and timers before this one in the run. It orders the ids, and no two ids share it.
    pub(crate) sequence: u32,
    /// The index of the slot that holds the message or the timer. Slots are reused.
    pub(crate) slot: u32,
}

/// A message in flight, or a timer that is set: its content, its nodes, and the event that sent or set it.
pub struct Pending<'a, N: Node> {
    /// The id of the message or the timer.
    pub id: PendingId,
    /// The node that sent the message or set the timer.
    pub from: NodeId,
    /// The node that will receive the message, or that set the timer.
    pub to: NodeId,
    /// The number of the event that sent the message or set the timer; 0 if a node did so when the world began.
    pub cause: u32,
    /// The index of the message among those sent by the same event, or of the timer among those set by it.
    pub ordinal: u32,
    /// The content of the message, or the purpose and the time of the timer.
    pub what: &'a UnderWay<N>,
}

impl<N: Node> Pending<'_, N> {
    /// Returns true for a message in flight, and false for a timer.
    #[inline]
    pub fn is_message(&self) -> bool {
        matches!(self.what, UnderWay::Message(_))
    }
}

/// The content of a message in flight, or the purpose and the time of a timer that is set.
pub enum UnderWay<N: Node> {
    /// A message that is in flight.
    Message(N::Message),
    /// A timer that is set.
    Timer {
        /// The purpose of the timer, as the node gave it.
        timer: N::Timer,
        /// The earliest time at which the timer may go off, in nanoseconds.
        due: i64,
    },
}

/// The storage for all messages in flight and all timers that are set.
///
/// Each has a slot of its own. A slot that becomes free is reused, so memory grows only with the number of them that
/// are pending at the same time.
pub(super) struct Slab<N: Node> {
    slots: Vec<Slot<N>>,
    /// The indexes of the free slots.
    free: Vec<u32>,
    /// The number of messages and timers added so far, which is the sequence number of the next one.
    begun: u32,
}

/// A place in the slab for one message in flight or one timer; free if `what` is `None`.
pub(super) struct Slot<N: Node> {
    sequence: u32,
    pub(super) from: NodeId,
    pub(super) to: NodeId,
    pub(super) cause: u32,
    pub(super) ordinal: u32,
    what: Option<UnderWay<N>>,
}

impl<N: Node> Slot<N> {
    pub(super) fn new(from: NodeId, to: NodeId, cause: u32, ordinal: u32, what: UnderWay<N>) -> Self {
        Self { sequence: 0, from, to, cause, ordinal, what: Some(what) }
    }
}

impl<N: Node> Slab<N> {
    pub(super) fn new() -> Self {
        Self { slots: Vec::new(), free: Vec::new(), begun: 0 }
    }

    #[inline]
    pub(super) fn put(&mut self, mut slot: Slot<N>) -> PendingId {
        let sequence = self.begun;
        self.begun += 1;
        slot.sequence = sequence;
        if let Some(free) = self.free.pop() {
            self.slots[free as usize] = slot;
            return PendingId { sequence, slot: free };
        }
        self.slots.push(slot);
        PendingId { sequence, slot: (self.slots.len() - 1) as u32 }
    }

    /// Returns the slot of a message or a timer, if it is still pending.
    #[inline]
    pub(super) fn get(&self, id: PendingId) -> Option<&Slot<N>> {
        self.slots.get(id.slot as usize).filter(|slot| slot.sequence == id.sequence && slot.what.is_some())
    }

    /// Removes a message or a timer from its slot, and returns it if it was still pending.
    #[inline]
    pub(super) fn take(&mut self, id: PendingId) -> Option<UnderWay<N>> {
        let slot = self.slots.get_mut(id.slot as usize).filter(|slot| slot.sequence == id.sequence)?;
        let what = slot.what.take()?;
        self.free.push(id.slot);
        Some(what)
    }

    pub(super) fn pending(&self, id: PendingId) -> Option<Pending<'_, N>> {
        self.get(id).and_then(|slot| slot.pending(id.slot))
    }

    /// Returns all messages in flight and all timers that are set, in the arbitrary order of their slots.
    pub(super) fn iter(&self) -> impl Iterator<Item = Pending<'_, N>> {
        (0..).zip(&self.slots).filter_map(|(place, slot)| slot.pending(place))
    }

    /// Removes all timers of a node.
    pub(super) fn forget_timers(&mut self, node: NodeId) {
        for (place, slot) in (0..).zip(&mut self.slots) {
            if slot.to == node && matches!(slot.what, Some(UnderWay::Timer { .. })) {
                slot.what = None;
                self.free.push(place);
            }
        }
    }
}

impl<N: Node> Slot<N> {
    #[inline]
    pub(super) fn is_message(&self) -> bool {
        matches!(self.what, Some(UnderWay::Message(_)))
    }

    pub(super) fn what(&self) -> Option<&UnderWay<N>> {
        self.what.as_ref()
    }

    fn pending(&self, slot: u32) -> Option<Pending<'_, N>> {
        let Self { sequence, from, to, cause, ordinal, ref what } = *self;
        Some(Pending { id: PendingId { sequence, slot }, from, to, cause, ordinal, what: what.as_ref()? })
    }
}
