//! A system as a service: an upstream that sends until it is heard, a host with a journal, and receivers downstream. They
//! are three nodes of a [world](crate::world), and whatever goes wrong in worlds goes wrong with them.
//!
//! ```text
//! upstream ──at least once──► engine on a host ──until settled──► downstream
//!                                 │ journal                       one receiver idempotent, one naive
//!                                 ▼
//!                               trace
//! ```
//!
//! What the journal of the host says when a run is over is its trace, and there is no other record. So it holds what reached
//! the host: a message that is lost on its way, or with a crash before it was journaled, is nowhere in it until it is sent
//! again; one that is late or doubled simply comes in late or twice. Upstream and downstream are the world around it, which
//! its record replaces when the trace is run again.
//!
//! Besides the faults of worlds, caches of the engine are damaged, operators turn knobs, and versions of the system are
//! deployed. When all of that is over, an operator has everything scrubbed, and the service must come to rest: every message
//! heard, every output settled, and the idempotent receiver holding what was sent last.

mod ahead;
mod downstream;
mod host;
mod orders;
mod upstream;

use std::rc::Rc;

use afresh_core::{EventNumber, Fault, Message, Name, SlotId, Stimulus, System, Violation, What};

use crate::counts::Counts;
use crate::rng::Rng;
use crate::run::{Cluster, Ended, Limits, Posting, simulate};
use crate::world::{Effects, HappenedKind, Log, Node, NodeId, Property, World};
use afresh_check::Subject;

pub(crate) use ahead::Ahead;
use downstream::{Downstream, Receipt};
pub(crate) use host::Host;
use host::Journaled;
use orders::Order;
use upstream::Upstream;

/// The name of the node that the engine runs on.
pub(crate) const NODE: &str = "app";

const UPSTREAM: NodeId = NodeId(0);
const HOST: NodeId = NodeId(1);
const DOWNSTREAM: NodeId = NodeId(2);

/// A millisecond, in nanoseconds.
const MS: i64 = 1_000_000;

/// The time between one message of the upstream and the next.
const PACE: i64 = 20 * MS;

/// After this time what was not acknowledged is sent again.
const RETRY: i64 = 200 * MS;

/// What one run is given.
pub(crate) struct Given<S: System> {
    /// The system that is deployed at first.
    pub(crate) system: S,
    /// What the upstream sends, in order.
    pub(crate) messages: Vec<Message<S::In>>,
    /// The flows that operators may turn on.
    pub(crate) flows: Vec<Name>,
    /// The versions of the system that may be deployed.
    pub(crate) versions: Vec<Name>,
    /// Where each stimulus is written before the host takes it.
    pub(crate) ahead: Option<Ahead>,
}

/// A system as a service.
struct Service<S: System>(Rc<Given<S>>);

impl<S: System> Clone for Service<S> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

/// Runs a service until it has come to rest, or should have.
pub(crate) fn run<S: Subject + 'static>(given: Given<S>, seed: u64) -> Ran<S> {
    let messages = given.messages.len() as u64;
    Ran { messages, ended: simulate(&Service(Rc::new(given)), seed) }
}

impl<S: Subject + 'static> Cluster for Service<S> {
    type Node = Party<S>;

    fn names(&self) -> Vec<Name> {
        ["upstream", NODE, "downstream"].map(Name::from).to_vec()
    }

    fn node(&self, id: NodeId) -> Party<S> {
        match id {
            UPSTREAM => Party::Upstream(Upstream::new(self.0.messages.len())),
            HOST => Party::Host(Box::new(Host::new(Rc::clone(&self.0)))),
            _ => Party::Downstream(Downstream::default()),
        }
    }

    fn properties(&self) -> Vec<Property<Party<S>>> {
        vec![
            Property::eventually("messages-acknowledged", |world| {
                let Some((upstream, ..)) = parties(world) else { return Ok(()) };
                none(upstream.unacknowledged(), "messages were not acknowledged")
            }),
            Property::eventually("outputs-settled", |world| {
                let Some((_, host, _)) = parties(world) else { return Ok(()) };
                none(host.engine().unsettled().count(), "outputs were not settled")
            }),
            Property::eventually("receiver-up-to-date", |world| {
                let Some((_, host, downstream)) = parties(world) else { return Ok(()) };
                let behind = downstream.behind(host.engine());
                let found =
                    |SlotId { key, slot }| format!("an idempotent receiver has an old revision of {key}/{slot}");
                behind.map_or(Ok(()), |id| Err(found(id)))
            }),
        ]
    }

    fn workload(&self, rng: &mut Rng) -> Vec<Posting<Party<S>>> {
        orders::draw(&self.0, self.limits().faults, rng)
    }

    fn when_calm(&self) -> Vec<(NodeId, Order)> {
        vec![(HOST, Order::Scrub)]
    }

    fn limits(&self) -> Limits {
        let faults = self.0.messages.len() as i64 * PACE + 3 * RETRY;
        Limits { faults, calm: 60_000 * MS, latency: MS, ..Limits::default() }
    }
}

fn none(count: usize, what: &str) -> Result<(), String> {
    if count == 0 { Ok(()) } else { Err(format!("{count} {what} when all faults were long over")) }
}

/// The three nodes.
fn parties<S: Subject>(world: &World<Party<S>>) -> Option<(&Upstream, &Host<S>, &Downstream)> {
    let mut nodes = world.nodes();
    match (nodes.next()?, nodes.next()?, nodes.next()?) {
        (Party::Upstream(upstream), Party::Host(host), Party::Downstream(downstream)) => {
            Some((upstream, host, downstream))
        }
        _ => None,
    }
}

/// A node of a service.
enum Party<S: System> {
    Upstream(Upstream),
    Host(Box<Host<S>>),
    Downstream(Downstream),
}

/// What the nodes send each other.
#[derive(Clone, Debug)]
enum Mail {
    /// The message at this place, from upstream.
    Message(u32),
    /// The host has it.
    Acknowledge(u32),
    /// An output, from the host: the event that it was sent in, and the slot and the revision that it has.
    Output { event: EventNumber, id: SlotId, revision: u32 },
    /// Downstream has the output that was sent in this event.
    Settle(EventNumber),
}

/// What a timer is for.
#[derive(Clone, Copy, Debug)]
enum Alarm {
    /// It is time to send the message at this place, unless it is acknowledged.
    Send(u32),
    /// It is time to send again what is not settled.
    Resend,
}

/// What is durable.
#[derive(Clone)]
enum Record<S: System> {
    /// Upstream: the message at this place is acknowledged.
    Acknowledged(u32),
    /// The host: what it journaled.
    Journaled(Journaled<S>),
    /// Downstream: an output arrived.
    Received(Receipt),
}

impl<S: Subject> Node for Party<S> {
    type Input = Order;
    type Message = Mail;
    type Timer = Alarm;
    type Record = Record<S>;

    fn start(&mut self, effects: &mut Effects<Self>) {
        if let Self::Upstream(upstream) = self {
            upstream.begin(effects);
        }
    }

    fn restart(&mut self, log: Log<'_, Record<S>>, effects: &mut Effects<Self>) {
        match self {
            Self::Upstream(upstream) => upstream.restart(log.records, effects),
            Self::Host(host) => host.restart(log.records, effects),
            Self::Downstream(downstream) => downstream.restart(log.records),
        }
    }

    fn input(&mut self, order: Order, effects: &mut Effects<Self>) {
        if let Self::Host(host) = self {
            host.obey(order, effects);
        }
    }

    fn message(&mut self, _: NodeId, mail: Mail, effects: &mut Effects<Self>) {
        match (self, mail) {
            (Self::Host(host), Mail::Message(message)) => host.receive(message, effects),
            (Self::Host(host), Mail::Settle(event)) => host.settle(event, effects),
            (Self::Upstream(upstream), Mail::Acknowledge(message)) => upstream.acknowledged(message, effects),
            (Self::Downstream(downstream), Mail::Output { event, id, revision }) => {
                downstream.receive(event, Receipt { id, revision }, effects);
            }
            _ => {}
        }
    }

    fn timer(&mut self, alarm: Alarm, effects: &mut Effects<Self>) {
        match (self, alarm) {
            (Self::Upstream(upstream), Alarm::Send(message)) => upstream.send(message, effects),
            (Self::Host(host), Alarm::Resend) => host.resend(effects),
            _ => {}
        }
    }
}

/// A run that is over.
pub(crate) struct Ran<S: Subject> {
    messages: u64,
    ended: Ended<Party<S>>,
}

impl<S: Subject> Ran<S> {
    /// The host, with its journal.
    pub(crate) fn host(&self) -> Option<&Host<S>> {
        parties(&self.ended.world).map(|(_, host, _)| host)
    }

    /// Where it did not come to rest.
    pub(crate) fn violations(&self) -> &[Violation] {
        &self.ended.violations
    }

    /// What was counted. A naive receiver counts what is sent to it once more, too.
    pub(crate) fn counts(&self) -> Counts {
        let Some((_, host, downstream)) = parties(&self.ended.world) else { return Counts::default() };
        let world = &self.ended.world;
        let (mut arrived, mut knobs, mut faults) = (0, 0, world.faults());
        for event in host.engine().journal().events() {
            match &event.what {
                What::Stimulus(Stimulus::In(_)) => arrived += 1,
                What::Stimulus(Stimulus::Knob(_)) => knobs += 1,
                What::Stimulus(Stimulus::Fault(fault)) if !matches!(**fault, Fault::Restart { .. }) => faults += 1,
                _ => {}
            }
        }
        let of = |kind| world.happened().iter().filter(|happened| happened.kind == kind).count() as u64;
        let (delivered, repeated) = downstream.counts();
        Counts::new([
            ("messages", self.messages),
            ("arrived", arrived),
            ("delivered", delivered),
            ("repeated", repeated),
            ("lost", of(HappenedKind::Drop)),
            ("doubled", of(HappenedKind::Duplicate)),
            ("faults", faults),
            ("knobs", knobs),
        ])
    }
}
