//! What is under way, by the time at which it is due.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::world::PendingId;

/// Messages and timers, the one that is due first at the front; of those that are due together, the one that was there first.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    /// Time, sequence and slot as one number, so that they compare in one step.
    heap: BinaryHeap<Reverse<u128>>,
}

impl Queue {
    #[inline]
    pub(super) fn push(&mut self, due: i64, PendingId { sequence, slot }: PendingId) {
        // Times are not negative.
        let due = due.max(0) as u64;
        self.heap.push(Reverse(u128::from(due) << 64 | u128::from(sequence) << 32 | u128::from(slot)));
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<(i64, PendingId)> {
        self.heap.pop().map(|Reverse(entry)| split(entry))
    }

    /// When the first is due; later than ever where there is none.
    #[inline]
    pub(super) fn due(&self) -> i64 {
        self.heap.peek().map_or(i64::MAX, |Reverse(entry)| split(*entry).0)
    }
}

#[inline]
fn split(entry: u128) -> (i64, PendingId) {
    ((entry >> 64) as i64, PendingId { sequence: (entry >> 32) as u32, slot: entry as u32 })
}
