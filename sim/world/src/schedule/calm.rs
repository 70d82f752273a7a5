//! The schedule of the calm phase: no faults, and the same latency for every message.

use std::collections::VecDeque;

use super::queue::Queue;
use super::{Act, Choice, Schedule};
use crate::world::{Node, NodeId, Pending, UnderWay, World};

/// The schedule of the calm phase: it ends all faults, and then delivers every message with the same latency.
///
/// Each timer goes off when it is due. The phase ends when no message is in flight and no timer is set, or when its
/// time is over. Every system should recover under these conditions.
///
/// Nothing is random here: the same world always continues in the same way.
#[derive(Clone, Debug)]
pub struct Calm<I> {
    queue: Queue,
    inputs: VecDeque<(NodeId, I)>,
    latency: i64,
    until: i64,
    /// The value of [`World::changes`] when all faults had ended. Another value means that a new fault may be there.
    mended: Option<u32>,
}

impl<I> Calm<I> {
    /// Creates the schedule for a world, with the latency of messages and the end of the phase, in nanoseconds.
    ///
    /// `until` is a time since the world began. Messages already in flight arrive `latency` nanoseconds from now.
    pub fn after<N: Node<Input = I>>(world: &World<N>, latency: i64, until: i64) -> Self {
        let mut calm = Self { queue: Queue::default(), inputs: VecDeque::new(), latency, until, mended: None };
        for pending in world.pending() {
            match pending.what {
                UnderWay::Message(_) => calm.sent(world.now(), pending),
                UnderWay::Timer { due, .. } => Schedule::<N>::set(&mut calm, *due, pending),
            }
        }
        calm
    }

    /// Adds inputs that nodes get from outside as soon as all faults have ended.
    #[must_use]
    pub fn with_inputs(mut self, inputs: impl IntoIterator<Item = (NodeId, I)>) -> Self {
        self.inputs.extend(inputs);
        self
    }
}

impl<N: Node> Schedule<N> for Calm<N::Input> {
    fn next(&mut self, world: &World<N>) -> Option<Choice<N::Input>> {
        if self.mended != Some(world.changes()) {
            if let Some(fault) = world.remedy() {
                return Some(Act::Fault(Box::new(fault)).at(world.now()));
            }
            self.mended = Some(world.changes());
        }
        if let Some(input) = self.inputs.pop_front() {
            return Some(Act::Input(Box::new(input)).at(world.now()));
        }
        while self.queue.due() <= self.until {
            let (due, id) = self.queue.pop()?;
            // A timer may be gone: a crash of its node removes it.
            if let Some(pending) = world.get(id) {
                return Some(pending.happens().at(due));
            }
        }
        None
    }

    fn sent(&mut self, at: i64, message: Pending<'_, N>) {
        self.queue.push(at.saturating_add(self.latency), message.id);
    }

    fn set(&mut self, due: i64, timer: Pending<'_, N>) {
        self.queue.push(due, timer.id);
    }
}
