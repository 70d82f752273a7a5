//! Tests of code that depends on more than its events.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use afresh::rng::Rng;
use afresh::schedule::{Swarm, Unfit};
use afresh::world::{self, Cluster, Effects, Happened, Node, NodeId, Posting, digest_of};
use afresh_core::Name;
use afresh_tests::hashed::Hashed;
use afresh_tests::payments::Payments;

/// A node that forwards its input to itself, as often as a counter outside of the world says.
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
    // Another run of it does not follow the trace either.
    let run = world::simulate(&Leaky(&COUNTER), 1);
    COUNTER.store(0, Ordering::Relaxed);
    let difference = world::replay(&Leaky(&COUNTER), &run.trace("leaky")).err().unwrap();
    let told = difference.to_string();
    assert!(told.starts_with("event 2 was recorded as Stimulus(Deliver(Passage {"), "{told}");
    assert!(told.ends_with("but in this run no such message is in flight"), "{told}");
}

#[test]
fn messages_of_another_content_are_another_run() {
    let lax = Hashed { strict: false };
    let (one, other) = (world::simulate(&lax, 3), world::simulate(&lax, 3));
    assert_eq!(one.world.digest(), other.world.digest(), "the same events happen");
    assert_ne!(one.digest(), other.digest());
    let found = world::deterministic(&lax, 3).err().unwrap();
    assert!(found.one.starts_with("the message ") && found.other.starts_with("the message "), "{found}");
    // The trace has the contents, and a replay compares them.
    let trace = one.trace("hash");
    let difference = world::replay(&lax, &trace).err().unwrap();
    assert!(matches!(difference.found, Unfit::Content(_)), "{difference}");
    let tolerant = world::tolerant(&lax, &trace.events);
    assert!(tolerant.skipped == 0 && tolerant.changed > 0, "{} are different", tolerant.changed);
}

/// A node that counts its inputs in a counter that outlives the run.
#[derive(Clone, Debug)]
struct Counter(&'static AtomicU64, u64);

impl Node for Counter {
    type Input = ();
    type Message = ();
    type Timer = ();
    type Record = ();

    fn input(&mut self, (): (), _: &mut Effects<Self>) {
        self.1 = self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn message(&mut self, _: NodeId, (): (), _: &mut Effects<Self>) {}
}

impl Cluster for Counter {
    type Node = Self;

    fn names(&self) -> Vec<Name> {
        vec!["other".into(), "counter".into()]
    }

    fn node(&self, _: NodeId) -> Self {
        self.clone()
    }

    fn workload(&self, _: &mut Rng) -> Vec<Posting<Self>> {
        vec![(5, NodeId::new(1), ()), (6, NodeId::new(1), ())]
    }

    fn swarm(&self, _: &mut Rng) -> Swarm {
        Swarm::none()
    }

    fn view(&self, node: &Self) -> Option<String> {
        Some(node.1.to_string())
    }
}

#[test]
fn nodes_in_another_state_are_another_run() {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let counter = Counter(&COUNTER, 0);
    let found = world::deterministic(&counter, 1).err().unwrap();
    assert_eq!((found.event, &*found.one, &*found.other), (1, "its node as 0", "its node as 2"));
    // Runs that keep no states are compared at their ends.
    let (one, other) = (world::simulate(&counter, 1), world::simulate(&counter, 1));
    assert_ne!(one.digest(), other.digest());
    let found = world::first_difference(&one, &other).unwrap();
    assert_eq!((&*found.one, &*found.other), ("`counter` at its end as 5", "`counter` at its end as 7"));
}

#[test]
fn what_does_not_is_the_same_twice() {
    for seed in 0..50 {
        assert!(world::deterministic(&Payments::default(), seed).is_ok());
    }
}

#[test]
fn a_digest_tells_apart_what_differs_in_anything() {
    let run = world::simulate(&Payments::default(), 3);
    let events = run.world.happened();
    assert_eq!(digest_of(&events[..4]), digest_of(&events[..4]));
    let mut all = BTreeSet::new();
    let mut count = 0;
    let mut add = |events: &[Happened]| {
        count += 1;
        all.insert(digest_of(events));
    };
    // Changes every bit of an event, at each place.
    for place in 0..events.len().min(40) {
        for bit in 0..32 {
            let change = |change: &dyn Fn(&mut Happened)| {
                let mut events = events[..40.min(events.len())].to_vec();
                change(&mut events[place]);
                events
            };
            add(&change(&|event| event.at ^= 1 << bit));
            add(&change(&|event| event.at ^= 1 << (bit + 32)));
            add(&change(&|event| event.number ^= 1 << bit));
            add(&change(&|event| event.cause ^= 1 << bit));
            add(&change(&|event| event.ordinal ^= 1 << bit));
            add(&change(&|event| event.from = NodeId::new(event.from.place() ^ 1 << bit)));
            add(&change(&|event| event.to = NodeId::new(event.to.place() ^ 1 << bit)));
        }
    }
    // The order and the number of events.
    for place in 0..events.len().min(40) {
        add(&events[..place]);
        let mut swapped = events.to_vec();
        swapped.rotate_left(place);
        add(&swapped);
    }
    assert_eq!(all.len(), count);
    // A million pairs of events that differ only in a small number.
    let small = |at| Happened { at, ..events[0] };
    let digests: BTreeSet<_> = (0..1_000_000).map(|at| digest_of(&[small(at), events[1]])).collect();
    assert_eq!(digests.len(), 1_000_000);
}
