//! Nodes: the deterministic state machines that run in a world.

use std::fmt::Debug;

use afresh_core::Body;

use super::disk::Log;
use super::effects::Effects;

/// The id of a node: its index in the list of nodes of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(crate) u32);

impl NodeId {
    /// Creates the id of the node with this index.
    ///
    /// A world has fewer than 2^32 nodes. A larger index gives the id of no node.
    #[must_use]
    #[inline]
    pub fn new(place: usize) -> Self {
        Self(u32::try_from(place).unwrap_or(u32::MAX))
    }

    /// The index in the list of nodes.
    #[must_use]
    #[inline]
    pub fn place(self) -> usize {
        self.0 as usize
    }
}

/// A deterministic state machine that runs in a world: a server, a client, a database.
///
/// When something happens to a node, it changes its own state, and puts everything else that it wants done into
/// [`Effects`]. The world carries out these effects after the node has returned.
///
/// A node may depend only on its state and its arguments: not on a clock, a random number or the order of a hash map.
/// [`Effects::now`] gives the time, and [`Effects::entropy`] gives values that differ between nodes and between runs.
///
/// If a world has several kinds of node, make them the variants of an enum.
///
/// On slow storage, a node waits for each sync: it is *syncing*. Its state in memory already has what it is about to
/// make durable, but its effects are still held back, and a crash takes both back. A property that asks about durable
/// things asks [`World::durable`](super::World::durable), or [`World::is_syncing`](super::World::is_syncing).
///
/// A panic of a node counts as a bug, and ends the run.
pub trait Node: Sized {
    /// The type of inputs from outside of the world, such as requests of a client or commands of an operator.
    ///
    /// Inputs are written to traces, which several threads may read.
    type Input: Body + Send + Sync;
    /// The type of messages between nodes.
    ///
    /// Traces have their `Debug` form. A replay does not read it, because the senders send their messages again, but
    /// compares it.
    type Message: Clone + Debug;
    /// The type of the purposes of timers. In a trace, the `Debug` form of the purpose is the name of the timer.
    type Timer: Copy + Debug;
    /// The type of the records that a node writes to its storage.
    type Record: Clone;

    /// Starts the node for the first time. By default it does nothing.
    fn start(&mut self, effects: &mut Effects<Self>) {
        let _ = effects;
    }

    /// Restarts the node after a crash, with the records that survived in its storage.
    ///
    /// The node has just been built anew, so its memory is empty. By default this is the same as
    /// [`start`](Self::start).
    fn restart(&mut self, log: Log<'_, Self::Record>, effects: &mut Effects<Self>) {
        let _ = log;
        self.start(effects);
    }

    /// Handles an input from outside. By default it is ignored.
    fn input(&mut self, input: Self::Input, effects: &mut Effects<Self>) {
        let _ = (input, effects);
    }

    /// Handles a message from another node, or from itself.
    fn message(&mut self, from: NodeId, message: Self::Message, effects: &mut Effects<Self>);

    /// Handles a timer that has gone off. By default it is ignored.
    ///
    /// The node has set this timer since its last start or restart, because a crash removes all earlier ones.
    fn timer(&mut self, timer: Self::Timer, effects: &mut Effects<Self>) {
        let _ = (timer, effects);
    }
}
