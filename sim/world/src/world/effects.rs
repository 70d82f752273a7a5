//! What a node does because of something that happened to it.

use super::node::{Node, NodeId};
use afresh_trace::digest::mix;

/// What a node wants done, in the order in which it says it.
///
/// The world does it after the node has returned: one change, then all of its effects. What is said after a
/// [`sync`](Self::sync) is done once that is: where the storage is slow, it is later, and where the node crashes before
/// that, never.
pub struct Effects<N: Node> {
    pub(super) list: Vec<Effect<N>>,
    pub(super) me: NodeId,
    pub(super) now: i64,
    pub(super) disk: DiskCondition,
    /// What [`entropy`](Self::entropy) is made of: the event, and its time.
    pub(super) event: u32,
    pub(super) at: i64,
    pub(super) drawn: u32,
}

/// One of them.
pub(super) enum Effect<N: Node> {
    Send { to: NodeId, message: N::Message },
    Timer { after: i64, timer: N::Timer },
    Write(N::Record),
    Sync,
    Stop,
}

/// What a node learns of its storage when it uses it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum DiskCondition {
    #[default]
    Fine,
    Failing,
    Full,
}

/// Why storage did not do what it was to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StorageError {
    /// What was written is not durable, and may or may not be there after a crash.
    #[error("the storage fails")]
    Fails,
    /// It was not written.
    #[error("the storage is full")]
    Full,
}

impl<N: Node> Effects<N> {
    pub(super) fn new() -> Self {
        Self { list: Vec::new(), me: NodeId(0), now: 0, disk: DiskCondition::Fine, event: 0, at: 0, drawn: 0 }
    }

    /// Sends a message. It may be lost, late, doubled, and overtaken by others.
    #[inline]
    pub fn send(&mut self, to: NodeId, message: N::Message) {
        self.list.push(Effect::Send { to, message });
    }

    /// Sets a timer, which goes off after so many nanoseconds or somewhat later, unless the node has crashed by then.
    /// Timers do not replace each other, and are not taken back: a node ignores what it no longer waits for.
    #[inline]
    pub fn set_timer(&mut self, nanoseconds: i64, timer: N::Timer) {
        self.list.push(Effect::Timer { after: nanoseconds, timer });
    }

    /// Writes a record behind those that were written before. It is durable once it is synced.
    ///
    /// # Errors
    ///
    /// Where the storage is full; nothing is written then.
    #[inline]
    pub fn write(&mut self, record: N::Record) -> Result<(), StorageError> {
        if self.disk == DiskCondition::Full {
            return Err(StorageError::Full);
        }
        self.list.push(Effect::Write(record));
        Ok(())
    }

    /// Makes durable what was written so far, and holds back until then what the node does after it.
    ///
    /// # Errors
    ///
    /// Where the storage fails: what was written and not synced may be gone after a crash.
    #[inline]
    pub fn sync(&mut self) -> Result<(), StorageError> {
        if self.disk == DiskCondition::Failing {
            return Err(StorageError::Fails);
        }
        self.list.push(Effect::Sync);
        Ok(())
    }

    /// The node stops, as one does that cannot go on: what it has in memory is lost, and what it wrote and did not sync. It
    /// begins again as after a crash. What is said after this is not done.
    pub fn stop(&mut self) {
        self.list.push(Effect::Stop);
    }

    /// The node itself.
    #[inline]
    pub fn me(&self) -> NodeId {
        self.me
    }

    /// What the node's clock says, in nanoseconds. It starts at 0 with the world, and may be wrong.
    #[inline]
    pub fn now(&self) -> i64 {
        self.now
    }

    /// A number that looks random, and another one each time.
    ///
    /// It follows from the event that the node is handling, its time and the node. So it differs from run to run as these
    /// do, and is the same when the trace is replayed, without a generator and without being recorded.
    pub fn entropy(&mut self) -> u64 {
        self.drawn += 1;
        let place = u64::from(self.event) << 32 | u64::from(self.me.0);
        mix(mix(self.at as u64, place), u64::from(self.drawn))
    }
}
