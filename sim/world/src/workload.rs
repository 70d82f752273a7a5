//! The workload of a simulated system: the messages that it is sent, and the flows and versions that operators may use.

use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use afresh_core::{Message, Name};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// The messages that a simulated system is sent, and the flows and versions that operators may turn on or deploy.
///
/// The messages come from a strategy of [`proptest`](mod@proptest), which draws them with the seed of the run. The
/// strategy does not have to shrink well, because the minimizer shrinks failing traces. It need not add disorder
/// either: the simulated network makes messages late, lost, duplicated or reordered.
#[derive(Clone)]
pub struct Workload<I> {
    source: Source<I>,
    flows: Vec<Name>,
    versions: Vec<Name>,
}

/// Where the messages of a run come from.
#[derive(Clone)]
enum Source<I> {
    /// A strategy, which is built once for each thread.
    Strategy(Arc<dyn Fn() -> BoxedStrategy<Vec<Message<I>>> + Send + Sync>),
    /// A function of the seed.
    Seed(Arc<Draw<I>>),
}

/// A function that returns the messages of the run with a seed, or the reason why there are none.
type Draw<I> = dyn Fn(u64) -> Result<Vec<Message<I>>, String> + Send + Sync;

impl<I> fmt::Debug for Workload<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { flows, versions, .. } = self;
        f.debug_struct("Workload").field("flows", flows).field("versions", versions).finish_non_exhaustive()
    }
}

impl<I: fmt::Debug + 'static> Workload<I> {
    /// Creates a workload from a strategy for the list of messages, in the order in which the upstream sends them.
    pub fn new<T>(messages: impl Fn() -> T + Send + Sync + 'static) -> Self
    where
        T: Strategy<Value = Vec<Message<I>>> + 'static,
    {
        let source = Source::Strategy(Arc::new(move || messages().boxed()));
        Self { source, flows: Vec::new(), versions: Vec::new() }
    }

    /// Creates a workload from a function that returns the messages of the run with a seed, in the order in which the
    /// upstream sends them, or the reason why there are none. The same seed must give the same messages.
    pub fn drawn_by(draw: impl Fn(u64) -> Result<Vec<Message<I>>, String> + Send + Sync + 'static) -> Self {
        Self { source: Source::Seed(Arc::new(draw)), flows: Vec::new(), versions: Vec::new() }
    }

    /// Adds a flow that operators may turn on and off during a run.
    #[must_use]
    pub fn flow(mut self, flow: impl Into<Name>) -> Self {
        self.flows.push(flow.into());
        self
    }

    /// Adds a version of the system that may be deployed during a run.
    ///
    /// The name is one that the system knows as a [`variant`](afresh_core::System::variant).
    #[must_use]
    pub fn version(mut self, system: impl Into<Name>) -> Self {
        self.versions.push(system.into());
        self
    }

    pub(crate) fn flows(&self) -> &[Name] {
        &self.flows
    }

    pub(crate) fn versions(&self) -> &[Name] {
        &self.versions
    }

    /// Builds the strategy of this workload, ready to draw from.
    ///
    /// Building a strategy may take a while, and a strategy cannot be shared between threads. So each thread builds
    /// one, and uses it for all its runs.
    pub(crate) fn begin(&self) -> Drawer<I> {
        match &self.source {
            Source::Strategy(messages) => Drawer::Strategy(messages()),
            Source::Seed(draw) => Drawer::Seed(Arc::clone(draw)),
        }
    }
}

/// Generates up to `length_max` messages whose bodies come from `body`, for a [`Workload`].
///
/// Their envelopes collide: there are two senders and few ids. Revisions rise, repeat and go back, and some are
/// withdrawals.
pub fn envelopes<B: Clone + fmt::Debug>(
    body: impl Strategy<Value = B>,
    length_max: usize,
) -> impl Strategy<Value = Vec<Message<B>>> {
    let from = prop::sample::select(vec!["bank", "shop"]).prop_map(Name::from);
    let id = (0..length_max * 2 / 3).prop_map(|n| Name::from(format!("m-{n}")));
    let revision = prop_oneof![6 => Just(1), 2 => Just(2), 1 => Just(3)];
    let message = (from, id, revision, prop::option::weighted(0.9, body))
        .prop_map(|(from, id, revision, body)| Message { from, id, revision, body });
    prop::collection::vec(message, 0..=length_max)
}

/// Draws the messages of each run from a workload.
pub(crate) enum Drawer<I> {
    Strategy(BoxedStrategy<Vec<Message<I>>>),
    Seed(Arc<Draw<I>>),
}

impl<I: fmt::Debug> Drawer<I> {
    /// Draws the messages of the run with this seed.
    ///
    /// # Errors
    ///
    /// Returns the reason why the strategy gave no messages, such as a filter that rejected too many of them.
    pub(crate) fn draw(&self, seed: u64) -> Result<Vec<Message<I>>, String> {
        let strategy = match self {
            Self::Strategy(strategy) => strategy,
            Self::Seed(draw) => return draw(seed),
        };
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let config = Config { failure_persistence: None, ..Config::default() };
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let tree = strategy.new_tree(&mut TestRunner::new_with_rng(config, rng));
        tree.map(|tree| tree.current()).map_err(|reason| reason.to_string())
    }
}

/// The workloads that a command line knows: one for each type of message body.
#[derive(Clone, Default)]
pub struct Workloads(BTreeMap<TypeId, Arc<dyn Any + Send + Sync>>);

impl Workloads {
    /// Adds a workload, which replaces an earlier one for the same type of message body.
    pub fn add<I: 'static>(&mut self, workload: Workload<I>) {
        self.0.insert(TypeId::of::<I>(), Arc::new(workload));
    }

    /// Returns the workload for message bodies of type `I`.
    pub fn get<I: 'static>(&self) -> Option<&Workload<I>> {
        self.0.get(&TypeId::of::<I>())?.downcast_ref()
    }
}
