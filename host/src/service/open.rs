//! Opening: from a store to a running service.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, channel, sync_channel};
use std::{io, thread};

use afresh_check::Subject;
use afresh_check::guard::guard;
use afresh_core::host::Host;
use afresh_core::{
    Event, EventNumber, EventOf, Fault, Header, Name, Observation, Options as EngineOptions, Stimulus, What,
};
use afresh_trace::format::Problem;
use afresh_trace::row::Row;
use afresh_trace::text::{count, name};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};

use super::driver::{Driver, Ticket};
use super::metrics::Metrics;
use super::writer::Writer;
use super::{Options, Service};
use crate::clock::WallClock;
use crate::receiver::Receivers;
use crate::store::{Error, Store};

/// The number of rows that are read from the store together.
const CHUNK: usize = 1024;

/// Why a service could not start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] Error),
    /// The store holds the journal of another system.
    #[error(
        "{store} holds the journal of `{found}`, and `{system}` knows no version of that name: run `{found}`, or use \
         another store"
    )]
    OtherSystem {
        /// The name of the store.
        store: String,
        /// The system of the journal.
        found: String,
        /// The system that was to run.
        system: String,
    },
    /// The journal in the store is a window of a history, from which no service can continue.
    #[error("{store} holds only a part of a history: a service needs all of it")]
    Window {
        /// The name of the store.
        store: String,
    },
    /// The code rejects messages that counted, or quarantines keys that were not. Nothing was written.
    #[error(
        "{store}: this code would reject {} and quarantine {} that the code before it could read: {first}",
        count(*.messages, "message", "messages"),
        count(*.keys, "key", "keys")
    )]
    Loses {
        /// The name of the store.
        store: String,
        /// The number of messages.
        messages: u64,
        /// The number of keys.
        keys: u64,
        /// The first of them, with the reason.
        first: String,
    },
    /// A thread could not be started.
    #[error("a thread cannot be started: {0}")]
    Thread(#[from] io::Error),
}

impl<S: Subject + 'static> Service<S> {
    /// Starts a service: takes the lease of the store, computes all states from its journal, and sends what is not
    /// settled. Call it from a Tokio runtime, whose tasks then call the receivers.
    ///
    /// This blocks until the service is ready, which takes about as long as replaying the journal.
    ///
    /// # Errors
    ///
    /// Fails if the store cannot be used, or holds the journal of another system. Also fails if the code would reject
    /// messages that counted, or quarantine keys, unless [`Options::start_anyway`] says otherwise.
    ///
    /// # Panics
    ///
    /// Panics outside of a Tokio runtime.
    pub fn open(
        system: S,
        mut store: Box<dyn Store>,
        receivers: Receivers<S::Out>,
        options: Options,
    ) -> Result<Self, OpenError> {
        let header = Header { version: options.version.clone(), ..Header::complete(&options.system) };
        let header = store.take(&header)?;
        if !header.complete {
            return Err(OpenError::Window { store: store.name().into() });
        }
        let host = host(&system, &mut *store, &header, &options)?;
        if !options.start_anyway {
            loses_nothing(&host, store.name())?;
        }
        let store_name: Arc<str> = store.name().into();
        let metrics = Arc::new(Metrics::new());
        let (events, internal) = mpsc::unbounded_channel();
        let (commands, asked) = mpsc::channel(options.queue_max);
        let (durable_now, durable) = watch::channel(host.durable());
        let (tasks, to_do) = channel();
        let writer = Writer {
            store,
            system: system.clone(),
            version: header.version.clone(),
            metrics: Arc::clone(&metrics),
            events: events.clone(),
        };
        let (name, version): (Arc<str>, Arc<str>) = (options.system.as_str().into(), options.version.as_str().into());
        let kept = Arc::new(header.clone());
        let driver = Driver::new(host, header, receivers, options, Arc::clone(&metrics), durable_now, tasks, events);
        let runtime = Handle::current();
        thread::Builder::new().name("afresh-writer".into()).spawn(move || writer.run(&to_do))?;
        thread::Builder::new().name("afresh-engine".into()).spawn(move || driver.run(&runtime, asked, internal))?;
        Ok(Self {
            commands,
            durable,
            metrics,
            system: Arc::new(system),
            name,
            version,
            store: store_name,
            header: kept,
        })
    }
}

/// Builds the host from the journal in the store. One thread reads the rows, and this one folds their events.
fn host<S: Subject>(
    system: &S,
    store: &mut dyn Store,
    header: &Header,
    options: &Options,
) -> Result<Host<S, Ticket<S>>, OpenError> {
    let name = store.name().to_owned();
    let (chunks, read) = sync_channel(64);
    thread::scope(|scope| {
        let reading = scope.spawn(move || read_in_chunks(store, &chunks));
        let mut wrong = None;
        let events = read.into_iter().flatten().map_while(|row| match row.event(system, &header.version) {
            Ok(event) => Some(event),
            Err(problem) => {
                wrong = Some(unreadable(&name, row.number, &problem));
                None
            }
        });
        let host = restarted(system, header, options, events);
        match reading.join() {
            Ok(read) => read?,
            Err(panic) => std::panic::resume_unwind(panic),
        }
        match (host, wrong) {
            (Err(found), _) if !found.is_empty() => {
                Err(OpenError::OtherSystem { store: name, found, system: options.system.clone() })
            }
            (_, Some(wrong)) => Err(wrong.into()),
            (host, None) => {
                host.map_err(|found| OpenError::OtherSystem { store: name, found, system: options.system.clone() })
            }
        }
    })
}

/// Checks that the start of the code rejects no message and quarantines no key.
fn loses_nothing<S: Subject, T>(host: &Host<S, T>, store: &str) -> Result<(), OpenError> {
    let (mut messages, mut keys, mut first) = (0, 0, None);
    for Event { cause, what, .. } in host.engine().journal().since(host.durable()) {
        let told = match what {
            What::Observation(Observation::Rejected(rejected)) => {
                messages += 1;
                let event = cause.map_or(0, EventNumber::get);
                format!("the message of event {event}: {}", rejected.why)
            }
            What::Observation(Observation::Quarantined(quarantined)) => {
                keys += 1;
                format!("the key {}: {}", name(quarantined.key.as_str()), quarantined.why)
            }
            _ => continue,
        };
        first.get_or_insert(told);
    }
    first.map_or(Ok(()), |first| Err(OpenError::Loses { store: store.into(), messages, keys, first }))
}

/// Builds a host from the events of a journal.
///
/// # Errors
///
/// Returns the name of the system of the journal, if it is another one of which `system` knows no version.
pub(super) fn restarted<S: Subject>(
    system: &S,
    header: &Header,
    options: &Options,
    events: impl IntoIterator<Item = EventOf<S>>,
) -> Result<Host<S, Ticket<S>>, String> {
    let Options { policy, limits, .. } = *options;
    let engine = EngineOptions { policy, complete: true, views: false, rounds_max: 1000, guard };
    let is_other = |found: &str| *found != *options.system && system.variant(&found.into()).is_none();
    let mut events = events.into_iter().peekable();
    if events.peek().is_none() {
        return match is_other(&header.system) {
            true => Err(header.system.clone()),
            false => Ok(Host::new(system.clone(), engine, limits)),
        };
    }
    let deployed = RefCell::new(header.system.clone());
    let events = events.inspect(|event| {
        if let What::Stimulus(Stimulus::Fault(fault)) = &event.what
            && let Fault::Deploy { system, .. } = &**fault
        {
            *deployed.borrow_mut() = system.as_str().to_owned();
        }
    });
    let at = Some(WallClock::default().now());
    let mut other = None;
    let host = Host::restart(system.clone(), engine, limits, events, at, || {
        let found = deployed.borrow();
        if is_other(&found) {
            other = Some(found.clone());
        }
        Stimulus::Fault(Box::new(start(system, &found, options)))
    });
    match (host, other) {
        (Ok(host), None) => Ok(host),
        (_, other) => Err(other.unwrap_or_default()),
    }
}

/// The fault with which the journal records a start. Its node says which version of the code starts.
fn start<S: Subject>(system: &S, found: &str, options: &Options) -> Fault {
    let name = Name::from(options.system.as_str());
    let node = match options.version.as_str() {
        "" => "service".into(),
        version => Name::from(format!("service {version}")),
    };
    // A trace can only name versions that the system knows.
    match found != options.system && system.variant(&name).is_some() {
        true => Fault::Deploy { node, system: name },
        false => Fault::Restart { node },
    }
}

/// Reads all rows of a store, and sends them in chunks, until nobody wants more.
fn read_in_chunks(store: &mut dyn Store, chunks: &SyncSender<Vec<Row>>) -> Result<(), Error> {
    let mut chunk = Vec::with_capacity(CHUNK);
    store.read(0, &mut |row| {
        chunk.push(row);
        chunk.len() < CHUNK || chunks.send(std::mem::replace(&mut chunk, Vec::with_capacity(CHUNK))).is_ok()
    })?;
    // An error says that nobody wants more.
    let _ = chunks.send(chunk);
    Ok(())
}

/// Reads all events of a store, in the types of a system, until `each` returns false.
pub(super) fn read_events<S: Subject>(
    store: &mut dyn Store,
    system: &S,
    version: &str,
    mut each: impl FnMut(EventOf<S>) -> bool,
) -> Result<(), Error> {
    let mut wrong = None;
    let name = store.name().to_owned();
    store.read(0, &mut |row| match row.event(system, version) {
        Ok(event) => each(event),
        Err(problem) => {
            wrong = Some(unreadable(&name, row.number, &problem));
            false
        }
    })?;
    wrong.map_or(Ok(()), Err)
}

/// The error that a row is no event of the system.
fn unreadable(store: &str, event: EventNumber, problem: &Problem) -> Error {
    Error::Unreadable { store: store.into(), event, why: problem.to_string() }
}
