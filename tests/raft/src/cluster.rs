//! A group of raft nodes.

use afresh::rng::Rng;
use afresh::world::{Cluster, Limits, NodeId, Posting, WorldProperty};
use afresh_core::Name;
use serde::{Deserialize, Serialize};

use super::host::{Host, Mistake};
use super::properties;

/// A stimulus: a value is proposed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Propose(pub u32);

/// A group of nodes.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    /// The number of nodes.
    pub nodes: usize,
    /// The mistake in their hosts.
    pub mistake: Mistake,
}

impl Group {
    /// Returns all groups: `raft` with three nodes and `raft-of-five` with five, both with the correct host, and
    /// three nodes for each mistake, named for example `raft+loses-tail`.
    pub fn all() -> impl Iterator<Item = (String, Self)> {
        let right = [("raft", 3), ("raft-of-five", 5)];
        let right = right.map(|(name, nodes)| (name.to_owned(), Self { nodes, mistake: Mistake::No }));
        let wrong = Mistake::ALL.map(|(name, mistake)| (format!("raft+{name}"), Self { nodes: 3, mistake }));
        right.into_iter().chain(wrong)
    }
}

impl Cluster for Group {
    type Node = Host;

    fn names(&self) -> Vec<Name> {
        (1..=self.nodes).map(|id| format!("n{id}").into()).collect()
    }

    fn node(&self, id: NodeId) -> Host {
        Host::new(id.place() as u64 + 1, (1..=self.nodes as u64).collect(), self.mistake)
    }

    fn properties(&self) -> Vec<WorldProperty<Host>> {
        properties::all()
    }

    fn workload(&self, rng: &mut Rng) -> Vec<Posting<Host>> {
        let count = rng.between(5, 40) as u32;
        let faults = self.limits().faults;
        let mut propose = |value| (rng.between(0, faults), NodeId::new(rng.place(self.nodes)), Propose(value));
        (1..=count).map(&mut propose).collect()
    }

    fn limits(&self) -> Limits {
        Limits { faults: 5_000_000_000, calm: 3_000_000_000, ..Limits::default() }
    }
}
