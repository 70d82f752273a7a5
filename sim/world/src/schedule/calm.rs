//! No fault, and every message after the same time: what a system must at least be able to live with.

use std::collections::VecDeque;

use super::queue::Queue;
use super::{Act, Choice, Schedule};
use crate::world::{Node, NodeId, Pending, UnderWay, World};

/// Ends all faults that there are, and then lets everything happen in order, each message `latency` nanoseconds after it
/// was sent, each timer when it is due, until there is nothing left or the time is up.
///
/// It makes no choice: from the same world it goes the same way.
#[derive(Clone, Debug)]
pub struct Calm<I> {
    queue: Queue,
    inputs: VecDeque<(NodeId, I)>,
    latency: i64,
    until: i64,
    /// How much had been broken and mended when there was nothing left to mend.
    mended: Option<u32>,
}

impl<I> Calm<I> {
    /// Until the time `until`, in nanoseconds since the world began. What is under way arrives `latency` from now.
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

    /// These things come from outside as soon as all faults are over, each to its node.
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
            // What is not there any more was a timer of a node that crashed.
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
