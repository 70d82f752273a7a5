//! Tests of assumptions: a run that breaks one is void, and so is a candidate whose network does what it cannot.

use afresh::check::Options;
use afresh::explore::{Explorer, Record, VOID, WorldExplorer};
use afresh::format::{Kind, Reader};
use afresh::minimize::{Candidate, Edit, Verdict};
use afresh::rng::Rng;
use afresh::schedule::{Blow, Latency, Link, Network, Strike, Swarm};
use afresh::world::{self, Assumption, Cluster, Effects, Limits, Node, NodeId, Posting, WorldProperty};
use afresh_core::Name;

/// How long a node waits for its answer, in nanoseconds: longer than the network takes, if it loses nothing.
const PATIENCE: i64 = 50_000_000;

/// A node that asks the other one, and suspects it if no answer comes in time.
#[derive(Clone, Default)]
struct Asker {
    waits: bool,
    suspects: bool,
}

impl Node for Asker {
    type Input = ();
    type Message = bool;
    type Timer = ();
    type Record = ();

    fn input(&mut self, (): (), effects: &mut Effects<Self>) {
        self.waits = true;
        effects.send(NodeId::new(1), true);
        effects.set_timer(PATIENCE, ());
    }

    fn message(&mut self, from: NodeId, asks: bool, effects: &mut Effects<Self>) {
        if asks {
            effects.send(from, false);
        } else {
            self.waits = false;
        }
    }

    fn timer(&mut self, (): (), _: &mut Effects<Self>) {
        self.suspects = self.waits;
    }
}

/// Two nodes, the first of which asks the other.
#[derive(Clone, Copy, Default)]
struct Pair {
    /// Whether the network loses messages.
    loses: bool,
    /// Whether nodes crash.
    crashes: bool,
    /// Whether the property can never hold: it is violated as soon as the timer goes off.
    hopeless: bool,
    /// The most nodes that may be down at the same time, if that is assumed.
    most: Option<usize>,
}

impl Cluster for Pair {
    type Node = Asker;

    fn names(&self) -> Vec<Name> {
        vec!["a".into(), "b".into()]
    }

    fn node(&self, _: NodeId) -> Asker {
        Asker::default()
    }

    fn assumes(&self) -> Vec<Assumption<Asker>> {
        self.most.map(Assumption::at_most_down).into_iter().collect()
    }

    fn properties(&self) -> Vec<WorldProperty<Asker>> {
        let hopeless = self.hopeless;
        vec![self.always("suspects-nobody", move |world| {
            let suspects = world.node(NodeId::new(0)).is_some_and(|node| node.suspects);
            let ended = world.now() >= PATIENCE;
            if suspects || hopeless && ended { Err("a suspects b".to_owned()) } else { Ok(()) }
        })]
    }

    fn workload(&self, _: &mut Rng) -> Vec<Posting<Asker>> {
        vec![(0, NodeId::new(0), ())]
    }

    fn swarm(&self, _: &mut Rng) -> Swarm {
        let latency = Latency::Uniform { min: 1_000_000, max: 10_000_000 };
        let link = Link { loss: if self.loses { 500_000 } else { 0 }, ..Link::reliable(latency) };
        let crash = Strike { what: Blow::Crash, every: 20_000_000, lasting: 100_000_000 };
        Swarm { network: Network::of(link), strikes: if self.crashes { vec![crash] } else { Vec::new() } }
    }

    fn limits(&self) -> Limits {
        Limits { faults: 200_000_000, calm: 100_000_000, ..Limits::default() }
    }
}

/// The trace of the run with seed 1.
fn trace_of(pair: Pair) -> Vec<u8> {
    let explorer = WorldExplorer { name: "pair", cluster: &pair };
    explorer.begin().run(1, Record::Any).trace
}

fn read(trace: &[u8]) -> Reader<&[u8]> {
    Reader::new("trace", trace, afresh::format::Options::default()).unwrap()
}

/// The trace without the events for which `goes` returns true.
fn without(trace: &[u8], goes: impl Fn(&str) -> bool) -> Vec<u8> {
    let text = std::str::from_utf8(trace).unwrap();
    text.lines().filter(|line| !goes(line)).flat_map(|line| [line, "\n"]).collect::<String>().into_bytes()
}

/// The verdict on the trace without its deliveries, for the bug that a suspects b.
fn without_deliveries(pair: Pair, trace: &[u8], is_twin: bool) -> Verdict {
    let mut examined = world::examine_world(&pair, read(trace)).unwrap();
    examined.oracle.bug_is(&"suspects-nobody".parse().unwrap());
    if is_twin {
        examined.oracle.be_twin();
    }
    let deliveries = examined.stimuli.iter().filter(|item| item.value.kind == Kind::Deliver);
    let edit = Edit::Remove(deliveries.map(|item| (item.number, item.number)).collect());
    assert!(!edit.removed().is_empty());
    examined.oracle.test(&Candidate::new(&examined.stimuli, &edit))
}

#[test]
fn where_nothing_is_lost_a_delivery_cannot_be_left_out() {
    let reliable = Pair::default();
    let trace = trace_of(reliable);
    let verdict = without_deliveries(reliable, &trace, false);
    let Verdict::Unresolved(reason) = &verdict else { panic!("{verdict:?}") };
    assert!(reason.starts_with("void: the assumption network-delivers does not hold at event"), "{reason}");
    // Where messages can be lost, it is a loss like any other, and the bug is real.
    let lossy = Pair { loses: true, ..Pair::default() };
    assert!(without_deliveries(lossy, &trace, false).is_same());
    // A twin runs the trace of another version, so the replay delivers what the trace does not know.
    assert_eq!(without_deliveries(reliable, &trace, true), Verdict::Passed);
    let small = without(&trace, |line| line.contains("deliver"));
    let checked = world::check_world(&reliable, read(&small), Options::default()).unwrap();
    assert_eq!((checked.findings, checked.void), (Vec::new(), None));
}

#[test]
fn a_trace_with_an_impossible_loss_is_void() {
    let trace = String::from_utf8(trace_of(Pair::default())).unwrap().replace("\"deliver\"", "\"drop\"");
    let checked = world::check_world(&Pair::default(), read(trace.as_bytes()), Options::default()).unwrap();
    assert_eq!(checked.findings, []);
    let void = checked.void.expect("it is void");
    assert!(void.ends_with("a message from a to b is lost"), "{void}");
}

#[test]
fn a_run_that_breaks_an_assumption_is_void() {
    let crashing = Pair { crashes: true, most: Some(0), hopeless: true, ..Pair::default() };
    let ended = world::simulate(&crashing, 1);
    assert_eq!(ended.findings, []);
    let void = ended.void.as_ref().expect("a node is down");
    assert_eq!(void.assumption, "at-most-down");
    assert_eq!(void.event.get(), ended.world.happened().last().unwrap().number, "it ends there");
    let explorer = WorldExplorer { name: "pair", cluster: &crashing };
    let run = explorer.begin().run(1, Record::Any);
    assert_eq!((run.counts.get(VOID), run.void), (1, Some(void.to_string())));
    let checked = world::check_world(&crashing, read(&run.trace), Options::default()).unwrap();
    assert_eq!((checked.findings, checked.void), (Vec::new(), Some(void.to_string())));
    // Without the assumption, the same seed shows the bug.
    let free = Pair { most: None, ..crashing };
    assert_eq!(world::simulate(&free, 1).findings.len(), 1);
    // And its trace cannot be shrunk where the assumption counts.
    let mut examined = world::examine_world(&crashing, read(&trace_of(free))).unwrap();
    let refused = examined.oracle.aim(None).unwrap_err();
    assert!(matches!(refused, afresh::oracle::Aimless::Void(_)), "{refused:?}");
}

#[test]
fn a_message_that_can_be_lost_still_arrives_in_time() {
    let lossy = Pair { loses: true, ..Pair::default() };
    let seeds = (1..).map(|seed| {
        let explorer = WorldExplorer { name: "pair", cluster: &lossy };
        String::from_utf8(explorer.begin().run(seed, Record::Any).trace).unwrap()
    });
    // The request arrives and its answer is lost, so the bug shows.
    let trace = { seeds }.find(|trace| trace.contains("\"deliver\"") && trace.contains("\"drop\"")).unwrap();
    let verdict = |trace: &str| {
        let mut examined = world::examine_world(&lossy, read(trace.as_bytes())).unwrap();
        examined.oracle.bug_is(&"suspects-nobody".parse().unwrap());
        examined.oracle.test(&Candidate::new(&examined.stimuli, &Edit::Keep))
    };
    assert!(verdict(&trace).is_same(), "{trace}");
    let late = |line: &str| {
        let (before, rest) = line.split_once("\"at\":").expect("a delivery has a time");
        let (_, after) = rest.split_once(',').expect("more follows");
        format!("{before}\"at\":40000000,{after}")
    };
    let lines = trace.lines().map(|line| if line.contains("\"deliver\"") { late(line) } else { line.to_owned() });
    let late: String = lines.flat_map(|line| [line, "\n".to_owned()]).collect();
    let Verdict::Unresolved(reason) = verdict(&late) else { panic!("{:?}", verdict(&late)) };
    assert!(reason.ends_with("a message from a to b is delivered too late"), "{reason}");
    // A trace that is not a candidate may be of a slower network than those that are known.
    let checked = world::check_world(&lossy, read(late.as_bytes()), Options::default()).unwrap();
    assert_eq!(checked.void, None);
}
