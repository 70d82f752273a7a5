//! The systems and worlds of a command line: found by name, with their types hidden.

mod world;

use std::any::type_name;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::io::{BufRead, Write};
use std::sync::{Arc, OnceLock};

use afresh_check::{Loaded, Subject, against, replay, show, turn};
use afresh_core::{EventNumber, Key, System};
use afresh_program::{Failure, Program};
use afresh_shrink::oracle;
use afresh_trace::format::files::Input;
use afresh_trace::format::{Error, Problem, Reader, Writer};
use afresh_trace::import::Refusal;
use afresh_trace::unknown::{Thing, UnknownName};
use afresh_world::explore::{self, Explorer, Recorded, Source, SystemExplorer};
use afresh_world::{Cluster, Workload, Workloads};

#[cfg(feature = "serve")]
use crate::service;
use world::OfWorld;

/// A system or world as the subcommands use it, with its types hidden.
///
/// Every [`Subject`] is a runner. [`Systems`] wraps a [`Cluster`] in one.
pub trait Runner: Send + Sync {
    /// Returns whether this is a world of nodes, not a system of keys.
    fn is_world(&self) -> bool;

    /// Asks the system whether it takes a message in with this body; see [`admit`](afresh_check::admit()).
    ///
    /// # Errors
    ///
    /// Returns the reason if the system cannot read the body, or rejects it.
    fn admit(&self, version: &str, body: &str) -> Result<Option<serde_json::Value>, Refusal>;

    /// Returns the keys of a message in with this body, or `None` if the system cannot tell; see
    /// [`keys`](afresh_check::keys()).
    fn keys(&self, version: &str, body: &str) -> Option<Vec<Key>>;

    /// Replays a trace, and writes what it observes to `record`; see [`replay::replay`].
    ///
    /// # Errors
    ///
    /// Fails if the trace cannot be read or the record cannot be written.
    fn replay(
        &self,
        reader: Reader<Input>,
        options: replay::Options<'_>,
        record: Option<Writer<&mut dyn Write>>,
    ) -> Result<replay::Report, Error>;

    /// Checks a trace; see [`check`](afresh_check::check()).
    ///
    /// # Errors
    ///
    /// Fails if the trace cannot be read.
    fn check(&self, reader: Reader<Input>, options: afresh_check::Options<'_>) -> Result<afresh_check::Report, Error>;

    /// Runs a trace, and writes everything that the system does to `sink`; see [`against::record`].
    ///
    /// # Errors
    ///
    /// Fails if the trace cannot be read or the run cannot be written, or in a world of nodes.
    fn record(&self, reader: Reader<Input>, until: Option<EventNumber>, sink: &mut dyn Write) -> Result<(), Error>;

    /// Runs a trace, and compares the run with that of another version, which `old` reads; see [`against::compare`].
    ///
    /// # Errors
    ///
    /// Fails if the trace or the other run cannot be read, or in a world of nodes.
    fn compare(
        &self,
        reader: Reader<Input>,
        old: Reader<Input>,
        options: against::Options<'_>,
    ) -> Result<against::Report, Error>;

    /// Reads a trace and prepares to shrink it. Runs end early once `stop` returns true; see [`oracle::examine`].
    ///
    /// # Errors
    ///
    /// Fails if the trace cannot be read.
    fn examine(&self, reader: Reader<Input>, stop: fn() -> bool) -> Result<oracle::Examined<'_>, Error>;

    /// Passes the entries of the timeline of a trace to `each`; see [`show::show`].
    ///
    /// # Errors
    ///
    /// Fails if the trace cannot be read, or if `each` fails.
    fn show(
        &self,
        reader: Reader<Input>,
        options: &show::Options,
        each: &mut dyn FnMut(&show::Entry) -> Result<(), Error>,
    ) -> Result<show::Summary, Error>;

    /// Returns an explorer of the system, which traces call `name`, or `None` if the system has no workload.
    fn explore<'s>(&'s self, name: &'s str, workloads: &'s Workloads) -> Option<Box<dyn Explorer + 's>>;

    /// Returns an explorer whose runs send the messages of recorded traces, and with `mix` also those of the workload.
    ///
    /// Returns `None` if the traces have no messages, and for a world of nodes.
    ///
    /// # Errors
    ///
    /// Fails if a trace cannot be read.
    fn explore_around<'s>(
        &'s self,
        name: &'s str,
        workloads: &'s Workloads,
        traces: Vec<Reader<Input>>,
        options: Around,
    ) -> Result<Option<Box<dyn Explorer + 's>>, Error>;

    /// Returns a shrunk trace with the calm phase at its end, if a bug of a world shows there. By default unchanged.
    fn with_calm_phase(&self, trace: Vec<u8>) -> Vec<u8> {
        trace
    }

    /// Returns the correct twin of this system or world, if it says which one that is.
    fn twin(&self) -> Option<Box<dyn Runner>>;

    /// Turns a knob on a trace; see [`turn::turn`].
    ///
    /// # Errors
    ///
    /// Fails if the trace cannot be read, if the knob names things that the trace does not have, or in a world of
    /// nodes.
    fn turn(&self, reader: Reader<&mut dyn BufRead>, options: &turn::Options) -> Result<turn::Report, turn::Error>;

    /// Runs the system as a service until it must stop, and calls `ready` when it takes messages.
    ///
    /// # Errors
    ///
    /// Fails if the service cannot start, if it loses its store, or for a world of nodes.
    #[cfg(feature = "serve")]
    fn serve(&self, setup: service::Setup, ready: &mut dyn FnMut(service::Ready)) -> Result<(), service::Error>;
}

/// How runs are drawn from recorded traces.
#[derive(Clone, Copy, Debug, Default)]
pub struct Around {
    /// The part of a trace that a run is made of.
    pub options: explore::Options,
    /// Whether every second run also has messages from the workload of the system.
    pub mix: bool,
}

impl<S: Subject + 'static> Runner for S {
    fn is_world(&self) -> bool {
        false
    }

    fn admit(&self, version: &str, body: &str) -> Result<Option<serde_json::Value>, Refusal> {
        afresh_check::admit(self, version, body)
    }

    fn keys(&self, version: &str, body: &str) -> Option<Vec<Key>> {
        afresh_check::keys(self, version, body)
    }

    fn replay(
        &self,
        reader: Reader<Input>,
        options: replay::Options<'_>,
        record: Option<Writer<&mut dyn Write>>,
    ) -> Result<replay::Report, Error> {
        replay::replay(self, reader, options, record)
    }

    fn check(&self, reader: Reader<Input>, options: afresh_check::Options<'_>) -> Result<afresh_check::Report, Error> {
        Ok(afresh_check::check(self, &Loaded::read(self, reader)?.until(options.until), options))
    }

    fn record(&self, reader: Reader<Input>, until: Option<EventNumber>, sink: &mut dyn Write) -> Result<(), Error> {
        against::record(self, reader, until, sink)
    }

    fn compare(
        &self,
        reader: Reader<Input>,
        old: Reader<Input>,
        options: against::Options<'_>,
    ) -> Result<against::Report, Error> {
        against::compare(self, reader, old, options)
    }

    fn examine(&self, reader: Reader<Input>, stop: fn() -> bool) -> Result<oracle::Examined<'_>, Error> {
        oracle::examine(self, reader, stop)
    }

    fn show(
        &self,
        reader: Reader<Input>,
        options: &show::Options,
        each: &mut dyn FnMut(&show::Entry) -> Result<(), Error>,
    ) -> Result<show::Summary, Error> {
        show::show(self, reader, options, each)
    }

    fn explore<'s>(&'s self, name: &'s str, workloads: &'s Workloads) -> Option<Box<dyn Explorer + 's>> {
        let workload = workloads.get::<S::In>()?;
        Some(Box::new(SystemExplorer { name, system: self, source: Source::Workload(workload) }))
    }

    fn explore_around<'s>(
        &'s self,
        name: &'s str,
        workloads: &'s Workloads,
        traces: Vec<Reader<Input>>,
        Around { options, mix }: Around,
    ) -> Result<Option<Box<dyn Explorer + 's>>, Error> {
        let recorded = Recorded::read(self, traces, options)?;
        if recorded.is_empty() {
            return Ok(None);
        }
        let source = Source::Recorded { recorded, workload: workloads.get::<S::In>(), mix };
        Ok(Some(Box::new(SystemExplorer { name, system: self, source })))
    }

    fn twin(&self) -> Option<Box<dyn Runner>> {
        Some(Box::new(System::twin(self)?))
    }

    fn turn(&self, reader: Reader<&mut dyn BufRead>, options: &turn::Options) -> Result<turn::Report, turn::Error> {
        turn::turn(self, reader, options)
    }

    #[cfg(feature = "serve")]
    fn serve(&self, setup: service::Setup, ready: &mut dyn FnMut(service::Ready)) -> Result<(), service::Error> {
        service::run(self.clone(), setup, ready)
    }
}

/// The systems and worlds of a command line, by name.
///
/// [`main`](crate::main) runs the command line over them.
#[derive(Clone)]
pub struct Systems {
    by_name: BTreeMap<String, Entry>,
    workloads: Arc<Workloads>,
    version: &'static str,
}

/// A system or world, with the program that it is, if it is one.
#[derive(Clone)]
struct Entry {
    runner: Arc<dyn Runner>,
    program: Option<Program>,
    /// The workload of the program, once it was asked for one.
    workloads: Arc<OnceLock<Workloads>>,
}

impl Entry {
    fn new(runner: impl Runner + 'static) -> Self {
        Self { runner: Arc::new(runner), program: None, workloads: Arc::default() }
    }
}

impl Default for Systems {
    fn default() -> Self {
        Self { by_name: BTreeMap::new(), workloads: Arc::default(), version: env!("CARGO_PKG_VERSION") }
    }
}

impl Systems {
    /// Returns a set without systems.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a system. The header of a trace refers to it by `name`.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, system: impl Subject + 'static) -> Self {
        self.by_name.insert(name.into(), Entry::new(system));
        self
    }

    /// Adds a system under the name of its type, in kebab case: an `OrderBook` is called `order-book`.
    #[must_use]
    pub fn with_type<S: Subject + 'static>(self, system: S) -> Self {
        self.with(kebab(type_name::<S>()), system)
    }

    /// Adds several systems of one type, such as a correct system and its versions with planted bugs.
    #[must_use]
    pub fn with_all<S: Subject + 'static>(self, systems: impl IntoIterator<Item = (String, S)>) -> Self {
        systems.into_iter().fold(self, |systems, (name, system)| systems.with(name, system))
    }

    /// Adds a world of nodes. The header of a trace refers to it by `name`.
    #[must_use]
    pub fn with_world(mut self, name: impl Into<String>, cluster: impl Cluster + Send + Sync) -> Self {
        let name = name.into();
        self.by_name.insert(name.clone(), Entry::new(OfWorld { name, cluster }));
        self
    }

    /// Adds a system that is a program. The header of a trace refers to it by `name`.
    #[must_use]
    pub fn with_program(mut self, name: impl Into<String>, program: Program) -> Self {
        self.by_name.insert(name.into(), Entry { program: Some(program.clone()), ..Entry::new(program) });
        self
    }

    /// Adds several worlds of one type, such as a correct world and its versions with planted bugs.
    #[must_use]
    pub fn with_worlds<C: Cluster + Send + Sync>(self, clusters: impl IntoIterator<Item = (String, C)>) -> Self {
        clusters.into_iter().fold(self, |systems, (name, cluster)| systems.with_world(name, cluster))
    }

    /// Adds the workload that simulated runs send to every system whose messages have bodies of type `I`.
    #[must_use]
    pub fn exploring<I: Debug + 'static>(mut self, workload: Workload<I>) -> Self {
        Arc::make_mut(&mut self.workloads).add(workload);
        self
    }

    /// Sets the version that `--version` prints. The default is the version of Afresh.
    #[must_use]
    pub fn with_version(mut self, version: &'static str) -> Self {
        self.version = version;
        self
    }

    /// The version that `--version` prints.
    pub fn version(&self) -> &'static str {
        self.version
    }

    /// The names of all systems and worlds, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// Returns the system or world called `name`.
    ///
    /// # Errors
    ///
    /// Fails if there is no such system.
    pub fn get(&self, name: &str) -> Result<&dyn Runner, UnknownName> {
        let unknown = || UnknownName::new(Thing::System, name, self.names());
        self.by_name.get(name).map(|entry| &*entry.runner).ok_or_else(unknown)
    }

    /// Starts the program that the system called `name` is, to see that it runs. Does nothing for other systems.
    ///
    /// # Errors
    ///
    /// Fails if the program does not run.
    pub(crate) fn begin(&self, name: &str) -> Result<(), Error> {
        let program = self.by_name.get(name).and_then(|entry| entry.program.as_ref());
        let failed = |why: Failure| Error::file(format!("the program of {name}"), Problem::System(why.to_string()));
        program.map_or(Ok(()), |program| program.begin().map_err(failed))
    }

    /// Returns the program that the system called `name` is, if it is one.
    pub(crate) fn program(&self, name: &str) -> Option<&Program> {
        self.by_name.get(name)?.program.as_ref()
    }

    /// Returns an explorer of the system or world called `name`, or `None` if it has no workload.
    ///
    /// # Errors
    ///
    /// Fails if there is no such system.
    pub fn explorer<'s>(&'s self, name: &'s str) -> Result<Option<Box<dyn Explorer + 's>>, UnknownName> {
        Ok(self.get(name)?.explore(name, self.workloads(name)))
    }

    /// The workloads among which that of the system called `name` is.
    fn workloads(&self, name: &str) -> &Workloads {
        match self.by_name.get(name) {
            Some(Entry { program: Some(program), workloads, .. }) => workloads.get_or_init(|| {
                let mut workloads = Workloads::default();
                program.workload().into_iter().for_each(|workload| workloads.add(workload));
                workloads
            }),
            _ => &self.workloads,
        }
    }

    /// Returns an explorer of the system called `name` whose runs send the messages of recorded traces.
    ///
    /// Returns `None` if there is no such system, if it is a world of nodes, or if the traces have no messages.
    ///
    /// # Errors
    ///
    /// Fails if a trace cannot be read.
    pub fn explorer_around<'s>(
        &'s self,
        name: &'s str,
        traces: Vec<Reader<Input>>,
        around: Around,
    ) -> Result<Option<Box<dyn Explorer + 's>>, Error> {
        let Ok(runner) = self.get(name) else { return Ok(None) };
        runner.explore_around(name, self.workloads(name), traces, around)
    }
}

/// Returns the name of a type in kebab case, without modules and parameters: `order-book` for `shop::OrderBook<u64>`.
fn kebab(type_name: &str) -> String {
    let name = type_name.split('<').next().unwrap_or_default();
    let name = name.rsplit("::").next().unwrap_or_default();
    let mut words = String::new();
    let mut before = None;
    let mut letters = name.chars().peekable();
    while let Some(letter) = letters.next() {
        // A word begins at a capital after another character, and at the last of several capitals: `HTTPServer`.
        let ends_capitals = letters.peek().is_some_and(|next| next.is_lowercase());
        if letter.is_uppercase() && before.is_some_and(|before: char| !before.is_uppercase() || ends_capitals) {
            words.push('-');
        }
        words.extend(letter.to_lowercase());
        before = Some(letter);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::kebab;

    #[test]
    fn a_type_in_words() {
        let types = ["Stock", "shop::OrderBook<core::option::Option<u64>>", "HTTPServer", "Ledger2", "V2Ledger"];
        assert_eq!(types.map(kebab), ["stock", "order-book", "http-server", "ledger2", "v2-ledger"]);
    }
}
