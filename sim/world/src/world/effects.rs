//! Effects: the messages, timers and writes that a node asks for while it handles an event.

use afresh_trace::digest::mix;

use super::node::{Node, NodeId};

/// The list of effects that a node asks for while it handles an event: messages, timers, writes and syncs.
///
/// The world carries out the effects in their order, after the node has returned. Effects after a [`sync`](Self::sync)
/// are carried out only when the sync is done. On slow storage that is later; if the node crashes first, it is never.
pub struct Effects<N: Node> {
    pub(super) list: Vec<Effect<N>>,
    pub(super) me: NodeId,
    pub(super) now: i64,
    pub(super) disk: DiskCondition,
    /// The number of the current event, from which [`entropy`](Self::entropy) is derived.
    pub(super) event: u32,
    /// The true time of the current event, from which [`entropy`](Self::entropy) is derived.
    pub(super) at: i64,
    /// The number of calls of [`entropy`](Self::entropy) during the current event.
    pub(super) drawn: u32,
}

/// One effect that a node asks for.
pub(super) enum Effect<N: Node> {
    Send { to: NodeId, message: N::Message },
    Timer { after: i64, timer: N::Timer },
    Write(N::Record),
    Sync,
    Stop,
}

/// The condition of a node's storage, as far as the node can notice it by an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum DiskCondition {
    #[default]
    Fine,
    Failing,
    Full,
}

/// The reason why an operation on the storage of a node failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StorageError {
    /// A sync failed: the records that were not synced are not durable, and may be lost in a crash.
    #[error("the storage fails")]
    Fails,
    /// A write failed, and the record was not written, because the storage is full.
    #[error("the storage is full")]
    Full,
}

impl<N: Node> Effects<N> {
    pub(super) fn new() -> Self {
        Self { list: Vec::new(), me: NodeId(0), now: 0, disk: DiskCondition::Fine, event: 0, at: 0, drawn: 0 }
    }

    /// Sends a message, which may be lost, late, duplicated or reordered.
    #[inline]
    pub fn send(&mut self, to: NodeId, message: N::Message) {
        self.list.push(Effect::Send { to, message });
    }

    /// Sets a timer, which goes off once, after this many nanoseconds or somewhat later.
    ///
    /// If the node crashes first, the timer never goes off. A timer does not replace an earlier one, and cannot be
    /// cancelled: the node has to ignore a timer that it no longer waits for.
    #[inline]
    pub fn set_timer(&mut self, nanoseconds: i64, timer: N::Timer) {
        self.list.push(Effect::Timer { after: nanoseconds, timer });
    }

    /// Appends a record to the storage of the node. It is durable only after a [`sync`](Self::sync).
    ///
    /// # Errors
    ///
    /// Fails if the storage is full. The record is not written in this case.
    #[inline]
    pub fn write(&mut self, record: N::Record) -> Result<(), StorageError> {
        if self.disk == DiskCondition::Full {
            return Err(StorageError::Full);
        }
        self.list.push(Effect::Write(record));
        Ok(())
    }

    /// Makes all records so far durable. Effects that follow wait until this is done.
    ///
    /// # Errors
    ///
    /// Fails while the storage has a fault. Records that are not synced may then be lost in a crash.
    #[inline]
    pub fn sync(&mut self) -> Result<(), StorageError> {
        if self.disk == DiskCondition::Failing {
            return Err(StorageError::Fails);
        }
        self.list.push(Effect::Sync);
        Ok(())
    }

    /// Stops the node, which later restarts as after a crash. It is for a node that cannot continue.
    ///
    /// The node loses its memory and the records that it has not synced. Effects after this one are not carried out.
    pub fn stop(&mut self) {
        self.list.push(Effect::Stop);
    }

    /// The id of the node that these effects belong to.
    #[inline]
    pub fn me(&self) -> NodeId {
        self.me
    }

    /// The time on the clock of the node, in nanoseconds since the world began. The clock may be wrong.
    #[inline]
    pub fn now(&self) -> i64 {
        self.now
    }

    /// Returns a number that looks random, and a different one at each call.
    ///
    /// The number is computed from the current event, its time, and the node. So a replay of the trace gets the same
    /// numbers, although they are not recorded and no generator is needed. Other runs get other numbers.
    pub fn entropy(&mut self) -> u64 {
        self.drawn += 1;
        let place = u64::from(self.event) << 32 | u64::from(self.me.0);
        mix(mix(self.at as u64, place), u64::from(self.drawn))
    }
}
