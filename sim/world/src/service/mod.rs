//! The simulation of a system as a service: an upstream, a host that runs the engine, and receivers downstream.
//!
//! The upstream sends each message until it is acknowledged, and the host sends each output until it is settled. The
//! three are nodes of a [world](crate::world), so every fault of worlds can strike them.
//!
//! ```text
//! upstream ──at least once──► engine on a host ──until settled──► downstream
//!                                 │ journal                       one receiver idempotent, one naive
//!                                 ▼
//!                               trace
//! ```
//!
//! The trace of a run is the journal of the host at the end of the run. There is no other record, so the trace has only
//! the messages that reached the host. A message that the network lost, or that a crash lost before it was journaled,
//! is not in the trace until it is sent again. A late or duplicated message is in the trace late or twice. A replay of
//! the trace needs neither upstream nor downstream, because the trace has everything that reached the host.
//!
//! There are more faults than in other worlds: caches of the engine are damaged. In addition, operators turn knobs and
//! deploy versions of the system. In the calm phase, an operator scrubs all keys. The service must then come to rest:
//! every message is acknowledged, every output is settled, and the idempotent receiver holds the last revision of each
//! slot.

mod ahead;
mod downstream;
mod host;
mod orders;
mod upstream;

use std::rc::Rc;

use afresh_check::Finding;
use afresh_check::Subject;
use afresh_core::{EventNumber, Fault, Message, Name, SlotId, Stimulus, System, What};

use crate::counts::Counts;
use crate::rng::Rng;
use crate::run::{Cluster, Ended, Limits, Posting, simulate};
use crate::world::{Effects, HappenedKind, Log, Node, NodeId, World, WorldProperty};

pub(crate) use ahead::Ahead;
use downstream::{Downstream, Receipt};
pub(crate) use host::Host;
use host::Journaled;
use orders::Order;
use upstream::Upstream;

/// The name of the node that runs the engine, as traces record it.
pub(crate) const NODE: &str = "app";

const UPSTREAM: NodeId = NodeId(0);
const HOST: NodeId = NodeId(1);
const DOWNSTREAM: NodeId = NodeId(2);

/// The number of nanoseconds in a millisecond.
const MS: i64 = 1_000_000;

/// The time from one message of the upstream to the next, in nanoseconds.
const PACE: i64 = 20 * MS;

/// The time after which a message without acknowledgement, or an unsettled output, is sent again, in nanoseconds.
const RETRY: i64 = 200 * MS;

/// The inputs of one simulated run of a service: the system, the messages, the flows and the versions.
pub(crate) struct Given<S: System> {
    /// The system that is deployed when the run begins.
    pub(crate) system: S,
    /// The messages that the upstream sends, in their order.
    pub(crate) messages: Vec<Message<S::In>>,
    /// The flows that operators may turn on.
    pub(crate) flows: Vec<Name>,
    /// The names of the versions of the system that may be deployed during the run.
    pub(crate) versions: Vec<Name>,
    /// The trace file in which each stimulus is written before the host takes it, if one is wanted.
    pub(crate) ahead: Option<Ahead>,
}

/// The cluster that simulates a system as a service.
struct Service<S: System>(Rc<Given<S>>);

impl<S: System> Clone for Service<S> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

/// Simulates a system as a service from a seed, until the service has come to rest, or the calm phase is over.
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

    fn properties(&self) -> Vec<WorldProperty<Party<S>>> {
        vec![
            self.eventually("messages-acknowledged", |world| {
                let Some((upstream, ..)) = parties(world) else { return Ok(()) };
                none(upstream.unacknowledged(), "messages not acknowledged")
            }),
            self.eventually("outputs-settled", |world| {
                let Some((_, host, _)) = parties(world) else { return Ok(()) };
                none(host.engine().unsettled().count(), "outputs not settled")
            }),
            self.eventually("receiver-up-to-date", |world| {
                let Some((_, host, downstream)) = parties(world) else { return Ok(()) };
                let behind = downstream.behind(host.engine());
                let found = |SlotId { key, slot }| {
                    format!("the idempotent receiver does not have the last revision of {key}/{slot}")
                };
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

/// Returns an error with the count and its description `what`, unless the count is 0.
fn none(count: usize, what: &str) -> Result<(), String> {
    if count == 0 { Ok(()) } else { Err(format!("{what} at the end of the calm phase: {count}")) }
}

/// Returns the three nodes of a service, each with its own type.
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

/// A message between the nodes of a service.
#[derive(Clone, Debug)]
enum Mail {
    /// From upstream to the host: the message with this index.
    Message(u32),
    /// From the host to upstream: the message with this index is journaled.
    Acknowledge(u32),
    /// From the host to downstream: an output, with the event number, the slot and the revision that the host gave it.
    Output { event: EventNumber, id: SlotId, revision: u32 },
    /// From downstream to the host: the output with this event number has arrived.
    Settle(EventNumber),
}

/// The purpose of a timer of a node of a service.
#[derive(Clone, Copy, Debug)]
enum Alarm {
    /// Upstream sends the message with this index, unless the message is already acknowledged.
    Send(u32),
    /// The host sends all unsettled outputs again.
    Resend,
}

/// A record in the storage of a node of a service.
#[derive(Clone)]
enum Record<S: System> {
    /// A record of upstream: the message with this index is acknowledged.
    Acknowledged(u32),
    /// A record of the host: events of its journal.
    Journaled(Journaled<S>),
    /// A record of downstream: an output that arrived.
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

/// A finished run of a simulated service.
pub(crate) struct Ran<S: Subject> {
    messages: u64,
    ended: Ended<Party<S>>,
}

impl<S: Subject> Ran<S> {
    /// Returns the host, which has the journal of the run.
    pub(crate) fn host(&self) -> Option<&Host<S>> {
        parties(&self.ended.world).map(|(_, host, _)| host)
    }

    /// The findings, for example because the service did not come to rest.
    pub(crate) fn findings(&self) -> &[Finding] {
        &self.ended.findings
    }

    /// Counts what happened in the run.
    ///
    /// An output that arrives several times counts each time, as a naive receiver would count it.
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
            ("duplicated", of(HappenedKind::Duplicate)),
            ("faults", faults),
            ("knobs", knobs),
        ])
    }
}
