//! Requests to stop: Ctrl-C, SIGTERM and SIGHUP, and the end of the time limit.
//!
//! Long work checks for them, so that it can end with its results on disk.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::Duration;

use afresh_check::clock::Stopwatch;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::orphans;

/// Whether a signal has asked this process to stop.
///
/// This is the only static of the command line. A signal is sent to the process as a whole, and the libraries ask for
/// it with a plain `fn() -> bool`, which can carry no value.
static REQUESTED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// The signals that ask a process to stop.
const SIGNALS: [i32; 3] = [SIGHUP, SIGINT, SIGTERM];

/// Makes Ctrl-C, SIGTERM and SIGHUP requests to stop from now on.
///
/// A signal that is ignored stays ignored: `nohup` ignores SIGHUP, and a shell ignores SIGINT in the jobs that a script
/// starts with `&`. If the host program has a handler of its own, that handler decides what the signal does.
pub(crate) fn listen() {
    for signal in free() {
        // A signal without a handler ends the process, as it does by default.
        let _ = signal_hook::flag::register(signal, REQUESTED.clone());
    }
}

/// Makes Ctrl-C, SIGTERM and SIGHUP end this process and all that it has started, from now on. A program that hangs
/// would not notice that nobody asks it any more.
///
/// A signal that is ignored, or has a handler, stays as it is.
pub(crate) fn end_with_children() {
    let Ok(mut signals) = Signals::new(free()) else { return };
    // Without the thread, which no machine refuses that has room for a run, the first signal would be lost.
    let handle = signals.handle();
    let begun = thread::Builder::new().spawn(move || {
        for signal in signals.forever() {
            let _all = orphans::end_all();
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    });
    if begun.is_err() {
        handle.close();
    }
}

/// Returns the signals that are neither ignored nor have a handler.
fn free() -> Vec<i32> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    SIGNALS.into_iter().filter(|signal| !is_taken(&status, *signal)).collect()
}

/// Returns whether `status`, which is the file of that name in `/proc`, says that `signal` is ignored or has a handler.
///
/// On a system without such a file, no signal counts as taken.
fn is_taken(status: &str, signal: i32) -> bool {
    let masks = ["SigIgn:", "SigCgt:"].into_iter().filter_map(|name| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        u64::from_str_radix(line.trim(), 16).ok()
    });
    masks.fold(0, |taken, mask| taken | mask) >> (signal - 1) & 1 == 1
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ignored_signal_and_one_with_a_handler_are_taken() {
        let status = "Name:\tx\nSigIgn:\t0000000000000003\nSigCgt:\t0000000000004000\n";
        let taken = SIGNALS.map(|signal| is_taken(status, signal));
        assert_eq!(taken, [true, true, true]);
        let status = "SigIgn:\t0000000000000002\n";
        assert_eq!(SIGNALS.map(|signal| is_taken(status, signal)), [false, true, false]);
        assert!(!is_taken("", SIGTERM));
    }
}
