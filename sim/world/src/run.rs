//! One run of a world: from a seed, or from a trace.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use afresh_core::{EventNumber, Fault, Name, Signature, Violation};

use crate::rng::Rng;
use crate::schedule::{Act, Aim, Blow, Calm, Random, Replay, Schedule, Swarm, Tell, Told, Unfit};
use crate::world::{Happened, Node, NodeId, Property, Watch, World, WorldEvent, WorldTrace};
use afresh_check::guard::guard;
use afresh_trace::digest::RunDigest;

/// Nodes that make a system together, and what must hold of it.
pub trait Cluster: Clone + 'static {
    /// The nodes.
    type Node: Node;

    /// The names of the nodes, each another.
    fn names(&self) -> Vec<Name>;

    /// A node as it is before it begins: each time that it does, without what it had in memory.
    fn node(&self, id: NodeId) -> Self::Node;

    /// What must hold.
    fn properties(&self) -> Vec<Property<Self::Node>> {
        Vec::new()
    }

    /// What comes from outside during a run, drawn from `rng`.
    fn workload(&self, rng: &mut Rng) -> Vec<Posting<Self::Node>> {
        let _ = rng;
        Vec::new()
    }

    /// What comes from outside as soon as all faults are over, to which node.
    fn when_calm(&self) -> Vec<(NodeId, <Self::Node as Node>::Input)> {
        Vec::new()
    }

    /// What goes wrong in a run, drawn from `rng`. By default some of everything that can.
    fn swarm(&self, rng: &mut Rng) -> Swarm {
        Swarm::draw(rng, &Blow::ALL, self.limits().faults)
    }

    /// The messages that faults are aimed at in every run.
    fn aims(&self) -> Vec<Aim<Self::Node>> {
        Vec::new()
    }

    /// What of a node is shown to people, such as `format!("{node:#?}")`. By default nothing.
    fn view(&self, node: &Self::Node) -> Option<String> {
        let _ = node;
        None
    }

    /// How long a run is.
    fn limits(&self) -> Limits {
        Limits::default()
    }
}

/// What comes from outside: when, in nanoseconds, to which node, and what.
pub type Posting<N> = (i64, NodeId, <N as Node>::Input);

/// How long a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long things go wrong, in nanoseconds.
    pub faults: i64,
    /// How long the system then has to recover, in nanoseconds.
    pub calm: i64,
    /// How long a message is under way then, in nanoseconds.
    pub latency: i64,
    /// How many events there are at most in each of the two.
    pub events: u32,
}

impl Default for Limits {
    /// Ten seconds each, and a latency of 5 milliseconds.
    fn default() -> Self {
        Self { faults: 10_000_000_000, calm: 10_000_000_000, latency: 5_000_000, events: 1_000_000 }
    }
}

/// A run that is over.
pub struct Ended<N: Node> {
    /// The world as it was at the end. After a panic, the node that panicked is as it left itself.
    pub world: World<N>,
    /// What did not hold. A run ends with the first event after which something did not.
    pub violations: Vec<Violation>,
    /// The names of the properties of the kind `sometimes` that were so.
    pub reached: BTreeSet<&'static str>,
}

impl<N: Node> Ended<N> {
    /// The run as a trace of a system of this name.
    #[must_use]
    pub fn trace(&self, system: impl Into<String>) -> WorldTrace<N> {
        self.world.trace(system)
    }

    /// What tells the run from others.
    #[must_use]
    pub fn digest(&self) -> RunDigest {
        self.world.digest()
    }
}

/// A trace that was run again.
pub struct Replayed<N: Node> {
    /// The run.
    pub ended: Ended<N>,
    /// How many events did not fit, and were skipped.
    pub skipped: u64,
    /// The number of the first of them, and why.
    pub first: Option<(u32, Unfit)>,
}

/// The first event of a trace that a run does not agree with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("event {event} was recorded as {recorded}, but in this run {found}")]
pub struct Difference {
    /// The number of the event.
    pub event: EventNumber,
    /// What the trace says of it.
    pub recorded: String,
    /// What there is instead.
    pub found: Unfit,
}

/// The first event at which two runs of one seed differ: something in the code depends on more than what it is told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("two runs differ at event {event}: {one} in the first, and {other} in the second")]
pub struct Nondeterminism {
    /// The number of the event in the first run, or what it would be.
    pub event: u32,
    /// What happened in the first run.
    pub one: String,
    /// What happened in the second run.
    pub other: String,
}

/// The one law that is asked of worlds: that two runs agree.
pub const DETERMINISM: &str = "determinism";

impl Nondeterminism {
    /// It as a violation.
    pub fn violation(&self) -> Violation {
        let event = EventNumber::new(self.event).unwrap_or(EventNumber::MIN);
        Violation { signature: Signature::new(DETERMINISM, ""), key: None, event, found: self.to_string() }
    }
}

/// Runs a cluster twice as `seed` chooses.
///
/// # Errors
///
/// Gives the first event at which the two differ.
pub fn deterministic<C: Cluster>(cluster: &C, seed: u64) -> Result<Ended<C::Node>, Nondeterminism> {
    let (one, other) = (simulate(cluster, seed), simulate(cluster, seed));
    first_difference(&one, &other).map_or(Ok(one), Err)
}

/// The first event at which two runs differ that should be the same.
pub fn first_difference<N: Node>(one: &Ended<N>, other: &Ended<N>) -> Option<Nondeterminism> {
    if one.digest() == other.digest() {
        return None;
    }
    let (ones, others) = (one.world.happened(), other.world.happened());
    let place = ones.iter().zip(others).take_while(|(one, other)| one == other).count();
    let said = |events: &[Happened]| events.get(place).map_or("the end".to_owned(), |event| format!("{event:?}"));
    let event = ones.get(place).map_or(place as u32 + 1, |event| event.number);
    Some(Nondeterminism { event, one: said(ones), other: said(others) })
}

/// Runs a cluster as `seed` chooses.
pub fn simulate<C: Cluster>(cluster: &C, seed: u64) -> Ended<C::Node> {
    drive(cluster, choices(cluster, seed), cluster.limits().events as usize).0
}

/// The same; and tells each event before any node acts on it.
pub(crate) fn simulate_aloud<C: Cluster>(cluster: &C, seed: u64, tell: Tell<'_, C::Node>) -> Ended<C::Node> {
    drive(cluster, Told::new(choices(cluster, seed), tell), cluster.limits().events as usize).0
}

/// What `seed` chooses.
fn choices<C: Cluster>(cluster: &C, seed: u64) -> Random<C::Node> {
    let mut rng = Rng::of_seed(seed);
    let workload = cluster.workload(&mut rng);
    let swarm = cluster.swarm(&mut rng);
    let schedule = Random::new(rng, swarm).with_inputs(workload).with_aims(cluster.aims());
    schedule.until(cluster.limits().faults)
}

/// Runs a trace again, in which every event must be as it was recorded.
///
/// # Errors
///
/// Gives the first event that is not.
pub fn replay<C: Cluster>(cluster: &C, trace: &WorldTrace<C::Node>) -> Result<Ended<C::Node>, Difference> {
    let (ended, unfit) = strict(cluster, &trace.events);
    let Some((number, why)) = unfit else { return Ok(ended) };
    let event = EventNumber::new(number).unwrap_or(EventNumber::MIN);
    let recorded = trace.events.iter().find(|one| one.number == event).map(|event| format!("{:?}", event.what));
    Err(Difference { event, recorded: recorded.unwrap_or_default(), found: why })
}

/// Runs a trace again up to the first event that is not as it was recorded; gives its number, and why.
pub fn strict<'e, C: Cluster>(
    cluster: &C,
    events: impl IntoIterator<Item = &'e WorldEvent<C::Node>>,
) -> (Ended<C::Node>, Option<(u32, Unfit)>) {
    let (ended, schedule) = drive(cluster, Replay::strict(events), usize::MAX);
    (ended, schedule.first_unfit())
}

/// Runs again what still can happen of a trace that was edited, or whose code has moved on.
pub fn tolerant<'e, C: Cluster>(
    cluster: &C,
    events: impl IntoIterator<Item = &'e WorldEvent<C::Node>>,
) -> Replayed<C::Node> {
    let (ended, schedule) = drive(cluster, Replay::tolerant(events), usize::MAX);
    Replayed { ended, skipped: schedule.skipped(), first: schedule.first_unfit() }
}

/// A run: first as `schedule` chooses, until so many events have happened, then in calm.
pub(crate) fn drive<C: Cluster, S: Schedule<C::Node>>(
    cluster: &C,
    mut schedule: S,
    events: usize,
) -> (Ended<C::Node>, S) {
    let limits = cluster.limits();
    let builder = cluster.clone();
    let mut world = World::new(cluster.names(), move |id| builder.node(id));
    let mut watch = Watch::new(cluster.properties());
    let ran = guard(&mut || {
        world.start(&mut schedule);
        world.run(&mut schedule, |world| {
            watch.look(world)?;
            let goes_on = world.calm_since().is_none() && world.happened().len() < events;
            if goes_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        if world.happened().len() >= events && watch.violations.is_empty() {
            // Where it is calm already, that is so.
            let _ = world.perform(Act::Fault(Box::new(Fault::Calm)).at(world.now()), &mut schedule);
        }
        if world.calm_since().is_none() || !watch.violations.is_empty() {
            return;
        }
        let calm = Calm::after(&world, limits.latency, world.now().saturating_add(limits.calm));
        let mut calm = calm.with_inputs(cluster.when_calm());
        let until = world.happened().len() + limits.events as usize;
        world.run(&mut calm, |world| {
            watch.look(world)?;
            if world.happened().len() < until { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        watch.end(&world);
    });
    if let Err(message) = ran {
        watch.panicked(&world, message);
    }
    (Ended { world, violations: watch.violations, reached: watch.reached }, schedule)
}
