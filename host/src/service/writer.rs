//! The writer: the thread that has the store, and makes one batch after another durable.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use afresh_check::Subject;
use afresh_core::{Engine, EventOf, Stimulus, What};
use afresh_trace::row::Row;
use tokio::sync::mpsc::UnboundedSender;

use super::Reply;
use super::driver::Event;
use super::metrics::Metrics;
use super::open::read_events;
use crate::clock::Stopwatch;
use crate::store::{Error, Store};

/// Something that the writer has to do.
pub(super) enum Task {
    /// Append these rows, up to this number of events.
    Append(Vec<Row>, usize),
    /// Read the whole journal again, after an append that failed.
    Recover,
    /// Give up the lease, reply, and end.
    Stop(Vec<Reply<()>>),
}

/// The longest time between two extensions of the lease.
const RENEWAL: Duration = Duration::from_secs(5);

/// The pause before the store is tried again after a failure: at first, and at most.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(5)];

/// The writer of one service.
pub(super) struct Writer<S: Subject> {
    pub(super) store: Box<dyn Store>,
    pub(super) system: S,
    /// The version of the system that recorded the bodies.
    pub(super) version: String,
    pub(super) metrics: Arc<Metrics>,
    pub(super) events: UnboundedSender<Event<S>>,
}

impl<S: Subject> Writer<S> {
    /// Carries out tasks until the last one, or until the lease is lost.
    pub(super) fn run(mut self, tasks: &Receiver<Task>) {
        let stopping = loop {
            match tasks.recv_timeout(RENEWAL) {
                Ok(Task::Append(rows, end)) => {
                    let done = self.append(&rows).map(|()| Event::Stored(end));
                    self.report(done);
                }
                Ok(Task::Recover) => {
                    if let Some(stopping) = self.recover(tasks) {
                        break stopping;
                    }
                }
                Ok(Task::Stop(stopping)) => break stopping,
                Err(RecvTimeoutError::Disconnected) => break Vec::new(),
                Err(RecvTimeoutError::Timeout) => {
                    // If only the extension fails, nothing is in doubt. The next append says whether the store works.
                    if let Err(error @ Error::Fenced { .. }) = self.store.renew() {
                        self.report(Err(error));
                    }
                }
            }
        };
        if let Err(error) = self.store.release() {
            tracing::warn!("{error}");
        }
        for reply in stopping {
            // An error says that nobody waits any more.
            let _ = reply.send(());
        }
    }

    fn append(&mut self, rows: &[Row]) -> Result<(), Error> {
        let stopwatch = Stopwatch::start();
        self.store.append(rows)?;
        self.metrics.commits.inc();
        self.metrics.commit.observe(stopwatch.elapsed().as_secs_f64());
        self.metrics.batch.observe(rows.len() as f64);
        Ok(())
    }

    /// Waits until the store works again, and reads the journal. If the service stops before, returns who waits for
    /// that.
    fn recover(&mut self, tasks: &Receiver<Task>) -> Option<Vec<Reply<()>>> {
        let [mut pause, longest] = PAUSES;
        loop {
            let done = match self.store.renew().and_then(|()| self.read()) {
                Ok(events) => Ok(Event::Recovered(events)),
                Err(error @ (Error::Fenced { .. } | Error::Damaged { .. })) => Err(error),
                Err(error) => {
                    tracing::warn!("{error}: trying again");
                    match tasks.recv_timeout(pause) {
                        Ok(Task::Stop(stopping)) => return Some(stopping),
                        Err(RecvTimeoutError::Disconnected) => return Some(Vec::new()),
                        // A service whose storage has failed has nothing else to do.
                        Ok(Task::Append(..) | Task::Recover) | Err(RecvTimeoutError::Timeout) => {}
                    }
                    pause = (pause * 2).min(longest);
                    continue;
                }
            };
            self.report(done);
            return None;
        }
    }

    fn read(&mut self) -> Result<Vec<EventOf<S>>, Error> {
        let mut events = Vec::new();
        read_events(&mut *self.store, &self.system, &self.version, |event| {
            events.push(event);
            true
        })?;
        Ok(events)
    }

    fn report(&mut self, done: Result<Event<S>, Error>) {
        let event = done.unwrap_or_else(|error| {
            self.metrics.storage_failures.inc();
            tracing::error!("{error}");
            match error {
                Error::Fenced { .. } | Error::Damaged { .. } => Event::StorageLost,
                _ => Event::StorageFailed,
            }
        });
        // An error says that the driver has ended, and then this thread does too.
        let _ = self.events.send(event);
    }
}

/// Converts an event into a row, with the key that a message concerns.
pub(super) fn row<S: Subject>(engine: &Engine<S>, event: &EventOf<S>) -> Result<Row, afresh_trace::format::Problem> {
    let mut row = Row::of(event)?;
    if let What::Stimulus(Stimulus::In(message)) = &event.what
        && let Some(body) = &message.body
    {
        // A body on which `keys` panics was rejected. Nobody needs to find it by a key.
        let _ = (engine.options().guard)(&mut || {
            let mut keys = engine.system().keys(body).into_iter();
            row.key = keys.next().filter(|_| keys.next().is_none());
        });
    }
    Ok(row)
}
