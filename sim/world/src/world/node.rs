//! What runs in a world: a deterministic state machine.

use std::fmt::Debug;

use afresh_core::Body;

use super::disk::Log;
use super::effects::Effects;

/// A node of a world, by its place in the list of nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(crate) u32);

impl NodeId {
    /// The node at this place.
    ///
    /// A world has less than 2^32 nodes; a higher place is that of no node.
    #[must_use]
    #[inline]
    pub fn new(place: usize) -> Self {
        Self(u32::try_from(place).unwrap_or(u32::MAX))
    }

    /// The place in the list of nodes.
    #[must_use]
    #[inline]
    pub fn place(self) -> usize {
        self.0 as usize
    }
}

/// A deterministic state machine: something happens to it, it changes, and what it does because of that goes into
/// [`Effects`], which the world takes from there once it is done.
///
/// It must look at nothing but itself and its arguments: no clock, no randomness, no order of a hash map. Time is in
/// [`Effects::now`], and what is to differ from node to node and from run to run in [`Effects::entropy`].
///
/// Nodes of several kinds in one world are the variants of an enum, whose methods hand on to those of the kind.
///
/// A node may panic: that is a bug, and ends the run.
pub trait Node: Sized {
    /// What comes from outside of the world: of a client, of an operator. It is written into traces, which are read on all
    /// cores.
    type Input: Body + Send + Sync;
    /// What nodes send each other. It is not written into traces: who sent it, sends it again.
    type Message: Clone + Debug;
    /// What a timer is for. Its `Debug` form is its name in traces.
    type Timer: Copy + Debug;
    /// One durable write.
    type Record: Clone;

    /// It begins, for the first time.
    fn start(&mut self, effects: &mut Effects<Self>) {
        let _ = effects;
    }

    /// It begins again after a crash, as it was built, with what it had made durable.
    fn restart(&mut self, log: Log<'_, Self::Record>, effects: &mut Effects<Self>) {
        let _ = log;
        self.start(effects);
    }

    /// Something came from outside.
    fn input(&mut self, input: Self::Input, effects: &mut Effects<Self>) {
        let _ = (input, effects);
    }

    /// A message arrived.
    fn message(&mut self, from: NodeId, message: Self::Message, effects: &mut Effects<Self>);

    /// A timer that it had set since it last began went off.
    fn timer(&mut self, timer: Self::Timer, effects: &mut Effects<Self>) {
        let _ = (timer, effects);
    }
}
