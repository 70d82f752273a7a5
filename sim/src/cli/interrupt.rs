//! Ctrl-C and SIGTERM: a request to stop that long work looks for, so that it ends with what it has on disk.

use std::sync::atomic::{AtomicBool, Ordering};

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// From now on Ctrl-C, SIGTERM and SIGHUP are requests to stop.
pub(super) fn listen() {
    // It fails where the host program has a handler of its own, which then decides what these signals do.
    let _ = ctrlc::try_set_handler(|| REQUESTED.store(true, Ordering::Relaxed));
}

/// Whether this process was asked to stop.
pub(super) fn requested() -> bool {
    REQUESTED.load(Ordering::Relaxed)
}
