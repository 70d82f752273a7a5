//! Runs of a cluster: [`simulate`] makes one from a seed, [`replay`] and [`tolerant`] repeat one from a trace.
//!
//! A run has two phases. In the first, a schedule chooses the events, and things go wrong. In the second, the calm
//! phase, all faults are over, and the cluster has time to recover.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use afresh_check::Finding;
use afresh_check::guard::guard;
use afresh_core::{Event, EventNumber, Fault, Name, Stimulus, What};
use afresh_trace::digest::RunDigest;

use crate::rng::Rng;
use crate::schedule::{Act, Aim, Blow, Calm, Law, Random, Replay, Schedule, Swarm, Tell, Told, Unfit};
use crate::world::{Assumption, Node, NodeId, View, Void, Watch, World, WorldEvent, WorldProperty, WorldTrace};

/// A group of nodes to simulate, with the inputs that it gets, the faults it meets and the properties that must hold.
///
/// Only [`names`](Self::names) and [`node`](Self::node) have to be written; everything else has a default.
pub trait Cluster: Clone + 'static {
    /// The type of the nodes. If there are several kinds of node, it is an enum.
    type Node: Node;

    /// Returns the names of all nodes. Each name occurs once, and its index is the [`NodeId`] of the node.
    fn names(&self) -> Vec<Name>;

    /// Builds a node as it is before it starts.
    ///
    /// The world calls this before a node starts and before it restarts, because a crashed node has lost its memory.
    fn node(&self, id: NodeId) -> Self::Node;

    /// Returns the properties that must hold in a run. By default there are none.
    ///
    /// A property sees the nodes as they are in memory. A node that is syncing is ahead of what is durable and visible:
    /// see [`World::is_syncing`] and [`World::durable`].
    fn properties(&self) -> Vec<WorldProperty<Self::Node>> {
        Vec::new()
    }

    /// Returns the conditions that the cluster takes for granted. By default there are none.
    ///
    /// A run that breaks one is void: neither a pass nor a bug. The faults that [`swarm`](Self::swarm) never draws
    /// need not be written here: a shrunk trace never depends on a message that was lost if no message can be.
    fn assumes(&self) -> Vec<Assumption<Self::Node>> {
        Vec::new()
    }

    /// Returns an assumption that is evaluated after every event; see [`Assumption::always`].
    ///
    /// Here the type of the world is known, so `self.assume("name", |world| …)` needs no types.
    fn assume(
        &self,
        name: &'static str,
        holds: impl FnMut(&World<Self::Node>) -> Result<(), String> + 'static,
    ) -> Assumption<Self::Node> {
        Assumption::always(name, holds)
    }

    /// Returns the correct twin of this cluster: the same one without the bug that it is kept for.
    ///
    /// A campaign shrinks a finding to a trace on which the twin passes, so what is left shows this bug and not a weak
    /// property or a broken assumption. By default there is no twin.
    fn twin(&self) -> Option<Self> {
        None
    }

    /// Returns a property that must hold after every event; see [`WorldProperty::always`].
    ///
    /// Here the type of the world is known, so `self.always("name", |world| …)` needs no types.
    fn always(
        &self,
        name: &'static str,
        holds: impl FnMut(&World<Self::Node>) -> Result<(), String> + 'static,
    ) -> WorldProperty<Self::Node> {
        WorldProperty::always(name, holds)
    }

    /// Returns a property that must hold at the end of the calm phase; see [`WorldProperty::eventually`].
    fn eventually(
        &self,
        name: &'static str,
        holds: impl FnMut(&World<Self::Node>) -> Result<(), String> + 'static,
    ) -> WorldProperty<Self::Node> {
        WorldProperty::eventually(name, holds)
    }

    /// Returns a property that must hold after some event of some run; see [`WorldProperty::sometimes`].
    fn sometimes(
        &self,
        name: &'static str,
        is_so: impl FnMut(&World<Self::Node>) -> bool + 'static,
    ) -> WorldProperty<Self::Node> {
        WorldProperty::sometimes(name, is_so)
    }

    /// Draws from `rng` the inputs that the nodes get from outside during a run. By default there are none.
    fn workload(&self, rng: &mut Rng) -> Vec<Posting<Self::Node>> {
        let _ = rng;
        Vec::new()
    }

    /// Returns the inputs that nodes get at the beginning of the calm phase, as soon as all faults are over.
    ///
    /// By default there are none.
    fn when_calm(&self) -> Vec<(NodeId, <Self::Node as Node>::Input)> {
        Vec::new()
    }

    /// Draws from `rng` the faults of a run, and the behaviour of the network.
    ///
    /// By default each run gets a random selection of all kinds of fault.
    fn swarm(&self, rng: &mut Rng) -> Swarm {
        Swarm::draw(rng, &Blow::ALL, self.limits().faults)
    }

    /// Returns faults that are aimed at particular messages, in every run. By default there are none.
    fn aims(&self) -> Vec<Aim<Self::Node>> {
        Vec::new()
    }

    /// Returns the state of a node as text for people, such as `format!("{node:#?}")`. By default there is none.
    fn view(&self, node: &Self::Node) -> Option<String> {
        let _ = node;
        None
    }

    /// Returns the durations of both phases of a run, and the largest number of events.
    fn limits(&self) -> Limits {
        Limits::default()
    }
}

/// An input from outside: its time in nanoseconds, the node that receives it, and the input itself.
pub type Posting<N> = (i64, NodeId, <N as Node>::Input);

/// The limits of a run: how long its two phases last, and how many events they have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The duration of the first phase, in which faults happen, in nanoseconds.
    pub faults: i64,
    /// The duration of the calm phase, in which the cluster has to recover, in nanoseconds.
    pub calm: i64,
    /// The latency of every message in the calm phase, in nanoseconds.
    pub latency: i64,
    /// The largest number of events in each of the two phases.
    pub events: u32,
}

impl Default for Limits {
    /// Returns ten seconds and a million events for each phase, and a latency of 5 milliseconds in the calm phase.
    fn default() -> Self {
        Self { faults: 10_000_000_000, calm: 10_000_000_000, latency: 5_000_000, events: 1_000_000 }
    }
}

/// A finished run of a cluster, with its record and the findings.
pub struct Ended<N: Node> {
    /// The world at the end of the run. A node that panicked is in the state that the panic left it in.
    pub world: World<N>,
    /// The violations of properties, and panics: after the event at which the run stopped, or at the end of the calm
    /// phase.
    pub findings: Vec<Finding>,
    /// The assumption that the run has broken, if any. Then it ended there, and has no findings.
    pub void: Option<Void>,
    /// The names of the `sometimes` properties that held after some event of the run.
    pub reached: BTreeSet<&'static str>,
    /// The views of all nodes after they have started, and after each event the view of the node that handled it, if
    /// the run was to keep these.
    pub(crate) started: Vec<Option<String>>,
    pub(crate) states: Vec<Option<String>>,
    /// Returns the view of a node, which is [`Cluster::view`].
    view: View<N>,
}

/// The things that a run keeps in addition to its events and messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Nothing else.
    Events,
    /// The view of the node after each event, to compare the run with another one.
    States,
}

impl<N: Node> Ended<N> {
    /// Returns the trace of the run, with `system` as the name of the cluster in its header.
    ///
    /// If a bug showed in the calm phase, the events of that phase are part of the trace, for people to read. They
    /// follow from the events before them, so a replay does not need them.
    #[must_use]
    pub fn trace(&self, system: impl Into<String>) -> WorldTrace<N> {
        if self.findings.is_empty() { self.world.trace(system) } else { self.world.trace_until(system, u32::MAX) }
    }

    /// Returns the digest of the run, including the calm phase.
    ///
    /// It covers all events, the content of each message that was delivered, lost or duplicated, and the view of each
    /// node at the end.
    #[must_use]
    pub fn digest(&self) -> RunDigest {
        let mut digest = self.world.digest_of_contents();
        self.views().for_each(|view| digest.add(&view));
        digest.finish()
    }

    /// Returns the views of all nodes at the end of the run.
    pub(crate) fn views(&self) -> impl Iterator<Item = Option<String>> {
        self.world.nodes().map(|node| (self.view)(node))
    }
}

/// The result of a tolerant replay: the run, and the events of the trace that could not happen in it.
pub struct Replayed<N: Node> {
    /// The finished run.
    pub ended: Ended<N>,
    /// The number of events that did not fit the run and were skipped.
    pub skipped: u64,
    /// The number of messages whose content is another than recorded.
    pub changed: u64,
    /// The first event that did not fit the run, if any: its number, and the reason.
    pub first: Option<(u32, Unfit)>,
}

/// The error of a strict [`replay`]: the first event of the trace that did not happen as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("event {event} was recorded as {recorded}, but in this run {found}")]
pub struct NotAsRecorded {
    /// The number of the event in the trace.
    pub event: EventNumber,
    /// The event as it was recorded in the trace, in its `Debug` form.
    pub recorded: String,
    /// The reason why the event does not fit the new run.
    pub found: Unfit,
}

/// Runs a cluster from a seed, which decides the inputs, the faults, and when each message arrives.
pub fn simulate<C: Cluster>(cluster: &C, seed: u64) -> Ended<C::Node> {
    simulate_keeping(cluster, seed, Keep::Events)
}

/// Runs a cluster from a seed like [`simulate`], and keeps what `keep` says.
pub(crate) fn simulate_keeping<C: Cluster>(cluster: &C, seed: u64, keep: Keep) -> Ended<C::Node> {
    drive(cluster, &mut choices(cluster, seed), cluster.limits().events as usize, keep)
}

/// Runs a cluster from a seed like [`simulate`], and calls `tell` with each event before any node handles it.
pub(crate) fn simulate_aloud<C: Cluster>(cluster: &C, seed: u64, tell: Tell<'_, C::Node>) -> Ended<C::Node> {
    let mut schedule = Told::new(choices(cluster, seed), tell);
    drive(cluster, &mut schedule, cluster.limits().events as usize, Keep::Events)
}

/// Returns the schedule that `seed` decides on, with the inputs and the faults of the run.
fn choices<C: Cluster>(cluster: &C, seed: u64) -> Random<C::Node> {
    let mut rng = Rng::of_seed(seed);
    let workload = cluster.workload(&mut rng);
    let swarm = cluster.swarm(&mut rng);
    let schedule = Random::new(rng, swarm).with_inputs(workload).with_aims(cluster.aims());
    schedule.until(cluster.limits().faults)
}

/// Runs a trace again, and requires every event to happen exactly as it was recorded.
///
/// # Errors
///
/// Returns the first event that does not happen as it was recorded.
pub fn replay<C: Cluster>(cluster: &C, trace: &WorldTrace<C::Node>) -> Result<Ended<C::Node>, NotAsRecorded> {
    let (ended, unfit) = strict(cluster, &trace.events);
    let Some((number, why)) = unfit else { return Ok(ended) };
    let event = EventNumber::new(number).unwrap_or(EventNumber::MIN);
    let recorded = trace.events.iter().find(|one| one.number == event).map(|event| format!("{:?}", event.what));
    Err(NotAsRecorded { event, recorded: recorded.unwrap_or_default(), found: why })
}

/// Runs a trace again, up to the first event that does not happen as it was recorded.
///
/// Returns the run, with the number of that event and the reason, if there is one.
pub fn strict<'e, C: Cluster>(
    cluster: &C,
    events: impl IntoIterator<Item = &'e WorldEvent<C::Node>>,
) -> (Ended<C::Node>, Option<(u32, Unfit)>) {
    let events: Vec<_> = events.into_iter().collect();
    let mut replay = Replay::strict(events.iter().copied());
    let ended = drive(cluster, &mut replay, usize::MAX, Keep::Events);
    let unfit = replay.first_unfit().or_else(|| differs_when_calm(&ended.world, &events));
    (ended, unfit)
}

/// Returns the first recorded event of the calm phase that does not happen in `world`.
fn differs_when_calm<N: Node>(world: &World<N>, events: &[&WorldEvent<N>]) -> Option<(u32, Unfit)> {
    let mut recorded = events.iter().skip_while(|event| !event.is_calm()).skip(1).peekable();
    recorded.peek()?;
    let now: Vec<_> = world.calm_since().into_iter().flat_map(|since| world.events_of_calm(since)).collect();
    let mut now = now.iter();
    // A shrunk trace has only some of these events.
    let differs = |event: &&&WorldEvent<N>| {
        let same = now.find(|now| now.number >= event.number);
        same.is_none_or(|now| format!("{now:?}") != format!("{event:?}"))
    };
    recorded.find(differs).map(|event| (event.number.get(), Unfit::Calm))
}

/// Tells whether an event is the one that begins the calm phase.
pub(crate) trait IsCalm {
    /// Returns whether the calm phase begins with this event.
    fn is_calm(&self) -> bool;
}

impl<I, O, V> IsCalm for Event<I, O, V> {
    fn is_calm(&self) -> bool {
        matches!(&self.what, What::Stimulus(Stimulus::Fault(fault)) if **fault == Fault::Calm)
    }
}

/// Returns the number of events of a trace up to the beginning of the calm phase. Those after it follow from them.
pub(crate) fn chosen<I, O, V>(events: &[Event<I, O, V>]) -> usize {
    events.iter().position(IsCalm::is_calm).map_or(events.len(), |place| place + 1)
}

/// Runs a trace again, and skips the events that can no longer happen because the trace or the code has changed.
pub fn tolerant<'e, C: Cluster>(
    cluster: &C,
    events: impl IntoIterator<Item = &'e WorldEvent<C::Node>>,
) -> Replayed<C::Node> {
    tolerant_keeping(cluster, events, None, Keep::Events)
}

/// Runs a trace again like [`tolerant`], under the law of the network, and keeps what `keep` says.
pub(crate) fn tolerant_keeping<'e, C: Cluster>(
    cluster: &C,
    events: impl IntoIterator<Item = &'e WorldEvent<C::Node>>,
    law: Option<Law>,
    keep: Keep,
) -> Replayed<C::Node> {
    let mut replay = Replay::tolerant(events).under(law);
    let mut ended = drive(cluster, &mut replay, usize::MAX, keep);
    ended.void = ended.void.or_else(|| replay.void().cloned());
    Replayed { ended, skipped: replay.skipped(), changed: replay.changed(), first: replay.first_unfit() }
}

/// Makes a run: `schedule` chooses the first phase, and then the calm phase follows.
///
/// The calm phase begins when `schedule` says so, or when the first phase has reached `events` events. A run without
/// either, such as the replay of a trace without a calm phase, ends after the first phase.
pub(crate) fn drive<C: Cluster>(
    cluster: &C,
    schedule: &mut dyn Schedule<C::Node>,
    events: usize,
    keep: Keep,
) -> Ended<C::Node> {
    let limits = cluster.limits();
    let builder = cluster.clone();
    let mut world = World::new(cluster.names(), move |id| builder.node(id));
    world.keep_messages();
    let mut watch = Watch::new(cluster.assumes(), cluster.properties());
    watch.view = (keep == Keep::States).then(|| view_of(cluster));
    let ran = guard(&mut || {
        world.start(schedule);
        watch.begin(&world);
        world.run(schedule, |world| {
            watch.look(world)?;
            let goes_on = world.calm_since().is_none() && world.happened().len() < events;
            if goes_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        let goes_on = watch.findings.is_empty() && watch.void.is_none();
        if world.happened().len() >= events && goes_on {
            // The world refuses this if the calm phase has already begun, and that is fine.
            let _ = world.perform(Act::Fault(Box::new(Fault::Calm)).at(world.now()), schedule);
        }
        if world.calm_since().is_none() || !goes_on {
            return;
        }
        let calm = Calm::after(&world, limits.latency, world.now().saturating_add(limits.calm));
        let mut calm = calm.with_inputs(cluster.when_calm());
        let until = world.happened().len() + limits.events as usize;
        let calm: &mut dyn Schedule<C::Node> = &mut calm;
        world.run(calm, |world| {
            watch.look(world)?;
            if world.happened().len() < until { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        watch.end(&world);
    });
    if let Err(message) = ran {
        watch.panicked(&world, message);
    }
    let Watch { findings, void, reached, started, states, .. } = watch;
    Ended { world, findings, void, reached, started, states, view: view_of(cluster) }
}

/// Returns a function that returns the view of a node, or the message of the panic if there is none.
fn view_of<C: Cluster>(cluster: &C) -> View<C::Node> {
    let cluster = cluster.clone();
    Box::new(move |node| {
        let mut view = None;
        let done = guard(&mut || view = cluster.view(node));
        done.map_or_else(|why| Some(format!("panicked: {why}")), |()| view)
    })
}
