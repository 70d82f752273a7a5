//! The time limit of a run: a worker whose run takes longer reports that, and kills itself.
//!
//! The time in which a run waits for a processor does not count, so a run is no hang because the machine is busy. The
//! time in which it sleeps does.

use std::io;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use afresh_check::clock::Stopwatch;
use afresh_core::Signature;
use afresh_shrink::minimize::{Candidate, Content, Oracle, Verdict};
use rustix::process::{Signal, getpid, kill_process};

use super::waits::Waits;
use super::{Channel, Note, Phase, Worker};

/// The time between two checks of the limit.
const TICK: Duration = Duration::from_millis(10);

/// The age of a run at which the waits of its threads begin to count. Most runs are shorter, and cost nothing.
const AGE: Duration = Duration::from_millis(100);

/// The default limit, as a multiple of the time that the original took.
const FACTOR: u32 = 10;

/// The lowest default limit.
const LEAST: Duration = Duration::from_secs(1);

/// The limit before the original was measured.
const FIRST: Duration = Duration::from_secs(300);

/// The runs that are watched, and a thread that watches them.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    runs: Arc<Mutex<Runs>>,
    channel: Channel,
}

/// The runs that have begun and not ended, and the time that each may take.
#[derive(Debug)]
struct Runs {
    limit: Option<Duration>,
    begun: Vec<Option<Begun>>,
}

/// A run that has begun and not ended.
#[derive(Debug)]
struct Begun {
    at: Stopwatch,
    /// The waits for a processor when the run had the age [`AGE`].
    waits: Option<Waits>,
}

impl Runs {
    /// Returns whether a run has taken longer than the limit, without its waits for a processor.
    fn is_late(&mut self) -> bool {
        let limit = self.limit.unwrap_or(FIRST);
        self.begun.iter_mut().flatten().any(|begun| begun.is_late(limit))
    }
}

impl Begun {
    fn is_late(&mut self, limit: Duration) -> bool {
        let elapsed = self.at.elapsed();
        if elapsed > limit.min(AGE) && self.waits.is_none() {
            self.waits = Some(Waits::read());
        }
        let waited = || self.waits.as_ref().map(|before| Waits::read().since(before)).unwrap_or_default();
        elapsed > limit && elapsed.saturating_sub(waited()) > limit
    }
}

impl Watch {
    /// Starts the thread that watches the runs, with this limit if it is known.
    pub(super) fn begin(limit: Option<Duration>, channel: Channel) -> io::Result<Self> {
        let watch = Self { runs: Arc::new(Mutex::new(Runs { limit, begun: Vec::new() })), channel };
        let watching = watch.clone();
        thread::Builder::new().spawn(move || {
            loop {
                thread::sleep(TICK);
                if watching.with(|runs| runs.is_late()) == Some(true) {
                    watching.channel.send(&Note::Hangs);
                    // A kill works at once, whichever locks the other threads hold.
                    let _ = kill_process(getpid(), Signal::KILL);
                }
            }
        })?;
        Ok(watch)
    }

    fn with<R>(&self, work: impl FnOnce(&mut Runs) -> R) -> Option<R> {
        self.runs.lock().ok().map(|mut runs| work(&mut runs))
    }

    /// Does `work` within the limit. Returns its result, and the time that it took.
    pub(super) fn time<R>(&self, work: impl FnOnce() -> R) -> (R, Duration) {
        let begun = Stopwatch::start();
        let place = self.with(|runs| {
            runs.begun.push(Some(Begun { at: begun, waits: None }));
            runs.begun.len() - 1
        });
        let done = work();
        self.with(|runs| {
            runs.begun[place.unwrap_or_default()] = None;
            while runs.begun.last().is_some_and(Option::is_none) {
                runs.begun.pop();
            }
        });
        (done, begun.elapsed())
    }

    /// Sets the limit by the time that the original took, if there is no limit yet, and reports it.
    pub(super) fn set_limit(&self, took: Duration) {
        let limit = (took * FACTOR).max(LEAST);
        let set = self.with(|runs| runs.limit.is_none().then(|| runs.limit = Some(limit)).is_some());
        if set == Some(true) {
            self.channel.send(&Note::Measured(limit));
        }
    }
}

/// An oracle whose runs have a time limit. If there is none yet, the first run that shows the bug sets it.
#[derive(Debug)]
pub(crate) struct Watched<'o, O: ?Sized> {
    oracle: &'o mut O,
    worker: &'o Worker,
    /// Whether the supervisor was told that several candidates run at a time.
    ahead: bool,
}

impl<'o, O: ?Sized> Watched<'o, O> {
    /// Watches the runs of `oracle`.
    pub(crate) fn new(oracle: &'o mut O, worker: &'o Worker) -> Self {
        Self { oracle, worker, ahead: false }
    }

    /// Tells the supervisor whether several candidates run at a time from now on, if that changes.
    fn enter(&mut self, ahead: bool) {
        if std::mem::replace(&mut self.ahead, ahead) != ahead {
            self.worker.enters(if ahead { Phase::SearchesAhead } else { Phase::Searches });
        }
    }
}

impl<T, O: Oracle<T> + ?Sized> Oracle<T> for Watched<'_, O> {
    fn test(&mut self, candidate: &Candidate<'_, T>) -> Verdict {
        self.enter(false);
        let (verdict, took) = self.worker.watch.time(|| self.oracle.test(candidate));
        if verdict.is_same() {
            self.worker.watch.set_limit(took);
        }
        verdict
    }

    fn width(&self, events: usize) -> usize {
        self.oracle.width(events)
    }

    /// Tests all candidates within one limit, because none of them may take longer than a run may.
    fn test_all(&mut self, candidates: &[Candidate<'_, T>]) -> Vec<Verdict> {
        self.enter(true);
        self.worker.watch(|| self.oracle.test_all(candidates))
    }

    fn bug_is(&mut self, bug: &Signature) {
        self.oracle.bug_is(bug);
    }

    fn went_back(&mut self, candidate: &Candidate<'_, T>) {
        self.oracle.went_back(candidate);
    }

    fn repeats(&self) -> bool {
        self.oracle.repeats()
    }

    fn accepted(&mut self, candidate: &Candidate<'_, T>) {
        self.oracle.accepted(candidate);
    }

    fn content(&self) -> &dyn Content<T> {
        self.oracle.content()
    }
}
