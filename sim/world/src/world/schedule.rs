//! The interface of schedules, which decide which event happens next in a world, and when.

use afresh_core::{Fault, Name};

use super::node::{Node, NodeId};
use super::pending::{Pending, PendingId, UnderWay};
use super::record::Happened;
use super::{Impossible, World};

/// A decision of a schedule: which event happens next in the world, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice<I> {
    /// The time of the event, in nanoseconds since the world began. A time in the past means now.
    pub at: i64,
    /// The number that the event gets; 0 for the next free number.
    pub number: u32,
    /// The thing that happens.
    pub act: Act<I>,
}

/// Something that can happen in a world.
#[derive(Clone, Debug, PartialEq)]
pub enum Act<I> {
    /// A message in flight is delivered.
    Deliver(PendingId),
    /// A message in flight is lost.
    Drop(PendingId),
    /// A message in flight is duplicated.
    Duplicate(PendingId),
    /// A timer goes off.
    Fire(PendingId),
    /// A node receives an input from outside.
    Input(Box<(NodeId, I)>),
    /// A fault begins or ends, or the calm phase begins.
    Fault(Box<Fault>),
}

impl<I> Act<I> {
    /// Returns the choice that this happens at the time `at`, in nanoseconds.
    #[inline]
    pub fn at(self, at: i64) -> Choice<I> {
        Choice { at, number: 0, act: self }
    }
}

impl<N: Node> Pending<'_, N> {
    /// Returns the act that delivers this message, or makes this timer go off.
    #[inline]
    pub fn happens(&self) -> Act<N::Input> {
        match self.what {
            UnderWay::Message(_) => Act::Deliver(self.id),
            UnderWay::Timer { .. } => Act::Fire(self.id),
        }
    }
}

/// A policy that makes all choices of a run: which event happens next, and when.
///
/// The world calls [`next`](Self::next) for each choice. With the other methods it tells the schedule what happened
/// since.
pub trait Schedule<N: Node> {
    /// Returns the next choice, or `None` if the run is over.
    fn next(&mut self, world: &World<N>) -> Option<Choice<N::Input>>;

    /// Is called if the last choice was impossible, with the reason. The world has skipped the choice.
    fn refused(&mut self, why: Impossible) {
        let _ = why;
    }

    /// Is called when an event begins, before any node handles it.
    #[inline]
    fn begins(&mut self, world: &World<N>, event: &Happened) {
        let _ = (world, event);
    }

    /// Is called when a node has sent a message, with the time in nanoseconds.
    fn sent(&mut self, at: i64, message: Pending<'_, N>) {
        let _ = (at, message);
    }

    /// Is called when a message was duplicated, with the copy. By default it is treated like a message that was sent.
    fn copied(&mut self, at: i64, copy: Pending<'_, N>) {
        self.sent(at, copy);
    }

    /// Is called when a node begins to wait for a sync of its slow storage.
    fn syncing(&mut self, at: i64, node: &Name) {
        let _ = (at, node);
    }

    /// Is called when a node has stopped itself, and needs a restart.
    fn stopped(&mut self, at: i64, node: &Name) {
        let _ = (at, node);
    }

    /// Is called when a node has set a timer, with the time at which it is due, in nanoseconds.
    fn set(&mut self, due: i64, timer: Pending<'_, N>) {
        let _ = (due, timer);
    }
}

/// A schedule that chooses nothing, for tests that drive a world by hand with [`World::perform`].
#[derive(Clone, Copy, Debug, Default)]
pub struct ByHand;

impl<N: Node> Schedule<N> for ByHand {
    fn next(&mut self, _: &World<N>) -> Option<Choice<N::Input>> {
        None
    }
}
