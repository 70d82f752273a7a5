//! The simulation of a system as a service: an upstream, a host that runs the engine, and receivers downstream.
//!
//! The upstream sends each message until it is acknowledged, and the host sends each output until it is settled. The
//! three are nodes of a [`World`], so every fault of worlds can strike them.
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

use std::sync::Arc;

use afresh_check::Finding;
use afresh_check::Subject;
use afresh_core::host::Timer;
use afresh_core::{EventNumber, Fault, Message, Name, Opening, SlotId, Stimulus, System, What};

use crate::counts::Counts;
use crate::rng::Rng;
use crate::run::{Cluster, Ended, Limits, Posting, simulate};
use crate::workload::Workload;
use crate::world::{Effects, HappenedKind, Log, Node, NodeId, World, WorldProperty};

pub(crate) use ahead::Ahead;
use downstream::{Downstream, Receipt};
pub(crate) use host::HostNode;
use host::Journaled;
pub use orders::Order;
pub(crate) use upstream::Lanes;
use upstream::Upstream;

/// The name of the node that runs the engine, as traces record it.
pub(crate) const NODE: &str = "app";

const UPSTREAM: NodeId = NodeId(0);
const HOST: NodeId = NodeId(1);
const DOWNSTREAM: NodeId = NodeId(2);

/// The number of nanoseconds in a millisecond.
const MS: i64 = 1_000_000;

/// The time from one message of the upstream to the next, in milliseconds.
const PACE_MS: u32 = 20;

/// The time after which a message without acknowledgement, or an unsettled output, is sent again, in nanoseconds.
const RETRY: i64 = 200 * MS;

/// The largest number of messages in a run of [`Service`], where a workload may draw more.
const MESSAGES_MAX: usize = 40;

/// A mistake that a host can make: each breaks one of its promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// A batch counts as durable as soon as it is written, so messages are acknowledged, and outputs sent, too early.
    AcknowledgesEarly,
    /// An output counts as settled as soon as it is sent.
    SettlesEarly,
    /// A restart does not send the outputs that are not settled.
    ForgetsUnsettled,
}

impl Bug {
    /// All bugs, by name.
    pub const ALL: &[(&str, Self)] = &[
        ("acknowledges-early", Self::AcknowledgesEarly),
        ("settles-early", Self::SettlesEarly),
        ("forgets-unsettled", Self::ForgetsUnsettled),
    ];
}

/// What all nodes of a simulated service are given.
pub(crate) struct Given<S: System> {
    /// The system that is deployed when the run begins.
    pub(crate) system: S,
    /// The flows that operators may turn on.
    pub(crate) flows: Vec<Name>,
    /// The names of the versions of the system that may be deployed during the run.
    pub(crate) versions: Vec<Name>,
    /// The mistake that the host makes.
    pub(crate) bug: Option<Bug>,
    /// The trace file in which each stimulus is written before the host takes it, if one is wanted.
    pub(crate) ahead: Option<Ahead>,
    /// The views with which keys open, if the run is a window of a history.
    pub(crate) window: Option<Vec<Opening<S::View>>>,
    /// The messages that the upstream sends one after the other.
    pub(crate) lanes: Lanes,
}

impl<S: System> Given<S> {
    /// Creates the setup of a run with a whole history, in which no message waits for another one.
    fn new(system: S, flows: &[Name], versions: &[Name], bug: Option<Bug>) -> Self {
        let (flows, versions) = (flows.to_vec(), versions.to_vec());
        Self { system, flows, versions, bug, ahead: None, window: None, lanes: Lanes::None }
    }
}

/// A system as a service, as a world of its own: upstream, the host, and downstream.
///
/// [`SystemExplorer`](crate::explore::SystemExplorer) looks for bugs of the system, and its traces are journals of the
/// host. This world is for bugs of the host, so its traces hold what happens to all three nodes.
#[derive(Clone)]
pub struct Service<S: System> {
    given: Arc<Given<S>>,
    messages: Messages<S>,
}

/// Where the messages of a run come from.
#[derive(Clone)]
enum Messages<S: System> {
    These(Vec<Message<S::In>>),
    Drawn(Workload<S::In>),
}

impl<S: Subject + 'static> Service<S> {
    /// Creates the service of a system, with the messages that it is sent.
    pub fn new(system: S, workload: Workload<S::In>) -> Self {
        let given = Given::new(system, workload.flows(), workload.versions(), None);
        Self { given: Arc::new(given), messages: Messages::Drawn(workload) }
    }

    /// Returns the correct service by its name, and each with a bug as `name+bug`.
    pub fn all(name: &str, system: S, workload: Workload<S::In>) -> Vec<(String, Self)> {
        let correct = Self::new(system, workload);
        let with = |(bug, which): &(&str, Bug)| (format!("{name}+{bug}"), correct.with(Some(*which)));
        let broken: Vec<_> = Bug::ALL.iter().map(with).collect();
        std::iter::once((name.to_owned(), correct.clone())).chain(broken).collect()
    }

    /// Returns the same service with this mistake of the host, or without one.
    #[must_use]
    pub fn with(&self, bug: Option<Bug>) -> Self {
        let Given { system, flows, versions, .. } = &*self.given;
        let given = Given::new(system.clone(), flows, versions, bug);
        Self { given: Arc::new(given), messages: self.messages.clone() }
    }
}

/// Simulates a system as a service from a seed, until the service has come to rest, or the calm phase is over.
pub(crate) fn run<S: Subject + 'static>(given: Given<S>, messages: Vec<Message<S::In>>, seed: u64) -> Ran<S> {
    let count = messages.len() as u64;
    let service = Service { given: Arc::new(given), messages: Messages::These(messages) };
    Ran { messages: count, ended: simulate(&service, seed) }
}

impl<S: Subject + 'static> Cluster for Service<S> {
    type Node = Party<S>;

    fn names(&self) -> Vec<Name> {
        ["upstream", NODE, "downstream"].map(Name::from).to_vec()
    }

    fn node(&self, id: NodeId) -> Party<S> {
        Party(match id {
            UPSTREAM => Role::Upstream(Upstream::new(self.given.lanes)),
            HOST => Role::Host(Box::new(HostNode::new(Arc::clone(&self.given)))),
            _ => Role::Downstream(Downstream::default()),
        })
    }

    fn properties(&self) -> Vec<WorldProperty<Party<S>>> {
        vec![
            self.eventually("messages-acknowledged", |world| {
                let Some((upstream, ..)) = parties(world) else { return Ok(()) };
                none(upstream.unacknowledged(), "messages not acknowledged")
            }),
            self.eventually("acknowledged-is-journaled", |world| {
                let Some((upstream, host, _)) = parties(world) else { return Ok(()) };
                let journal = host.engine().journal();
                let lost = upstream.acknowledged().find(|message| journal.revisions(&message.fact()).is_empty());
                lost.map_or(Ok(()), |message| Err(format!("{} was acknowledged, and the journal lacks it", message.id)))
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

    fn twin(&self) -> Option<Self> {
        self.given.bug.map(|_| self.with(None))
    }

    fn workload(&self, rng: &mut Rng) -> Vec<Posting<Party<S>>> {
        let messages = match &self.messages {
            Messages::These(messages) => messages.clone(),
            Messages::Drawn(workload) => {
                let mut messages = workload.begin().draw(rng.bits()).unwrap_or_default();
                messages.truncate(MESSAGES_MAX);
                messages
            }
        };
        // Upstream gets all of them at once: one that comes while it is down would be lost before it was promised.
        let pace = self.given.lanes.pace_ms();
        let posts = (0..).zip(messages).map(|(n, message)| (0, UPSTREAM, Order::offer(n * pace, message)));
        let opens = self.given.window.iter().map(|_| (0, HOST, Order::Open));
        opens.chain(posts).chain(orders::draw::<S>(&self.given, self.limits().faults, rng)).collect()
    }

    fn when_calm(&self) -> Vec<(NodeId, Order<S::In>)> {
        vec![(HOST, Order::Scrub)]
    }

    fn view(&self, Party(role): &Party<S>) -> Option<String> {
        Some(match role {
            Role::Upstream(upstream) => upstream.to_string(),
            Role::Host(host) => host.to_string(),
            Role::Downstream(downstream) => downstream.to_string(),
        })
    }

    fn limits(&self) -> Limits {
        let count = match &self.messages {
            Messages::These(messages) => messages.len(),
            Messages::Drawn(_) => MESSAGES_MAX,
        };
        Limits {
            faults: count as i64 * i64::from(self.given.lanes.pace_ms()) * MS + 3 * RETRY,
            calm: 60_000 * MS,
            latency: MS,
            ..Limits::default()
        }
    }
}

/// Returns an error with the count and its description `what`, unless the count is 0.
fn none(count: usize, what: &str) -> Result<(), String> {
    if count == 0 { Ok(()) } else { Err(format!("{what} at the end of the calm phase: {count}")) }
}

/// Returns the three nodes of a service, each with its own type.
fn parties<S: Subject>(world: &World<Party<S>>) -> Option<(&Upstream<S>, &HostNode<S>, &Downstream)> {
    let mut nodes = world.nodes().map(|Party(role)| role);
    match (nodes.next()?, nodes.next()?, nodes.next()?) {
        (Role::Upstream(upstream), Role::Host(host), Role::Downstream(downstream)) => {
            Some((upstream, host, downstream))
        }
        _ => None,
    }
}

/// A node of a service.
pub struct Party<S: System>(Role<S>);

/// What a node of a service does.
enum Role<S: System> {
    Upstream(Upstream<S>),
    Host(Box<HostNode<S>>),
    Downstream(Downstream),
}

/// A message between the nodes of a service.
#[derive(Clone, Debug)]
pub enum Mail<I> {
    /// From upstream to the host: the message with this index among those of upstream.
    Message(u32, Arc<Message<I>>),
    /// From the host to upstream: the message with this index is durable.
    Acknowledge(u32),
    /// From the host to downstream: an output, with the event number, the slot and the revision that the host gave it.
    Output {
        /// The event that sent the output.
        event: EventNumber,
        /// The slot of the output.
        id: SlotId,
        /// The revision of the output.
        revision: u32,
    },
    /// From downstream to the host: the output with this event number has arrived.
    Settle(EventNumber),
}

/// The purpose of a timer of a node of a service.
///
/// None names what it is for by a number: in a shrunk trace, that would be another one.
#[derive(Clone, Copy, Debug)]
pub enum Alarm {
    /// Upstream sends the next message, unless the message is already acknowledged.
    Send,
    /// The storage of the host makes a batch durable.
    Commit,
    /// The host has waited long enough for downstream to confirm the output that it sent the longest time ago.
    Late,
    /// A timer that the host itself has asked for.
    Host(Timer),
}

/// A record in the storage of a node of a service.
#[derive(Clone)]
pub struct Record<S: System>(Kept<S>);

/// The content of a record.
#[derive(Clone)]
enum Kept<S: System> {
    /// A record of upstream: a message, and the time at which to send it first, in milliseconds.
    Posted(u32, Arc<Message<S::In>>),
    /// A record of upstream: the message with this index is acknowledged.
    Acknowledged(u32),
    /// A record of the host: events of its journal.
    Journaled(Journaled<S>),
    /// A record of downstream: an output that arrived.
    Received(Receipt),
}

impl<S: Subject> Node for Party<S> {
    type Input = Order<S::In>;
    type Message = Mail<S::In>;
    type Timer = Alarm;
    type Record = Record<S>;

    fn restart(&mut self, log: Log<'_, Record<S>>, effects: &mut Effects<Self>) {
        let records = log.records.iter().map(|Record(kept)| kept);
        match &mut self.0 {
            Role::Upstream(upstream) => upstream.restart(records, effects),
            Role::Host(host) => host.restart(records, effects),
            Role::Downstream(downstream) => downstream.restart(records),
        }
    }

    fn input(&mut self, order: Order<S::In>, effects: &mut Effects<Self>) {
        match (&mut self.0, order) {
            (Role::Upstream(upstream), Order::Offer { from, id, revision, body, at_ms }) => {
                let message = Message { from, id, revision: revision.get(), body };
                upstream.post(at_ms, Arc::new(message), effects);
            }
            (Role::Host(host), order) => host.obey(order, effects),
            _ => {}
        }
    }

    fn message(&mut self, _: NodeId, mail: Mail<S::In>, effects: &mut Effects<Self>) {
        match (&mut self.0, mail) {
            (Role::Host(host), Mail::Message(index, message)) => host.receive(index, &message, effects),
            (Role::Host(host), Mail::Settle(event)) => host.settle(event, effects),
            (Role::Upstream(upstream), Mail::Acknowledge(message)) => upstream.acknowledge(message, effects),
            (Role::Downstream(downstream), Mail::Output { event, id, revision }) => {
                downstream.receive(event, Receipt { id, revision }, effects);
            }
            _ => {}
        }
    }

    fn timer(&mut self, alarm: Alarm, effects: &mut Effects<Self>) {
        match (&mut self.0, alarm) {
            (Role::Upstream(upstream), Alarm::Send) => upstream.send(effects),
            (Role::Host(host), Alarm::Commit) => host.commit(effects),
            (Role::Host(host), Alarm::Late) => host.late(effects),
            (Role::Host(host), Alarm::Host(timer)) => host.timer(timer, effects),
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
    pub(crate) fn host(&self) -> Option<&HostNode<S>> {
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
