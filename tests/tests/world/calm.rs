//! Tests of the calm phase in shrunk traces.

use std::collections::BTreeSet;

use afresh::explore::{Explorer, Record, WorldExplorer};
use afresh::format::{Options, RawEvent, Reader};
use afresh::minimize::{Item, Minimizer};
use afresh::oracle::Examined;
use afresh::rng::Rng;
use afresh::schedule::{Latency, Link, Network, Swarm};
use afresh::world::{self, Cluster, Effects, Limits, Node, NodeId, Posting, WorldProperty};
use afresh_core::{Header, Name};

const NODES: usize = 3;

/// How often a node compares what it knows with the next node, in nanoseconds.
const PERIOD: i64 = 100_000_000;

/// A message between gossips.
#[derive(Clone, Debug)]
enum Message {
    /// A new rumour, or everything that a node knows.
    Heard(BTreeSet<u32>),
    /// How many rumours the sender knows.
    Known(usize),
}

/// A node that passes rumours on. The bug: it compares with others how many it knows, and not which.
#[derive(Clone, Debug, Default)]
struct Gossip {
    place: usize,
    known: BTreeSet<u32>,
}

impl Node for Gossip {
    type Input = u32;
    type Message = Message;
    type Timer = ();
    type Record = ();

    fn start(&mut self, effects: &mut Effects<Self>) {
        effects.set_timer(PERIOD, ());
    }

    fn input(&mut self, rumour: u32, effects: &mut Effects<Self>) {
        self.known.insert(rumour);
        for place in (0..NODES).filter(|place| *place != self.place) {
            effects.send(NodeId::new(place), Message::Heard([rumour].into()));
        }
    }

    fn message(&mut self, from: NodeId, message: Message, effects: &mut Effects<Self>) {
        match message {
            Message::Heard(rumours) => self.known.extend(rumours),
            Message::Known(count) if count < self.known.len() => {
                effects.send(from, Message::Heard(self.known.clone()));
            }
            Message::Known(_) => {}
        }
    }

    fn timer(&mut self, (): (), effects: &mut Effects<Self>) {
        effects.send(NodeId::new((self.place + 1) % NODES), Message::Known(self.known.len()));
        effects.set_timer(PERIOD, ());
    }
}

#[derive(Clone, Copy, Debug)]
struct Gossips;

impl Cluster for Gossips {
    type Node = Gossip;

    fn names(&self) -> Vec<Name> {
        ["a", "b", "c"].map(Name::from).to_vec()
    }

    fn node(&self, id: NodeId) -> Gossip {
        Gossip { place: id.place(), known: BTreeSet::new() }
    }

    fn properties(&self) -> Vec<WorldProperty<Gossip>> {
        vec![self.eventually("all-agree", |world| {
            let mut known = world.nodes().map(|node| &node.known);
            let first = known.next();
            let other = known.find(|known| Some(*known) != first);
            other.map_or(Ok(()), |other| Err(format!("a knows {first:?}, and another {other:?}")))
        })]
    }

    fn workload(&self, rng: &mut Rng) -> Vec<Posting<Gossip>> {
        let mut tell = |rumour| (rng.between(0, 900_000_000), NodeId::new(rng.place(NODES)), rumour);
        (1..=20).map(&mut tell).collect()
    }

    fn swarm(&self, _: &mut Rng) -> Swarm {
        let latency = Latency::Uniform { min: 1_000_000, max: 10_000_000 };
        Swarm { network: Network::of(Link { loss: 400_000, ..Link::reliable(latency) }), strikes: Vec::new() }
    }

    fn view(&self, node: &Gossip) -> Option<String> {
        Some(format!("{:?}", node.known))
    }

    fn limits(&self) -> Limits {
        Limits { faults: 1_000_000_000, calm: 1_000_000_000, ..Limits::default() }
    }
}

fn events(trace: &[u8]) -> Vec<RawEvent> {
    Reader::new("trace", trace, Options::default()).and_then(Reader::raw_trace).expect("a trace").events
}

/// The first run that shows the bug, shrunk: the events that were chosen, and the whole trace.
fn shrunk() -> (Vec<Item<RawEvent>>, Vec<u8>) {
    let explorer = WorldExplorer { name: "gossip", cluster: &Gossips };
    let traces = (0..).map(|seed| explorer.begin().run(seed, Record::Any));
    let run = { traces }.find(|run| !run.findings.is_empty()).expect("a seed shows the bug");
    let reader = Reader::new("trace", &run.trace[..], Options::default()).expect("a trace");
    let Examined { header, stimuli, mut oracle, .. } = world::examine_world(&Gossips, reader).expect("it reads back");
    oracle.aim(None).expect("it shows the bug");
    let minimized = Minimizer::new().run(stimuli, &mut *oracle, &mut ()).expect("it shows the bug");
    let header = Header { shows: Some("all-agree".to_owned()), ..header };
    let mut writer = afresh::format::Writer::new("trace", Vec::new(), &header).expect("it can be written");
    minimized.items.iter().try_for_each(|item| writer.raw_event(&item.value)).expect("it can be written");
    let trace = writer.finish().expect("it can be written");
    let trace = world::with_calm_phase(&Gossips, trace);
    (minimized.items, trace)
}

#[test]
fn a_shrunk_trace_has_the_events_of_the_calm_phase_that_change_anything() {
    let (chosen, trace) = shrunk();
    let calm: Vec<_> = events(&trace).drain(chosen.len()..).map(|event| event.content.get().to_owned()).collect();
    assert!((1..4).contains(&calm.len()), "{calm:#?}");
    assert!(calm.iter().any(|content| content.contains("Heard")), "{calm:#?}");
    let read = || Reader::new("trace", &trace[..], Options::default()).expect("a trace");
    let mut shown = 0;
    let options = afresh::show::Options::default();
    let summary = world::show_world(&Gossips, read(), &options, &mut |_| {
        shown += 1;
        Ok(())
    });
    let summary = summary.expect("it can be shown");
    let phase = summary.calm.expect("it has a calm phase");
    assert_eq!((shown, phase.telling), (chosen.len() + calm.len(), Some(calm.len() as u64)));
    assert!(phase.events > 50, "the timers go off ten times, and each sends a message: {}", phase.events);
    assert_eq!((summary.gone, summary.new, summary.findings.len()), (0, 0, 1));
    let replayed = world::replay_world(&Gossips, "gossip", read(), afresh::replay::Options::default(), None);
    let findings = replayed.expect("it can be replayed").findings;
    assert_eq!(findings, [], "the events happen as they are recorded");
    // One that does not happen is a difference.
    let other = String::from_utf8(trace.clone()).expect("text").replace("Heard({", "Heard({7, ");
    let reader = Reader::new("trace", other.as_bytes(), Options::default()).expect("a trace");
    let summary = world::show_world(&Gossips, reader, &options, &mut |_| Ok(())).expect("it can be shown");
    assert!(summary.gone > 0, "it was recorded and does not happen");
}
