//! The time that the threads of this process wait for a processor, because others use it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::time::Duration;

/// For each thread of this process, how many nanoseconds it has waited for a processor so far.
///
/// On a system that does not report this, it is empty.
#[derive(Clone, Debug, Default)]
pub(super) struct Waits(BTreeMap<OsString, u64>);

impl Waits {
    /// Reads the times from `/proc`.
    pub(super) fn read() -> Self {
        let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
        let waits = tasks.filter_map(|task| {
            let statistics = fs::read_to_string(task.path().join("schedstat")).ok()?;
            Some((task.file_name(), waited(&statistics)?))
        });
        Self(waits.collect())
    }

    /// Returns how long a thread has waited since `before`: the one that has waited longest.
    pub(super) fn since(&self, before: &Self) -> Duration {
        let since = |(thread, waited): (&OsString, &u64)| {
            waited.saturating_sub(before.0.get(thread).copied().unwrap_or_default())
        };
        Duration::from_nanos(self.0.iter().map(since).max().unwrap_or_default())
    }
}

/// Returns the second number of `schedstat`, which comes after the processor time.
fn waited(statistics: &str) -> Option<u64> {
    statistics.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thread_that_waited_longest_counts() {
        let waits = |of: &[(&str, &str)]| {
            Waits(of.iter().map(|(thread, text)| (OsString::from(thread), waited(text).expect("a number"))).collect())
        };
        let before = waits(&[("1", "5000 200 3\n"), ("2", "9 1000 1\n")]);
        let after = waits(&[("1", "9000 700 3\n"), ("2", "9 1001 1\n"), ("3", "0 499 0\n")]);
        assert_eq!(after.since(&before), Duration::from_nanos(500));
        assert_eq!(Waits::default().since(&before), Duration::ZERO);
        assert_eq!(waited(""), None);
    }
}
