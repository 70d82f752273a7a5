//! The schedule of a world: decides which event happens next, and when.

use afresh_core::{Fault, Name};

use super::Impossible;
use super::World;
use super::node::{Node, NodeId};
use super::pending::{Pending, PendingId, UnderWay};
use super::record::Happened;

/// What happens next.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice<I> {
    /// When, in nanoseconds. A time that has passed means now.
    pub at: i64,
    /// The number of the event; 0 for the next one.
    pub number: u32,
    /// What.
    pub act: Act<I>,
}

/// Something that can happen in a world.
#[derive(Clone, Debug, PartialEq)]
pub enum Act<I> {
    /// A message arrives.
    Deliver(PendingId),
    /// A message is lost.
    Drop(PendingId),
    /// A message is under way once more.
    Duplicate(PendingId),
    /// A timer goes off.
    Fire(PendingId),
    /// Something comes from outside.
    Input(Box<(NodeId, I)>),
    /// Something breaks, or is mended.
    Fault(Box<Fault>),
}

impl<I> Act<I> {
    /// It as a choice, at this time.
    #[inline]
    pub fn at(self, at: i64) -> Choice<I> {
        Choice { at, number: 0, act: self }
    }
}

impl<N: Node> Pending<'_, N> {
    /// That it happens: the message arrives, the timer goes off.
    #[inline]
    pub fn happens(&self) -> Act<N::Input> {
        match self.what {
            UnderWay::Message(_) => Act::Deliver(self.id),
            UnderWay::Timer { .. } => Act::Fire(self.id),
        }
    }
}

/// Makes the choices of a run.
pub trait Schedule<N: Node> {
    /// What happens next; nothing where the run is over.
    fn next(&mut self, world: &World<N>) -> Option<Choice<N::Input>>;

    /// What it chose cannot happen.
    fn refused(&mut self, why: Impossible) {
        let _ = why;
    }

    /// An event begins: no node has acted on it yet.
    #[inline]
    fn begins(&mut self, world: &World<N>, event: &Happened) {
        let _ = (world, event);
    }

    /// A message was sent.
    fn sent(&mut self, at: i64, message: Pending<'_, N>) {
        let _ = (at, message);
    }

    /// A message is under way once more.
    fn copied(&mut self, at: i64, copy: Pending<'_, N>) {
        self.sent(at, copy);
    }

    /// A node waits for its storage to sync.
    fn syncing(&mut self, at: i64, node: &Name) {
        let _ = (at, node);
    }

    /// A node has stopped by itself.
    fn stopped(&mut self, at: i64, node: &Name) {
        let _ = (at, node);
    }

    /// A timer was set.
    fn set(&mut self, due: i64, timer: Pending<'_, N>) {
        let _ = (due, timer);
    }
}

/// Decides nothing: for a world that is driven by hand.
#[derive(Clone, Copy, Debug, Default)]
pub struct ByHand;

impl<N: Node> Schedule<N> for ByHand {
    fn next(&mut self, _: &World<N>) -> Option<Choice<N::Input>> {
        None
    }
}
