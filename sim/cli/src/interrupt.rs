//! Requests to stop that long work looks for, so that it ends with what it has on disk: Ctrl-C, SIGTERM, and the end of
//! the time that it was given.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use afresh_check::clock::Stopwatch;

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// How long the work may take, from when.
static GIVEN: OnceLock<(Stopwatch, Duration)> = OnceLock::new();

/// From now on Ctrl-C, SIGTERM and SIGHUP are requests to stop, and so is the end of `time`, if it is limited.
pub(super) fn listen(time: Option<Duration>) {
    // It fails where the host program has a handler of its own, which then decides what these signals do.
    let _ = ctrlc::try_set_handler(|| REQUESTED.store(true, Ordering::Relaxed));
    if let Some(time) = time {
        // A process does one thing, so nothing was set before.
        let _ = GIVEN.set((Stopwatch::start(), time));
    }
}

/// Whether this process was asked to stop, by whatever.
pub(super) fn requested() -> bool {
    is_interrupted() || is_late()
}

/// Whether somebody asked this process to stop.
pub(super) fn is_interrupted() -> bool {
    REQUESTED.load(Ordering::Relaxed)
}

/// Whether the time is over that the work was given.
pub(super) fn is_late() -> bool {
    GIVEN.get().is_some_and(|(stopwatch, time)| stopwatch.elapsed() >= *time)
}
