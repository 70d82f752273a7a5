//! A queue of messages in flight and timers, sorted by the time at which they are due.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::world::PendingId;

/// A queue of messages in flight and timers, with the one that is due first at the front.
///
/// If several are due at the same time, the one that was sent or set first comes first.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    /// The entries, each with its time, sequence number and slot in one integer, so that a comparison takes one step.
    heap: BinaryHeap<Reverse<u128>>,
}

impl Queue {
    #[inline]
    pub(super) fn push(&mut self, due: i64, PendingId { sequence, slot }: PendingId) {
        // A negative time would sort behind all others as an unsigned number.
        let due = due.max(0) as u64;
        self.heap.push(Reverse(u128::from(due) << 64 | u128::from(sequence) << 32 | u128::from(slot)));
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<(i64, PendingId)> {
        self.heap.pop().map(|Reverse(entry)| split(entry))
    }

    /// The time at which the first entry is due, in nanoseconds; `i64::MAX` if the queue is empty.
    #[inline]
    pub(super) fn due(&self) -> i64 {
        self.heap.peek().map_or(i64::MAX, |Reverse(entry)| split(*entry).0)
    }
}

#[inline]
fn split(entry: u128) -> (i64, PendingId) {
    ((entry >> 64) as i64, PendingId { sequence: (entry >> 32) as u32, slot: entry as u32 })
}
