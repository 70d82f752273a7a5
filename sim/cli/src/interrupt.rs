//! Requests to stop: Ctrl-C, SIGTERM and SIGHUP, and the end of the time limit.
//!
//! Long work checks for them, so that it can end with its results on disk.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use afresh_check::clock::Stopwatch;

/// Whether a signal has asked this process to stop.
///
/// This is the only static of the command line. A signal is sent to the process as a whole, and the libraries ask for
/// it with a plain `fn() -> bool`, which can carry no value.
static REQUESTED: AtomicBool = AtomicBool::new(false);

/// Makes Ctrl-C, SIGTERM and SIGHUP requests to stop from now on.
pub(crate) fn listen() {
    // This fails if the host program has its own handler, which then decides what these signals do.
    let _ = ctrlc::try_set_handler(|| REQUESTED.store(true, Ordering::Relaxed));
}

/// Returns whether a signal has asked this process to stop.
pub(crate) fn requested() -> bool {
    REQUESTED.load(Ordering::Relaxed)
}

/// The end of the time limit, if there is a limit.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Deadline(Option<(Stopwatch, Duration)>);

impl Deadline {
    /// Returns the deadline that is `limit` from now; it never passes if there is no limit.
    pub(crate) fn after(limit: Option<Duration>) -> Self {
        Self(limit.map(|limit| (Stopwatch::start(), limit)))
    }

    /// Returns whether the time limit has passed.
    pub(crate) fn has_passed(&self) -> bool {
        self.0.is_some_and(|(begun, limit)| begun.elapsed() >= limit)
    }
}
