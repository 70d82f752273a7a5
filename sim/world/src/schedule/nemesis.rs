//! What breaks nodes, links and storage in a random run, and mends them after a while.

use std::collections::{BTreeMap, VecDeque};

use afresh_core::{Fault, Name, Storage};

use super::Act;
use crate::rng::Rng;
use crate::world::{Node, NodeId, World};

/// Something that goes wrong now and then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strike {
    /// What.
    pub what: Blow,
    /// How long it is from one to the next, in nanoseconds, on average.
    pub every: i64,
    /// How long it lasts at most, in nanoseconds.
    pub lasting: i64,
}

/// What can go wrong with a node, or between nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blow {
    /// A node crashes, and begins again. Some of what it has not synced may survive, and the last of it be torn.
    Crash,
    /// A node is paused, and resumed.
    Pause,
    /// No message gets from one node to another.
    CutOneWay,
    /// No message gets from or to a node.
    Isolate,
    /// The clock of a node jumps, by up to as long as it lasts, and stays so.
    Skew,
    /// The storage of a node fails.
    DiskFails,
    /// The storage of a node is full.
    DiskFull,
    /// The storage of a node is slow.
    DiskSlow,
}

impl Blow {
    /// All of them.
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

/// Deals blows, and mends what they broke.
#[derive(Clone, Debug, Default)]
pub(super) struct Nemesis {
    strikes: Vec<Strike>,
    /// By time, and then in the order in which it was planned.
    agenda: BTreeMap<(i64, u32), Task>,
    planned: u32,
}

#[derive(Clone, Debug)]
enum Task {
    /// The strike at this place.
    Strike(usize),
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

    /// When something is to be done; later than ever where nothing is.
    #[inline]
    pub(super) fn due(&self) -> i64 {
        self.agenda.first_key_value().map_or(i64::MAX, |((at, _), _)| *at)
    }

    /// Does what is due first; gives when.
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

    /// A node waits for its storage to sync.
    pub(super) fn syncing(&mut self, at: i64, node: Name, rng: &mut Rng) {
        let until = at.saturating_add(rng.between(1_000_000, 500_000_000));
        self.plan(until, Task::Mend(Fault::Storage { node, how: Storage::Synced }));
    }

    /// A node has stopped by itself, and begins again after a while.
    pub(super) fn stopped(&mut self, at: i64, node: Name, rng: &mut Rng) {
        let until = at.saturating_add(rng.between(1_000_000, 500_000_000));
        self.plan(until, Task::Mend(Fault::Restart { node }));
    }

    /// What breaks, each with what mends it.
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

    /// Plans the next strike, from half of the average on up to one and a half.
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
