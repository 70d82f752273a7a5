//! A schedule that chooses by random numbers from a seed.

use std::collections::{BTreeMap, VecDeque};
use std::ops::ControlFlow;

use afresh_core::{Fault, Name};

use super::aim::{Aim, Hit};
use super::nemesis::Nemesis;
use super::network::{Drawn, Network};
use super::queue::Queue;
use super::swarm::Swarm;
use super::{Act, Choice, Schedule};
use crate::rng::Rng;
use crate::world::{Node, NodeId, Pending, PendingId, World};

/// A schedule that chooses by random numbers from a seed, with the network and the faults of a [`Swarm`].
///
/// The swarm says how long messages take, how many are lost, duplicated or late, and how often nodes, links and storage
/// break. Timers go off when they are due.
pub struct Random<N: Node> {
    rng: Rng,
    network: Network,
    nemesis: Nemesis,
    aims: Vec<Aim<N>>,
    /// The additional latency of messages in flight that [`strike`](Self::strike) has delayed, in nanoseconds.
    delayed: BTreeMap<PendingId, i64>,
    /// The messages in flight and the timers, by the time at which they are due.
    queue: Queue,
    /// The acts that happen before anything else, in their order.
    prompt: VecDeque<Act<N::Input>>,
    /// The messages and timers that were due while nothing could happen to their node.
    waiting: Vec<(i64, PendingId)>,
    /// The value of [`World::changes`] when `waiting` was last put back into the queue.
    changes: u32,
    /// The inputs still to come, in reverse order: the next one is at the end.
    inputs: Vec<(i64, NodeId, N::Input)>,
    /// The time at which the calm phase begins, in nanoseconds.
    until: i64,
    /// The time of the next thing that is not in `queue`: a fault, an input, or the calm phase. In nanoseconds.
    other: i64,
}

impl<N: Node> Random<N> {
    /// Creates a schedule that draws its choices from a seed, with the faults of `swarm`.
    #[must_use]
    pub fn of_seed(seed: u64, swarm: Swarm) -> Self {
        Self::new(Rng::of_seed(seed), swarm)
    }

    /// Creates a schedule that draws its choices from `rng`, with the faults of `swarm`.
    #[must_use]
    pub fn new(mut rng: Rng, swarm: Swarm) -> Self {
        let Swarm { network, strikes } = swarm;
        let nemesis = Nemesis::new(strikes, &mut rng);
        let other = nemesis.due();
        Self {
            rng,
            network,
            nemesis,
            aims: Vec::new(),
            delayed: BTreeMap::new(),
            queue: Queue::default(),
            prompt: VecDeque::new(),
            waiting: Vec::new(),
            changes: 0,
            inputs: Vec::new(),
            until: i64::MAX,
            other,
        }
    }

    /// Adds inputs from outside, each with the time in nanoseconds at which it arrives, and the node that gets it.
    #[must_use]
    pub fn with_inputs(mut self, inputs: impl IntoIterator<Item = (i64, NodeId, N::Input)>) -> Self {
        self.inputs.extend(inputs);
        // The sort is stable, so inputs at the same time arrive in the order in which they were given.
        self.inputs.reverse();
        self.inputs.sort_by_key(|(at, ..)| std::cmp::Reverse(*at));
        self.look_for_other();
        self
    }

    /// Adds faults that are aimed at particular messages, from the time at which they are sent.
    ///
    /// If two aims select the same message, only the first one hits it.
    #[must_use]
    pub fn with_aims(mut self, aims: impl IntoIterator<Item = Aim<N>>) -> Self {
        self.aims.extend(aims);
        self
    }

    /// Aims a fault at messages that are already in flight, and returns how many it hits.
    ///
    /// The messages are tried in the order in which they were sent.
    pub fn strike(&mut self, world: &World<N>, mut aim: Aim<N>) -> usize {
        let pending = world.pending();
        let hit: Vec<_> = pending.iter().filter(|pending| aim.hits(pending)).collect();
        for pending in &hit {
            match aim.hit {
                Hit::Drop => self.prompt.push_back(Act::Drop(pending.id)),
                Hit::Duplicate => self.prompt.push_back(Act::Duplicate(pending.id)),
                Hit::Delay(by) => _ = self.delayed.insert(pending.id, by),
            }
        }
        hit.len()
    }

    /// Sets the time at which the calm phase begins, in nanoseconds. After that, the schedule chooses nothing more.
    #[must_use]
    pub fn until(mut self, until: i64) -> Self {
        self.until = until;
        self.look_for_other();
        self
    }

    /// Handles a message that the network loses, duplicates or delays, as the random number `drawn` says.
    #[cold]
    fn trouble(&mut self, at: i64, id: PendingId, drawn: u64, link: Drawn, bits: u32) {
        let latency = link.latency.of(bits);
        if drawn < link.lost {
            self.prompt.push_back(Act::Drop(id));
        } else if drawn < link.duplicated {
            self.prompt.push_back(Act::Duplicate(id));
            self.queue.push(at.saturating_add(latency), id);
        } else {
            self.queue.push(at.saturating_add(latency.saturating_mul(10)), id);
        }
    }

    /// Handles a message that an aim has selected: loses, duplicates or delays it.
    #[cold]
    fn aimed(&mut self, hit: Hit, due: i64, id: PendingId) {
        match hit {
            Hit::Drop => return self.prompt.push_back(Act::Drop(id)),
            Hit::Duplicate => self.prompt.push_back(Act::Duplicate(id)),
            Hit::Delay(_) => {}
        }
        let longer = if let Hit::Delay(by) = hit { by } else { 0 };
        self.queue.push(due.saturating_add(longer), id);
    }

    /// Handles the next thing that is not in the queue: a fault, an input, or the beginning of the calm phase.
    ///
    /// Returns `Continue` if there was nothing to choose after all, such as a fault between a node and itself.
    #[cold]
    fn other(&mut self, world: &World<N>) -> ControlFlow<Option<Choice<N::Input>>> {
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

    /// Computes the time of the next thing that is not in the queue.
    fn look_for_other(&mut self) {
        let input = self.inputs.last().map_or(i64::MAX, |(at, ..)| *at);
        self.other = self.until.min(self.nemesis.due()).min(input);
    }

    /// Puts the messages and timers that wait for their nodes back into the queue, because a fault has begun or ended.
    #[cold]
    fn look_through_waiting(&mut self, world: &World<N>) {
        self.changes = world.changes();
        for (due, id) in std::mem::take(&mut self.waiting) {
            self.queue.push(due, id);
        }
    }
}

impl<N: Node> Schedule<N> for Random<N> {
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
            if !self.delayed.is_empty()
                && let Some(by) = self.delayed.remove(&id)
            {
                self.queue.push(due.saturating_add(by), id);
                continue;
            }
            // A timer may be gone because its node crashed, and a message because a test took it out by hand.
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
        if !self.aims.is_empty()
            && let Some(aim) = self.aims.iter_mut().find_map(|aim| aim.hits(&message).then_some(aim.hit))
        {
            let due = at + link.latency.of((bits >> 32) as u32);
            return self.aimed(aim, due, message.id);
        }
        if drawn < link.late {
            let link = *link;
            return self.trouble(at, message.id, drawn, link, (bits >> 32) as u32);
        }
        self.queue.push(at + link.latency.of((bits >> 32) as u32), message.id);
    }

    /// Gives a copy of a message a random latency. A copy is not lost, duplicated or delayed in its turn.
    fn copied(&mut self, at: i64, copy: Pending<'_, N>) {
        let bits = self.rng.bits();
        let latency = self.network.link(copy.from, copy.to).latency.of(bits as u32);
        self.queue.push(at.saturating_add(latency), copy.id);
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
