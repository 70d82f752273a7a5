//! [`Service`]: a system that runs, with its journal in a store.
//!
//! Two threads do the work. The *driver* has the host with its engine: it takes commands, and carries out the actions
//! of the host. The *writer* has the store: it makes one batch after another durable. All other threads hold a
//! [`Service`], and send commands.

mod driver;
mod metrics;
mod open;
mod writer;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use afresh_check::Subject;
use afresh_check::turn::{self, Asked, Planned};
use afresh_core::host::Limits;
use afresh_core::{Engine, EventNumber, EventOf, Header, Knob, Message, Name, Policy, Receipt, Stimulus};
use afresh_trace::format::{self, Problem};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};

pub use metrics::Metrics;
pub use open::OpenError;

use driver::Command;

/// The options of a service.
#[derive(Clone, Debug)]
pub struct Options {
    /// The name of the system in the journal.
    pub system: String,
    /// The version of the code, such as a hash of the program; empty if unknown. The journal records it at every start.
    pub version: String,
    /// How the engine updates the state of a key.
    pub policy: Policy,
    /// The limits of the host.
    pub limits: Limits,
    /// The number of commands that may wait for the engine. While there are more, messages are refused.
    pub queue_max: usize,
    /// The time within which a receiver must have confirmed an output.
    pub delivery_max: Duration,
    /// The pause between two keys that are scrubbed in the background; `None` to scrub none.
    pub scrub_every: Option<Duration>,
    /// True to start although the code rejects messages that counted, or quarantines keys that were not; the journal
    /// then says so. Otherwise, such a start fails, and nothing is written.
    pub start_anyway: bool,
}

impl Options {
    /// The options of a service that runs `system`: incremental, and scrubbing ten keys a second.
    pub fn new(system: impl Into<String>) -> Self {
        Self {
            system: system.into(),
            version: String::new(),
            policy: Policy::Incremental,
            limits: Limits::default(),
            queue_max: 16_384,
            delivery_max: Duration::from_secs(30),
            scrub_every: Some(Duration::from_millis(100)),
            start_anyway: false,
        }
    }
}

/// A running service. Clones are handles of the same service.
pub struct Service<S: Subject> {
    commands: mpsc::Sender<Command<S>>,
    /// The number of events that are durable.
    durable: watch::Receiver<usize>,
    metrics: Arc<Metrics>,
    system: Arc<S>,
    name: Arc<str>,
    version: Arc<str>,
    store: Arc<str>,
    header: Arc<Header>,
}

impl<S: Subject> Clone for Service<S> {
    fn clone(&self) -> Self {
        let Self { commands, durable, metrics, system, name, version, store, header } = self;
        Self {
            commands: commands.clone(),
            durable: durable.clone(),
            metrics: Arc::clone(metrics),
            system: Arc::clone(system),
            name: Arc::clone(name),
            version: Arc::clone(version),
            store: Arc::clone(store),
            header: Arc::clone(header),
        }
    }
}

/// A message that is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// The event with which it arrived.
    pub event: EventNumber,
    /// Whether it counts and, if not, why.
    pub receipt: Receipt,
    /// The reason for which it was rejected, as text for people.
    pub why: Option<String>,
}

/// The plan of a knob, which can be confirmed.
#[derive(Clone, Debug, PartialEq)]
pub struct Asking {
    /// The name of the plan, with which it is confirmed once.
    pub token: Name,
    /// The knob, with complete names.
    pub knob: Knob,
    /// The effects that it would have.
    pub plan: Planned,
}

/// A knob that was turned.
#[derive(Clone, Debug, PartialEq)]
pub struct Turned<E> {
    /// The event of the knob.
    pub event: EventNumber,
    /// Everything that it caused, in the order of the journal.
    pub effects: Vec<E>,
}

/// What a service has not done yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The number of events in the journal.
    pub events: usize,
    /// The number of them that are durable.
    pub durable: usize,
    /// The receivers that lack outputs or have lacked some since the start, in the order of their names.
    pub receivers: Vec<Lacking>,
}

/// The outputs that a receiver lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lacking {
    /// The name of the receiver.
    pub receiver: Name,
    /// True if the service knows where this receiver is.
    pub is_known: bool,
    /// The number of slots whose output it does not have.
    pub unsettled: usize,
    /// The number of times in a row that it failed.
    pub failures: u32,
    /// Why it failed the last time, as text for people.
    pub why: Option<String>,
}

/// Why a service did not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Too much waits already. Nothing was journaled.
    #[error("the service is busy: try again later")]
    Busy,
    /// The storage failed. A message may or may not be durable; offering it again does no harm.
    #[error("the storage failed, so it is not known whether this is durable: try again later, with the same id")]
    StorageFailed,
    /// The code of the system panicked while something was read. Nothing else is affected.
    #[error("the code of the system panicked: look for the message in the log of the service")]
    Panicked,
    /// The service stops or has stopped.
    #[error("the service has stopped")]
    Stopped,
}

/// Why a knob was not planned or turned.
#[derive(Debug, thiserror::Error)]
pub enum KnobError {
    /// The service did not do it.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The knob has a name that the journal does not have.
    #[error(transparent)]
    Name(turn::Error),
    /// No plan has this token.
    #[error("no plan has this token: it was confirmed already, or is too old; ask for a new plan")]
    NotPlanned,
    /// The knob would have other effects now than when its plan was shown.
    #[error("the knob would do something else now than its plan says: look at the new plan and confirm that")]
    Changed {
        /// The plan that was shown.
        shown: Box<Planned>,
        /// The plan as it would be now.
        now: Box<Planned>,
    },
}

/// Follows the journal of a service; see [`Service::follow`].
pub struct Follow<S: Subject> {
    service: Service<S>,
    /// The number of events that were read.
    after: usize,
    /// Events that were read and not returned yet.
    next: VecDeque<EventOf<S>>,
}

/// The number of events that are read from the engine together.
const PART: usize = 4096;

impl<S: Subject + 'static> Follow<S> {
    /// Returns the next event. Waits until there is one.
    ///
    /// # Errors
    ///
    /// Fails if the service has stopped, or its storage failed.
    pub async fn next(&mut self) -> Result<EventOf<S>, Refused> {
        loop {
            if let Some(event) = self.next.pop_front() {
                return Ok(event);
            }
            let after = self.after;
            self.service.durable.wait_for(|durable| *durable > after).await.map_err(|_| Refused::Stopped)?;
            self.next = self.service.events(after, PART).await?.into();
            self.after += self.next.len();
        }
    }
}

/// The answer to a command.
type Reply<T> = oneshot::Sender<T>;

impl<S: Subject + 'static> Service<S> {
    /// Offers a message. It is durable when this returns.
    ///
    /// # Errors
    ///
    /// Fails if the service did not take the message, or does not know whether it is durable.
    pub async fn offer(&self, message: Message<S::In>) -> Result<Offered, Refused> {
        self.offer_stimulus(Stimulus::In(message)).await
    }

    /// Offers a message in its JSON form, as a trace holds it: `{"id":"m-17","from":"bank","body":…}`.
    ///
    /// A body that the system cannot read is journaled, and the message is rejected.
    ///
    /// # Errors
    ///
    /// Fails if the text is not the JSON of a message. Returns the problem, and the column in the text, from 1.
    pub fn offer_json(
        &self,
        json: &str,
    ) -> Result<impl Future<Output = Result<Offered, Refused>> + Send + use<S>, (Problem, u64)> {
        let stimulus = format::message(&*self.system, json)?;
        let service = self.clone();
        Ok(async move { service.offer_stimulus(stimulus).await })
    }

    /// Offers a message in its JSON form, and waits while the queue is full. It is in the queue when this returns, and
    /// durable when the future does that this returns.
    ///
    /// This offers many messages in their order, without waiting for each of them to become durable.
    ///
    /// # Errors
    ///
    /// Fails if the text is not the JSON of a message. Returns the problem, and the column in the text, from 1.
    pub async fn queue_json(
        &self,
        json: &str,
    ) -> Result<impl Future<Output = Result<Offered, Refused>> + Send + use<S>, (Problem, u64)> {
        let stimulus = format::message(&*self.system, json)?;
        self.metrics.offered.inc();
        let (reply, answer) = oneshot::channel();
        // If the service has stopped, the reply is dropped, and that is the answer.
        let _ = self.send(Command::Offer(stimulus, reply)).await;
        Ok(async move { answer.await.unwrap_or(Err(Refused::Stopped)) })
    }

    async fn offer_stimulus(&self, stimulus: Stimulus<S::In, S::View>) -> Result<Offered, Refused> {
        self.metrics.offered.inc();
        let (reply, answer) = oneshot::channel();
        match self.commands.try_send(Command::Offer(stimulus, reply)) {
            Ok(()) => answer.await.unwrap_or(Err(Refused::Stopped)),
            Err(TrySendError::Full(_)) => {
                self.metrics.refused.inc();
                Err(Refused::Busy)
            }
            Err(TrySendError::Closed(_)) => Err(Refused::Stopped),
        }
    }

    /// Reads something from the engine. The result is returned when everything that it may depend on is durable.
    ///
    /// `read` runs on the thread of the engine, so nothing else happens meanwhile: read a long journal in parts.
    ///
    /// # Errors
    ///
    /// Fails if the storage failed, or the service has stopped.
    pub async fn read<R: Send + 'static>(
        &self,
        read: impl FnOnce(&Engine<S>) -> R + Send + 'static,
    ) -> Result<R, Refused> {
        let (reply, answer) = oneshot::channel();
        let read = Command::Read(Box::new(move |engine| {
            let result = read(engine);
            Box::new(move |shown: Result<(), Refused>| drop(reply.send(shown.map(|()| result))))
        }));
        self.send(read).await?;
        let lost = if self.commands.is_closed() { Refused::Stopped } else { Refused::Panicked };
        answer.await.unwrap_or(Err(lost))
    }

    /// Returns up to `count` durable events after the event `after`, in the order of the journal.
    ///
    /// # Errors
    ///
    /// Fails if the storage failed, or the service has stopped.
    pub async fn events(&self, after: usize, count: usize) -> Result<Vec<EventOf<S>>, Refused> {
        let durable = *self.durable.borrow();
        let count = count.min(durable.saturating_sub(after));
        self.read(move |engine| engine.journal().since(after).take(count).cloned().collect()).await
    }

    /// Follows the journal: returns all durable events after the event `after`, and then each new one.
    pub fn follow(&self, after: usize) -> Follow<S> {
        Follow { service: self.clone(), after, next: VecDeque::new() }
    }

    /// The number of events that are durable, and a way to wait until there are more.
    pub fn durable(&self) -> watch::Receiver<usize> {
        self.durable.clone()
    }

    /// Plans a knob. Nothing is turned.
    ///
    /// # Errors
    ///
    /// Fails if the knob has names that the journal does not have, or the service did not do it.
    pub async fn plan(&self, asked: Asked) -> Result<Asking, KnobError> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Ask(asked, reply)).await?;
        answer.await.unwrap_or(Err(Refused::Stopped.into()))
    }

    /// Turns the knob of a plan, if it still does just what the plan says. The plan is used up. If `by` is not the
    /// operator who asked for the plan, the journal names both.
    ///
    /// # Errors
    ///
    /// Fails if the knob would have other effects now, if no plan has this token, or the service did not do it.
    pub async fn confirm(&self, token: Name, by: Option<Name>) -> Result<Turned<EventOf<S>>, KnobError> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Confirm(token, by, reply)).await?;
        answer.await.unwrap_or(Err(Refused::Stopped.into()))
    }

    /// Returns what the service has not done yet.
    ///
    /// # Errors
    ///
    /// Fails if the service has stopped.
    pub async fn status(&self) -> Result<Status, Refused> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Status(reply)).await?;
        answer.await.map_err(|_| Refused::Stopped)
    }

    /// Stops the service: makes everything durable that it has taken, and gives up the lease of the store.
    ///
    /// Everything that is offered from now on is refused. What is on its way to a receiver is sent again at the next
    /// start, if its receiver has not confirmed it by then.
    pub async fn stop(&self) {
        let (reply, answer) = oneshot::channel();
        if self.send(Command::Stop(reply)).await.is_ok() {
            // An error says that the service has stopped already.
            let _ = answer.await;
        }
    }

    /// Waits until the service stops: because it was asked to, or because another process has taken over its store.
    pub async fn stopped(&self) {
        self.commands.closed().await;
    }

    /// The counters of the service.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The system that the service runs.
    pub fn system(&self) -> &S {
        &self.system
    }

    /// The name of the system in the journal.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version of the code that runs; empty if unknown. The journal may have begun with another one.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The name of the store, without any password in it.
    pub fn store(&self) -> &str {
        &self.store
    }

    /// The header of the journal, which a trace of it begins with.
    pub fn header(&self) -> &Header {
        &self.header
    }

    async fn send(&self, command: Command<S>) -> Result<(), Refused> {
        self.commands.send(command).await.map_err(|_| Refused::Stopped)
    }
}
