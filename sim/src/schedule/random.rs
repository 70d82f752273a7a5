//! Chooses by numbers drawn from a seed.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use afresh_core::{Fault, Name};

use super::nemesis::Nemesis;
use super::network::{Drawn, Network};
use super::queue::Queue;
use super::swarm::Swarm;
use super::{Act, Choice, Schedule};
use crate::rng::Rng;
use crate::world::{Node, NodeId, Pending, PendingId, World};

/// Lets messages take as long, be lost, doubled and late as often, and nodes break as often, as a [`Swarm`] says; timers go off
/// when they are due.
#[derive(Clone, Debug)]
pub struct Random<I> {
    rng: Rng,
    network: Network,
    nemesis: Nemesis,
    queue: Queue,
    /// What happens before anything else.
    prompt: VecDeque<Act<I>>,
    /// What is due, and is for a node to which nothing can happen now.
    waiting: Vec<(i64, PendingId)>,
    /// How much had been broken and mended when that was last looked through.
    changes: u32,
    /// What comes from outside, the first last.
    inputs: Vec<(i64, NodeId, I)>,
    /// When it becomes calm.
    until: i64,
    /// When the first of the things is due that are not in the queue.
    other: i64,
}

impl<I> Random<I> {
    /// The choices of this seed, with these faults.
    #[must_use]
    pub fn of_seed(seed: u64, swarm: Swarm) -> Self {
        Self::new(Rng::of_seed(seed), swarm)
    }

    /// The choices that are drawn from `rng`.
    #[must_use]
    pub fn new(mut rng: Rng, swarm: Swarm) -> Self {
        let Swarm { network, strikes } = swarm;
        let nemesis = Nemesis::new(strikes, &mut rng);
        let other = nemesis.due();
        Self {
            rng,
            network,
            nemesis,
            queue: Queue::default(),
            prompt: VecDeque::new(),
            waiting: Vec::new(),
            changes: 0,
            inputs: Vec::new(),
            until: i64::MAX,
            other,
        }
    }

    /// These things come from outside: each at its time, to its node.
    #[must_use]
    pub fn with_inputs(mut self, inputs: impl IntoIterator<Item = (i64, NodeId, I)>) -> Self {
        self.inputs.extend(inputs);
        // The sort is stable, and what comes at the same time comes in the order in which it was given.
        self.inputs.reverse();
        self.inputs.sort_by_key(|(at, ..)| std::cmp::Reverse(*at));
        self.look_for_other();
        self
    }

    /// It becomes calm at this time, and nothing more is chosen.
    #[must_use]
    pub fn until(mut self, until: i64) -> Self {
        self.until = until;
        self.look_for_other();
        self
    }

    /// A message that is lost, doubled or late.
    #[cold]
    fn trouble(&mut self, at: i64, id: PendingId, drawn: u64, link: Drawn, bits: u32) {
        let latency = link.latency.of(bits);
        if drawn < link.lost {
            self.prompt.push_back(Act::Drop(id));
        } else if drawn < link.doubled {
            self.prompt.push_back(Act::Duplicate(id));
            self.queue.push(at.saturating_add(latency), id);
        } else {
            self.queue.push(at.saturating_add(latency.saturating_mul(10)), id);
        }
    }

    /// What is due that is not in the queue.
    #[cold]
    fn other<N: Node<Input = I>>(&mut self, world: &World<N>) -> ControlFlow<Option<Choice<I>>> {
        let at = self.other;
        if at == self.until {
            let ends = at < i64::MAX && world.calm_since().is_none();
            return ControlFlow::Break(ends.then(|| Act::Fault(Box::new(Fault::Calm)).at(at)));
        }
        if at == self.nemesis.due() {
            self.nemesis.act(world, &mut self.rng, &mut self.prompt);
        } else if let Some((_, node, input)) = self.inputs.pop() {
            self.prompt.push_back(Act::Input(Box::new((node, input))));
        }
        self.look_for_other();
        match self.prompt.pop_front() {
            Some(act) => ControlFlow::Break(Some(act.at(at))),
            None => ControlFlow::Continue(()),
        }
    }

    fn look_for_other(&mut self) {
        let input = self.inputs.last().map_or(i64::MAX, |(at, ..)| *at);
        self.other = self.until.min(self.nemesis.due()).min(input);
    }

    /// What was due while nothing could happen to its node is due now.
    #[cold]
    fn look_through_waiting<N: Node<Input = I>>(&mut self, world: &World<N>) {
        self.changes = world.changes();
        for (due, id) in std::mem::take(&mut self.waiting) {
            self.queue.push(due, id);
        }
    }
}

impl<N: Node> Schedule<N> for Random<N::Input> {
    #[inline]
    fn next(&mut self, world: &World<N>) -> Option<Choice<N::Input>> {
        if let Some(act) = self.prompt.pop_front() {
            return Some(act.at(world.now()));
        }
        if self.changes != world.changes() {
            self.look_through_waiting(world);
        }
        loop {
            if self.other <= self.queue.due() {
                match self.other(world) {
                    ControlFlow::Break(choice) => return choice,
                    ControlFlow::Continue(()) => continue,
                }
            }
            let (due, id) = self.queue.pop()?;
            // What is not there any more was a timer of a node that crashed, or was taken out by hand.
            let Some(pending) = world.get(id) else { continue };
            if world.can_receive(pending.from, pending.to).is_ok() {
                return Some(pending.happens().at(due));
            }
            if pending.is_message() && (world.has_crashed(pending.to) || world.is_cut(pending.from, pending.to)) {
                return Some(Act::Drop(id).at(due));
            }
            self.waiting.push((due, id));
        }
    }

    #[inline]
    fn sent(&mut self, at: i64, message: Pending<'_, N>) {
        let bits = self.rng.bits();
        let link = self.network.link(message.from, message.to);
        let drawn = bits & u64::from(u32::MAX);
        if drawn < link.late {
            let link = *link;
            return self.trouble(at, message.id, drawn, link, (bits >> 32) as u32);
        }
        self.queue.push(at + link.latency.of((bits >> 32) as u32), message.id);
    }

    fn syncing(&mut self, at: i64, node: &Name) {
        self.nemesis.syncing(at, node.clone(), &mut self.rng);
        self.look_for_other();
    }

    fn stopped(&mut self, at: i64, node: &Name) {
        self.nemesis.stopped(at, node.clone(), &mut self.rng);
        self.look_for_other();
    }

    #[inline]
    fn set(&mut self, due: i64, timer: Pending<'_, N>) {
        self.queue.push(due, timer.id);
    }
}
