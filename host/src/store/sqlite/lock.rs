//! The lock by which a process shows that it is alive: the operating system opens it when the process ends.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io;
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
