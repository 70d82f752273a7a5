//! The read-only methods of a world, for properties, schedules and tests.

use std::fmt::Write;

use afresh_core::Name;
use afresh_trace::digest::{Rolling, RunDigest};

use super::World;
use super::disk::Log;
use super::node::{Node, NodeId};
use super::pending::{Pending, PendingId};
use super::record::Happened;

impl<N: Node> World<N> {
    /// Returns all nodes, in the order of their names. A crashed node is shown as it was before the crash.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = &N> {
        self.machines.iter().map(|machine| &machine.node)
    }

    /// Returns the node with this id, if there is one.
    #[must_use]
    pub fn node(&self, id: NodeId) -> Option<&N> {
        self.machines.get(id.place()).map(|machine| &machine.node)
    }

    /// The names of all nodes. The index of a name is the index of its node.
    #[must_use]
    pub fn names(&self) -> &[Name] {
        &self.names
    }

    /// Returns the id of the node with this name, if there is one.
    #[must_use]
    pub fn id(&self, name: &Name) -> Option<NodeId> {
        self.names.iter().position(|one| one == name).map(NodeId::new)
    }

    /// Returns whether a node has crashed, or has stopped itself, and has not restarted yet.
    #[must_use]
    pub fn has_crashed(&self, node: NodeId) -> bool {
        self.machines.get(node.place()).is_some_and(|machine| machine.blocked.crashed)
    }

    /// Returns whether a node is paused.
    #[must_use]
    pub fn is_paused(&self, node: NodeId) -> bool {
        self.machines.get(node.place()).is_some_and(|machine| machine.blocked.paused)
    }

    /// Returns whether a node waits for a sync of its slow storage.
    #[must_use]
    pub fn is_syncing(&self, node: NodeId) -> bool {
        self.machines.get(node.place()).is_some_and(|machine| machine.blocked.syncing)
    }

    /// Returns whether the link from one node to another is cut, so that no message can arrive.
    #[must_use]
    pub fn is_cut(&self, from: NodeId, to: NodeId) -> bool {
        self.cuts.is_cut(from, to)
    }

    /// Returns the records in the storage of a node, and how many of the last ones are not durable yet.
    #[must_use]
    pub fn log(&self, node: NodeId) -> Option<(Log<'_, N::Record>, usize)> {
        self.machines.get(node.place()).map(|machine| (machine.disk.log(), machine.disk.unsynced()))
    }

    /// Returns the records in the storage of a node that are durable: a crash cannot lose them.
    #[must_use]
    pub fn durable(&self, node: NodeId) -> &[N::Record] {
        let Some((log, unsynced)) = self.log(node) else { return &[] };
        &log.records[..log.records.len() - unsynced]
    }

    /// Returns all messages in flight and all timers that are set, in the order in which they were sent or set.
    #[must_use]
    pub fn pending(&self) -> Vec<Pending<'_, N>> {
        let mut pending: Vec<_> = self.slab.iter().collect();
        pending.sort_unstable_by_key(|pending| pending.id);
        pending
    }

    /// Returns the message or the timer with this id, if it is still pending.
    #[must_use]
    #[inline]
    pub fn get(&self, id: PendingId) -> Option<Pending<'_, N>> {
        self.slab.pending(id)
    }

    /// The simulated time, in nanoseconds since the world began.
    #[must_use]
    #[inline]
    pub fn now(&self) -> i64 {
        self.now
    }

    /// Returns the time on the clock of a node, in nanoseconds. The clock may be wrong.
    #[must_use]
    pub fn clock(&self, node: NodeId) -> Option<i64> {
        self.machines.get(node.place()).map(|machine| self.now.saturating_add(machine.skew))
    }

    /// The number of messages delivered so far.
    #[must_use]
    #[inline]
    pub fn delivered(&self) -> u64 {
        self.delivered
    }

    /// The number of times so far that a fault began or ended, or that a node stopped itself.
    #[must_use]
    #[inline]
    pub fn changes(&self) -> u32 {
        self.changes
    }

    /// The number of the event that began the calm phase, if it has begun.
    #[must_use]
    #[inline]
    pub fn calm_since(&self) -> Option<u32> {
        self.calm_since
    }

    /// All events that have happened so far.
    #[must_use]
    pub fn happened(&self) -> &[Happened] {
        &self.record.events
    }

    /// All events that have happened so far, each with its message if it delivered, lost or duplicated one and
    /// messages are [kept](World::keep_messages).
    pub fn events_and_messages(&self) -> impl Iterator<Item = (&Happened, Option<&N::Message>)> {
        self.record.events_and_messages()
    }

    /// The digest of all events that have happened so far, without the contents of messages.
    ///
    /// The digest of a run, [`Ended::digest`](crate::Ended::digest), covers these as well.
    #[must_use]
    pub fn digest(&self) -> RunDigest {
        self.record.digest.finish()
    }

    /// Returns the digest of all events so far and of the contents of their messages, to which more can be added.
    pub(crate) fn digest_of_contents(&self) -> Rolling {
        let mut digest = self.record.digest.clone();
        let mut text = String::new();
        for message in self.record.messages.iter().flatten() {
            text.clear();
            // Writing to a string fails only if the `Debug` of the message does, and then its text is what it wrote.
            let _ = write!(text, "{message:?}");
            digest.add(text.as_str());
        }
        digest
    }
}
