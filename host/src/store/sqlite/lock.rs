//! The lock by which a process shows that it is alive: the operating system opens it when the process ends.
//!
//! Its file holds the number of the last event that was durable. SQLite drops what it cannot read of the newest
//! transactions, as if they had never been, so the database alone does not tell that they are lost.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// A lock that this process has. Dropping it opens the lock.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // A process that another thread starts has a copy of the file until it runs its program. If the file were only
        // closed, that copy would keep the lock.
        let _ = self.0.unlock();
    }
}

impl Lock {
    /// Notes that all events up to this number are durable.
    ///
    /// Nothing waits for the disk: what a power failure takes of the file makes the check weaker, and never wrong.
    pub(super) fn note(&self, last: i64) -> io::Result<()> {
        let mut line = Vec::new();
        writeln!(line, "{last}")?;
        self.0.write_all_at(&line, 0)
    }
}

/// Returns the number of the last event that was durable, or 0 if that is not known.
pub(super) fn noted(database: &Path) -> i64 {
    let text = fs::read_to_string(beside(database)).unwrap_or_default();
    text.lines().next().and_then(|line| line.parse().ok()).unwrap_or(0)
}

/// Locks the file `PATH.lock` until the returned lock is dropped. Returns `None` if another process has locked it, or
/// this file system has no locks.
///
/// Nobody ever removes the file: a lock on a removed file would exclude nobody.
pub(super) fn lock(database: &Path) -> io::Result<Option<Lock>> {
    let file = File::options().create(true).truncate(false).write(true).open(beside(database))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Returns the path of the lock, which is the same for all symbolic links to a database.
pub(super) fn beside(database: &Path) -> PathBuf {
    let mut path = OsString::from(fs::canonicalize(database).unwrap_or_else(|_| database.to_owned()));
    path.push(".lock");
    path.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_number_is_noted() {
        let folder = tempfile::tempdir().expect("a folder");
        let database = folder.path().join("t.db");
        assert_eq!(noted(&database), 0);
        let lock = lock(&database).expect("there are locks").expect("nobody has it");
        assert_eq!(noted(&database), 0);
        for last in [7, 1234, 12] {
            lock.note(last).expect("it can be written");
            assert_eq!(noted(&database), last);
        }
    }

    #[test]
    fn a_dropped_lock_is_open_although_another_process_has_a_copy_of_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let database = folder.path().join("t.db");
        let first = lock(&database).expect("there are locks").expect("nobody has it");
        assert!(lock(&database).expect("there are locks").is_none());
        let copy = first.0.try_clone().expect("a copy");
        drop(first);
        assert!(lock(&database).expect("there are locks").is_some());
        drop(copy);
    }
}
