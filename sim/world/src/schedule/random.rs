//! Chooses by numbers drawn from a seed.

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

/// Lets messages take as long, be lost, doubled and late as often, and nodes break as often, as a [`Swarm`] says; timers go off
/// when they are due.
pub struct Random<N: Node> {
    rng: Rng,
    network: Network,
    nemesis: Nemesis,
    aims: Vec<Aim<N>>,
    /// By how much messages are late that were delayed on their way.
    delayed: BTreeMap<PendingId, i64>,
    queue: Queue,
    /// What happens before anything else.
    prompt: VecDeque<Act<N::Input>>,
    /// What is due, and is for a node to which nothing can happen now.
    waiting: Vec<(i64, PendingId)>,
    /// How much had been broken and mended when that was last looked through.
    changes: u32,
    /// What comes from outside, the first last.
    inputs: Vec<(i64, NodeId, N::Input)>,
    /// When it becomes calm.
    until: i64,
    /// When the first of the things is due that are not in the queue.
    other: i64,
}

impl<N: Node> Random<N> {
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

    /// These things come from outside: each at its time, to its node.
    #[must_use]
    pub fn with_inputs(mut self, inputs: impl IntoIterator<Item = (i64, NodeId, N::Input)>) -> Self {
        self.inputs.extend(inputs);
        // The sort is stable, and what comes at the same time comes in the order in which it was given.
        self.inputs.reverse();
        self.inputs.sort_by_key(|(at, ..)| std::cmp::Reverse(*at));
        self.look_for_other();
        self
    }

    /// Some of the messages that will be sent are aimed at. Where two are for one message, the first counts.
    #[must_use]
    pub fn with_aims(mut self, aims: impl IntoIterator<Item = Aim<N>>) -> Self {
        self.aims.extend(aims);
        self
    }

    /// Hits messages that are on their way already, in the order in which they were sent; gives how many.
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

    /// A message that was aimed at.
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

    /// What is due that is not in the queue.
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

    fn look_for_other(&mut self) {
        let input = self.inputs.last().map_or(i64::MAX, |(at, ..)| *at);
        self.other = self.until.min(self.nemesis.due()).min(input);
    }

    /// What was due while nothing could happen to its node is due now.
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

    /// Nothing more happens to it than that it takes its time.
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
