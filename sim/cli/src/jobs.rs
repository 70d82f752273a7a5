//! How many things are done at a time.

use std::thread;

/// Reads the number.
pub(super) fn jobs(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|jobs| (1..=1024).contains(jobs)).ok_or_else(|| "expected a number from 1 to 1024".into())
}

/// One for each processor.
pub(super) fn available() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}
