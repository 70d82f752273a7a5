//! What a system is sent in simulation: a strategy of proptest for the messages, and the flows that an operator may turn on.

use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use afresh_core::{Message, Name};
use proptest::strategy::{BoxedStrategy, Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// The messages that upstream has to send in one run, as a strategy, and what else belongs to a run.
///
/// The strategy is drawn from with the seed of the run. It need not shrink well, nor bring disorder: what fails is shrunk by
/// the minimizer, and messages that are late, lost or doubled are the network's to make.
#[derive(Clone)]
pub struct Workload<I> {
    messages: Arc<dyn Fn() -> BoxedStrategy<Vec<Message<I>>> + Send + Sync>,
    flows: Vec<Name>,
    versions: Vec<Name>,
}

impl<I> fmt::Debug for Workload<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { flows, versions, .. } = self;
        f.debug_struct("Workload").field("flows", flows).field("versions", versions).finish_non_exhaustive()
    }
}

impl<I: fmt::Debug + 'static> Workload<I> {
    /// The messages that `messages` draws, in the order in which they are sent.
    pub fn new<T>(messages: impl Fn() -> T + Send + Sync + 'static) -> Self
    where
        T: Strategy<Value = Vec<Message<I>>> + 'static,
    {
        Self { messages: Arc::new(move || messages().boxed()), flows: Vec::new(), versions: Vec::new() }
    }

    /// A flow that an operator may turn on and off in mid-run.
    #[must_use]
    pub fn flow(mut self, flow: impl Into<Name>) -> Self {
        self.flows.push(flow.into());
        self
    }

    /// A version of the system that may be deployed in mid-run, by the name under which the system knows it as a
    /// [`variant`](afresh_core::System::variant).
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

    /// Makes ready to draw. A strategy may take a while to make, and cannot be shared between threads.
    pub(crate) fn begin(&self) -> Drawer<I> {
        Drawer((self.messages)())
    }
}

/// Draws the messages of one run after the other.
pub(crate) struct Drawer<I>(BoxedStrategy<Vec<Message<I>>>);

impl<I: fmt::Debug> Drawer<I> {
    /// The messages of the run with this seed; else why the strategy gives none.
    pub(crate) fn draw(&self, seed: u64) -> Result<Vec<Message<I>>, String> {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let config = Config { failure_persistence: None, ..Config::default() };
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let tree = self.0.new_tree(&mut TestRunner::new_with_rng(config, rng));
        tree.map(|tree| tree.current()).map_err(|reason| reason.to_string())
    }
}

/// The workloads that a command line knows, by the type of the bodies that they send.
#[derive(Default)]
pub struct Workloads(BTreeMap<TypeId, Box<dyn Any + Send + Sync>>);

impl Workloads {
    /// Adds a workload.
    pub fn add<I: 'static>(&mut self, workload: Workload<I>) {
        self.0.insert(TypeId::of::<I>(), Box::new(workload));
    }

    /// The workload whose bodies are of this type.
    pub fn get<I: 'static>(&self) -> Option<&Workload<I>> {
        self.0.get(&TypeId::of::<I>())?.downcast_ref()
    }
}
