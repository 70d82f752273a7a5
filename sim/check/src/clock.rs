//! The only file of the library that reads a clock.
//!
//! Times decide when a run is abandoned, when a check with a limit looks less closely, which states a search keeps in
//! memory, and what a progress bar shows. They never enter a trace, a walk or a report.

use std::time::{Duration, Instant};

/// A clock that measures how long something takes.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts a stopwatch.
    #[expect(clippy::disallowed_methods, reason = "this file is where the clock is read")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// The time since the start.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
