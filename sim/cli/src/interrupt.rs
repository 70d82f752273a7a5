//! Requests to stop: Ctrl-C, SIGTERM, SIGHUP, and the end of the time limit.
//!
//! Long work checks for them, so that it can end with its results on disk.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use afresh_check::clock::Stopwatch;

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// The time limit, and a stopwatch that runs since it was set.
static GIVEN: OnceLock<(Stopwatch, Duration)> = OnceLock::new();

/// Makes Ctrl-C, SIGTERM and SIGHUP requests to stop from now on, and also the end of `time`, if there is a limit.
pub(super) fn listen(time: Option<Duration>) {
    // This fails if the host program has its own handler, which then decides what these signals do.
    let _ = ctrlc::try_set_handler(|| REQUESTED.store(true, Ordering::Relaxed));
    if let Some(time) = time {
        // A process runs one subcommand, so no limit was set before.
        let _ = GIVEN.set((Stopwatch::start(), time));
    }
}

/// Returns whether this process should stop, for any reason.
pub(super) fn requested() -> bool {
    is_interrupted() || is_late()
}

/// Returns whether a signal asked this process to stop.
pub(super) fn is_interrupted() -> bool {
    REQUESTED.load(Ordering::Relaxed)
}

/// Returns whether the time limit has passed.
pub(super) fn is_late() -> bool {
    GIVEN.get().is_some_and(|(stopwatch, time)| stopwatch.elapsed() >= *time)
}
