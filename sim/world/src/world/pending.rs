//! What is under way in a world: messages in flight, and timers that are set.

use super::node::{Node, NodeId};

/// A message in flight, or a timer that is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PendingId {
    /// How many were under way before it in the run: what tells it from another in the same place, and orders them.
    pub(crate) sequence: u32,
    pub(crate) slot: u32,
}

/// What is known of something that is under way.
pub struct Pending<'a, N: Node> {
    /// Which it is.
    pub id: PendingId,
    /// The node that sent the message, or set the timer.
    pub from: NodeId,
    /// The node that the message is for, or that set the timer.
    pub to: NodeId,
    /// The number of the event in whose handling it was sent; 0 where a node sent it when the world began.
    pub cause: u32,
    /// Which of the messages that this event sent, or of the timers that it set, from 0.
    pub ordinal: u32,
    /// What it is.
    pub what: &'a UnderWay<N>,
}

impl<N: Node> Pending<'_, N> {
    /// Whether it is a message; else a timer.
    #[inline]
    pub fn is_message(&self) -> bool {
        matches!(self.what, UnderWay::Message(_))
    }
}

/// What is under way.
pub enum UnderWay<N: Node> {
    /// A message.
    Message(N::Message),
    /// A timer.
    Timer {
        /// What the node set it for.
        timer: N::Timer,
        /// When it may go off, in nanoseconds.
        due: i64,
    },
}

/// All that is under way, each in a slot of its own, which is used again.
pub(super) struct Slab<N: Node> {
    slots: Vec<Slot<N>>,
    free: Vec<u32>,
    begun: u32,
}

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

    /// The slot of what is still under way.
    #[inline]
    pub(super) fn get(&self, id: PendingId) -> Option<&Slot<N>> {
        self.slots.get(id.slot as usize).filter(|slot| slot.sequence == id.sequence && slot.what.is_some())
    }

    /// Takes it out.
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

    /// All that is under way, in no order that means anything.
    pub(super) fn iter(&self) -> impl Iterator<Item = Pending<'_, N>> {
        (0..).zip(&self.slots).filter_map(|(place, slot)| slot.pending(place))
    }

    /// Takes out every timer of `node`.
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
