//! The only file of the crate that reads a clock.

use std::time::{Duration, Instant, SystemTime};

use afresh_core::At;
use afresh_trace::recorder::stamp;

/// The time that the journal gives an event. It never goes back, whatever the clock of the machine does.
#[derive(Debug, Default)]
pub(crate) struct WallClock {
    latest: Option<At>,
}

impl WallClock {
    /// The time now or, if the clock of the machine has gone back, the latest time that this returned.
    #[expect(clippy::disallowed_methods, reason = "this file is where the clock is read")]
    pub(crate) fn now(&mut self) -> At {
        let now = stamp(SystemTime::now());
        *self.latest.insert(self.latest.map_or(now, |latest| latest.max(now)))
    }
}

/// A clock that measures how long something takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts a stopwatch.
    #[expect(clippy::disallowed_methods, reason = "this file is where the clock is read")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// The time since the start.
    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// The time now, for timers of Tokio.
#[expect(clippy::disallowed_methods, reason = "this file is where the clock is read")]
pub(crate) fn now() -> tokio::time::Instant {
    tokio::time::Instant::now()
}
