//! The nemesis of a random run: it breaks nodes, links and storage, and repairs them after a while.

use std::collections::{BTreeMap, VecDeque};

use afresh_core::{Fault, Name, Storage};

use super::Act;
use crate::rng::Rng;
use crate::world::{Node, NodeId, World};

/// A fault that happens again and again during a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strike {
    /// The kind of the fault.
    pub what: Blow,
    /// The average time from one fault of this kind to the next, in nanoseconds.
    pub every: i64,
    /// The longest duration of one fault of this kind, in nanoseconds.
    pub lasting: i64,
}

/// A kind of fault that can strike a node, its storage, or the links between nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blow {
    /// A node crashes, and restarts after a while.
    ///
    /// Some of the records that it has not synced may survive the crash, and one record may be torn.
    Crash,
    /// A node is paused, and resumed after a while.
    Pause,
    /// The link from one node to another is cut for a while, in this direction only.
    CutOneWay,
    /// All links from and to a node are cut for a while.
    Isolate,
    /// The clock of a node jumps, by at most [`Strike::lasting`], and stays wrong.
    Skew,
    /// The storage of a node fails for a while: nothing can be synced.
    DiskFails,
    /// The storage of a node is full for a while: nothing can be written.
    DiskFull,
    /// The storage of a node is slow for a while: a sync takes time, and the node waits for it.
    DiskSlow,
}

impl Blow {
    /// All kinds of fault.
    pub const ALL: [Self; 8] = [
        Self::Crash,
        Self::Pause,
        Self::CutOneWay,
        Self::Isolate,
        Self::Skew,
        Self::DiskFails,
        Self::DiskFull,
        Self::DiskSlow,
    ];
}

/// The part of a random schedule that causes the faults of a run, and ends each of them after a while.
#[derive(Clone, Debug, Default)]
pub(super) struct Nemesis {
    strikes: Vec<Strike>,
    /// The tasks to come, by their time, and then in the order in which they were planned.
    agenda: BTreeMap<(i64, u32), Task>,
    /// The number of tasks planned so far.
    planned: u32,
}

/// A planned task of the nemesis: to cause a fault, or to end one.
#[derive(Clone, Debug)]
enum Task {
    /// Cause a fault of the strike with this index.
    Strike(usize),
    /// End an earlier fault by this event.
    Mend(Fault),
}

impl Nemesis {
    pub(super) fn new(strikes: Vec<Strike>, rng: &mut Rng) -> Self {
        let mut nemesis = Self { strikes, ..Self::default() };
        for place in 0..nemesis.strikes.len() {
            nemesis.again(0, place, rng);
        }
        nemesis
    }

    /// The time of the next task, in nanoseconds; `i64::MAX` if there is none.
    #[inline]
    pub(super) fn due(&self) -> i64 {
        self.agenda.first_key_value().map_or(i64::MAX, |((at, _), _)| *at)
    }

    /// Carries out the next task: adds the faults that it causes or ends to `acts`, and plans the tasks that follow.
    pub(super) fn act<N: Node>(&mut self, world: &World<N>, rng: &mut Rng, acts: &mut VecDeque<Act<N::Input>>) {
        let Some(((at, _), task)) = self.agenda.pop_first() else { return };
        match task {
            Task::Mend(fault) => acts.push_back(Act::Fault(Box::new(fault))),
            Task::Strike(place) => {
                let Strike { what, lasting, .. } = self.strikes[place];
                let until = at.saturating_add(rng.between(0, lasting));
                for (fault, end) in self.blow(what, lasting, world, rng) {
                    acts.push_back(Act::Fault(Box::new(fault)));
                    if let Some(end) = end {
                        self.plan(until, Task::Mend(end));
                    }
                }
                self.again(at, place, rng);
            }
        }
    }

    /// Plans the end of a sync on slow storage, between 1 and 500 milliseconds from now.
    pub(super) fn syncing(&mut self, at: i64, node: Name, rng: &mut Rng) {
        let until = at.saturating_add(rng.between(1_000_000, 500_000_000));
        self.plan(until, Task::Mend(Fault::Storage { node, how: Storage::Synced }));
    }

    /// Plans the restart of a node that has stopped itself, between 1 and 500 milliseconds from now.
    pub(super) fn stopped(&mut self, at: i64, node: Name, rng: &mut Rng) {
        let until = at.saturating_add(rng.between(1_000_000, 500_000_000));
        self.plan(until, Task::Mend(Fault::Restart { node }));
    }

    /// Draws the faults of one blow, each with the event that ends it, if any.
    fn blow<N: Node>(&self, what: Blow, lasting: i64, world: &World<N>, rng: &mut Rng) -> Vec<(Fault, Option<Fault>)> {
        let names = world.names();
        let place = rng.place(names.len());
        let Some(node) = names.get(place).cloned() else { return Vec::new() };
        let link = |from: &Name, to: &Name| {
            let cut = Fault::Partition { from: from.clone(), to: to.clone() };
            (cut, Some(Fault::Heal { from: from.clone(), to: to.clone() }))
        };
        let mended = |how| {
            let node = node.clone();
            (Fault::Storage { node: node.clone(), how }, Some(Fault::Storage { node, how: Storage::Mended }))
        };
        match what {
            Blow::Crash => {
                let unsynced = world.log(NodeId::new(place)).map_or(0, |(_, unsynced)| unsynced);
                let kept = rng.below(unsynced as u64 + 1) as u32;
                let torn = (kept as usize) < unsynced && rng.below(2) == 0;
                vec![(Fault::Crash { node: node.clone(), kept, torn }, Some(Fault::Restart { node }))]
            }
            Blow::Pause => vec![(Fault::Pause { node: node.clone() }, Some(Fault::Resume { node }))],
            Blow::CutOneWay => {
                let other = names[rng.place(names.len())].clone();
                if other == node { Vec::new() } else { vec![link(&node, &other)] }
            }
            Blow::Isolate => {
                let others = names.iter().filter(|other| **other != node);
                others.flat_map(|other| [link(&node, other), link(other, &node)]).collect()
            }
            Blow::Skew => vec![(Fault::Skew { node, nanoseconds: rng.between(-lasting, lasting) }, None)],
            Blow::DiskFails => vec![mended(Storage::Fail)],
            Blow::DiskFull => vec![mended(Storage::Full)],
            Blow::DiskSlow => vec![mended(Storage::Slow)],
        }
    }

    /// Plans the next fault of a strike, after half of the average time to one and a half times as long.
    fn again(&mut self, at: i64, place: usize, rng: &mut Rng) {
        let every = self.strikes[place].every.max(1);
        let next = at.saturating_add(every / 2).saturating_add(rng.between(1, every));
        self.plan(next, Task::Strike(place));
    }

    fn plan(&mut self, at: i64, task: Task) {
        self.planned += 1;
        self.agenda.insert((at, self.planned), task);
    }
}
