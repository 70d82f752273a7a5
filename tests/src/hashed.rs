//! A world whose messages depend on the order of a hash set, which differs from run to run.

use afresh::rng::Rng;
use afresh::world::{Cluster, Effects, Node, NodeId, Posting, WorldProperty};
use afresh_core::Name;

/// A node that sends as many numbers to the other node as its input says: the first ones of a hash set, which is so
/// large that two runs do not have the same ones by chance.
#[derive(Clone, Debug, Default)]
pub struct Sender {
    got: Vec<u64>,
}

impl Node for Sender {
    type Input = u64;
    type Message = u64;
    type Timer = ();
    type Record = ();

    #[expect(clippy::disallowed_types, reason = "it is the mistake")]
    fn input(&mut self, count: u64, effects: &mut Effects<Self>) {
        let numbers: std::collections::HashSet<u64> = (1..=10_000).collect();
        numbers.into_iter().take(count as usize).for_each(|number| effects.send(NodeId::new(1), number));
    }

    fn message(&mut self, _: NodeId, number: u64, _: &mut Effects<Self>) {
        self.got.push(number);
    }
}

/// A world of two such nodes.
#[derive(Clone, Copy, Debug)]
pub struct Hashed {
    /// Whether the first number must be 1, which holds only by chance.
    pub strict: bool,
}

impl Cluster for Hashed {
    type Node = Sender;

    fn names(&self) -> Vec<Name> {
        vec!["a".into(), "b".into()]
    }

    fn node(&self, _: NodeId) -> Sender {
        Sender::default()
    }

    fn workload(&self, rng: &mut Rng) -> Vec<Posting<Sender>> {
        (0..3).map(|_| (rng.between(0, 1_000_000_000), NodeId::new(0), 9)).collect()
    }

    fn properties(&self) -> Vec<WorldProperty<Sender>> {
        let strict = self.strict;
        vec![self.always("starts-with-one", move |world| {
            let first = world.nodes().nth(1).and_then(|node| node.got.first());
            match first {
                Some(first) if strict && *first != 1 => Err(format!("the first is {first}")),
                _ => Ok(()),
            }
        })]
    }

    fn view(&self, node: &Sender) -> Option<String> {
        Some(format!("{node:?}"))
    }
}
