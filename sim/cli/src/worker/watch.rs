//! The time that a run of a system may take: a worker whose run takes longer says so and ends itself.

use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use afresh_check::clock::Stopwatch;
use afresh_core::Signature;
use afresh_shrink::minimize::{Candidate, Content, Oracle, Verdict};
use rustix::process::{Signal, getpid, kill_process};

use super::channel::{Note, send};

/// How often it is looked.
const TICK: Duration = Duration::from_millis(10);

/// Without another, a run may take so many times what the original took, and at least a second.
const FACTOR: u32 = 10;
const LEAST: Duration = Duration::from_secs(1);

/// The limit before the original was measured.
const FIRST: Duration = Duration::from_secs(300);

/// The runs under way, and how long each may take.
#[derive(Debug)]
struct Runs {
    limit: Option<Duration>,
    begun: Vec<Option<Stopwatch>>,
}

static RUNS: OnceLock<Mutex<Runs>> = OnceLock::new();

/// Begins to look, with this limit if it is known.
pub(super) fn begin(limit: Option<Duration>) {
    let _ = RUNS.set(Mutex::new(Runs { limit, begun: Vec::new() }));
    thread::spawn(|| {
        loop {
            thread::sleep(TICK);
            if with(|runs| runs.is_late()) == Some(true) {
                send(&Note::Hangs);
                // At once, whatever the other threads hold.
                let _ = kill_process(getpid(), Signal::KILL);
            }
        }
    });
}

impl Runs {
    fn is_late(&self) -> bool {
        let limit = self.limit.unwrap_or(FIRST);
        self.begun.iter().flatten().any(|begun| begun.elapsed() > limit)
    }
}

fn with<R>(work: impl FnOnce(&mut Runs) -> R) -> Option<R> {
    RUNS.get()?.lock().ok().map(|mut runs| work(&mut runs))
}

/// Does `work`, which runs the original, and sets the limit by how long it took, where none is set.
pub(crate) fn measure<R>(work: impl FnOnce() -> R) -> R {
    let (done, took) = watched(work);
    set_limit(took);
    done
}

/// Does `work` within the limit, if this process is a worker.
pub(crate) fn watch<R>(work: impl FnOnce() -> R) -> R {
    watched(work).0
}

/// The same; and how long it took.
fn watched<R>(work: impl FnOnce() -> R) -> (R, Duration) {
    let begun = Stopwatch::start();
    let place = with(|runs| {
        runs.begun.push(Some(begun));
        runs.begun.len() - 1
    });
    let done = work();
    with(|runs| {
        runs.begun[place.unwrap_or_default()] = None;
        while runs.begun.last().is_some_and(Option::is_none) {
            runs.begun.pop();
        }
    });
    (done, begun.elapsed())
}

/// Sets the limit by how long the original took, where none is set.
fn set_limit(took: Duration) {
    let limit = (took * FACTOR).max(LEAST);
    let set = with(|runs| runs.limit.is_none().then(|| runs.limit = Some(limit)).is_some());
    if set == Some(true) {
        send(&Note::Measured(limit));
    }
}

/// An oracle whose runs are watched. The first that shows the bug is the measure of the others.
#[derive(Debug)]
pub(crate) struct Watched<'o, O: ?Sized> {
    oracle: &'o mut O,
    /// Whether it runs several candidates at a time, as the supervisor knows.
    ahead: bool,
}

impl<'o, O: ?Sized> Watched<'o, O> {
    /// Watches the runs of `oracle`.
    pub(crate) fn new(oracle: &'o mut O) -> Self {
        Self { oracle, ahead: false }
    }

    /// Says how many candidates run at a time from now on, where that is another number than before.
    fn say(&mut self, ahead: bool) {
        if std::mem::replace(&mut self.ahead, ahead) != ahead {
            send(if ahead { &Note::SearchesAhead } else { &Note::Searches });
        }
    }
}

impl<T, O: Oracle<T> + ?Sized> Oracle<T> for Watched<'_, O> {
    fn test(&mut self, candidate: &Candidate<'_, T>) -> Verdict {
        self.say(false);
        let (verdict, took) = watched(|| self.oracle.test(candidate));
        if verdict.is_same() {
            set_limit(took);
        }
        verdict
    }

    fn width(&self, events: usize) -> usize {
        self.oracle.width(events)
    }

    /// Watched as one: none of them may take longer than a run may.
    fn test_all(&mut self, candidates: &[Candidate<'_, T>]) -> Vec<Verdict> {
        self.say(true);
        watch(|| self.oracle.test_all(candidates))
    }

    fn bug_is(&mut self, bug: &Signature) {
        self.oracle.bug_is(bug);
    }

    fn accepted(&mut self, candidate: &Candidate<'_, T>) {
        self.oracle.accepted(candidate);
    }

    fn content(&self) -> &dyn Content<T> {
        self.oracle.content()
    }
}
