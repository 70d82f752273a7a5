//! What can be asked of a world.

use afresh_core::Name;

use super::World;
use super::disk::Log;
use super::node::{Node, NodeId};
use super::pending::{Pending, PendingId};
use super::record::Happened;
use afresh_trace::digest::RunDigest;

/// What can be asked of a world.
impl<N: Node> World<N> {
    /// The nodes, in their order: of one that has crashed, as it was then.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = &N> {
        self.machines.iter().map(|machine| &machine.node)
    }

    /// A node; nothing where there is none at this place.
    #[must_use]
    pub fn node(&self, id: NodeId) -> Option<&N> {
        self.machines.get(id.place()).map(|machine| &machine.node)
    }

    /// The names of the nodes, in their order.
    #[must_use]
    pub fn names(&self) -> &[Name] {
        &self.names
    }

    /// The node with this name.
    #[must_use]
    pub fn id(&self, name: &Name) -> Option<NodeId> {
        self.names.iter().position(|one| one == name).map(NodeId::new)
    }

    /// Whether a node has crashed.
    #[must_use]
    pub fn has_crashed(&self, node: NodeId) -> bool {
        self.machines.get(node.place()).is_some_and(|machine| machine.blocked.crashed)
    }

    /// Whether a node is paused.
    #[must_use]
    pub fn is_paused(&self, node: NodeId) -> bool {
        self.machines.get(node.place()).is_some_and(|machine| machine.blocked.paused)
    }

    /// Whether a node waits for its storage to sync.
    #[must_use]
    pub fn is_syncing(&self, node: NodeId) -> bool {
        self.machines.get(node.place()).is_some_and(|machine| machine.blocked.syncing)
    }

    /// Whether no message gets from one node to another.
    #[must_use]
    pub fn is_cut(&self, from: NodeId, to: NodeId) -> bool {
        self.cuts.is_cut(from, to)
    }

    /// What a crash of the node would leave, and how many of the last records are not durable.
    #[must_use]
    pub fn log(&self, node: NodeId) -> Option<(Log<'_, N::Record>, usize)> {
        self.machines.get(node.place()).map(|machine| (machine.disk.log(), machine.disk.unsynced()))
    }

    /// All that is under way, in the order in which it was sent or set.
    #[must_use]
    pub fn pending(&self) -> Vec<Pending<'_, N>> {
        let mut pending: Vec<_> = self.slab.iter().collect();
        pending.sort_unstable_by_key(|pending| pending.id);
        pending
    }

    /// One message or timer, while it is under way.
    #[must_use]
    #[inline]
    pub fn get(&self, id: PendingId) -> Option<Pending<'_, N>> {
        self.slab.pending(id)
    }

    /// The time, in nanoseconds since the world began.
    #[must_use]
    #[inline]
    pub fn now(&self) -> i64 {
        self.now
    }

    /// What the clock of a node says, in nanoseconds.
    #[must_use]
    pub fn clock(&self, node: NodeId) -> Option<i64> {
        self.machines.get(node.place()).map(|machine| self.now.saturating_add(machine.skew))
    }

    /// How many messages were delivered.
    #[must_use]
    #[inline]
    pub fn delivered(&self) -> u64 {
        self.delivered
    }

    /// How often something was broken or mended.
    #[must_use]
    #[inline]
    pub fn changes(&self) -> u32 {
        self.changes
    }

    /// The number of the event since which there are no more faults.
    #[must_use]
    #[inline]
    pub fn calm_since(&self) -> Option<u32> {
        self.calm_since
    }

    /// What happened so far.
    #[must_use]
    pub fn happened(&self) -> &[Happened] {
        &self.record.events
    }

    /// The digest of what happened so far.
    #[must_use]
    pub fn digest(&self) -> RunDigest {
        self.record.digest()
    }
}
