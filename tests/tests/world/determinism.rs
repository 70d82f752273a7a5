//! Code that depends on more than what it is told.

use std::sync::atomic::{AtomicU64, Ordering};

use afresh::rng::Rng;
use afresh::schedule::Swarm;
use afresh::world::{self, Cluster, Effects, Node, NodeId, Posting};
use afresh_core::Name;
use afresh_tests::payments::Payments;

/// Sends what it is told on to itself, as often as a counter says that no world knows of.
#[derive(Clone)]
struct Leaky(&'static AtomicU64);

impl Node for Leaky {
    type Input = ();
    type Message = ();
    type Timer = ();
    type Record = ();

    fn input(&mut self, (): (), effects: &mut Effects<Self>) {
        for _ in 0..self.0.fetch_add(1, Ordering::Relaxed) {
            effects.send(effects.me(), ());
        }
    }

    fn message(&mut self, _: NodeId, (): (), _: &mut Effects<Self>) {}
}

impl Cluster for Leaky {
    type Node = Self;

    fn names(&self) -> Vec<Name> {
        vec!["leaky".into()]
    }

    fn node(&self, _: NodeId) -> Self {
        self.clone()
    }

    fn workload(&self, _: &mut Rng) -> Vec<Posting<Self>> {
        vec![(5, NodeId::new(0), ())]
    }

    fn swarm(&self, _: &mut Rng) -> Swarm {
        Swarm::none()
    }
}

#[test]
fn what_depends_on_more_than_it_is_told_is_seen_at_the_first_event() {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let found = world::deterministic(&Leaky(&COUNTER), 1).err().unwrap();
    assert_eq!(found.event, 2);
    assert!(found.one.contains("Fault") && found.other.contains("Deliver"), "{found}");
    // A trace of it does not fit another run of it either.
    let run = world::simulate(&Leaky(&COUNTER), 1);
    COUNTER.store(0, Ordering::Relaxed);
    let difference = world::replay(&Leaky(&COUNTER), &run.trace("leaky")).err().unwrap();
    let told = difference.to_string();
    assert!(told.starts_with("event 2 was recorded as Stimulus(Deliver(Passage {"), "{told}");
    assert!(told.ends_with("but in this run no such message is under way"), "{told}");
}

#[test]
fn what_does_not_is_the_same_twice() {
    for seed in 0..50 {
        assert!(world::deterministic(&Payments::default(), seed).is_ok());
    }
}
