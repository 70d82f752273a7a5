//! The number of jobs: how many threads work at a time.

use std::thread;

/// Parses a number of jobs, from 1 to 1024.
pub(super) fn jobs(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|jobs| (1..=1024).contains(jobs)).ok_or_else(|| "expected a number from 1 to 1024".into())
}

/// Returns the number of processors, as the default number of jobs.
pub(super) fn available() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}
