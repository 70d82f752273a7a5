//! The lock by which a process shows that it is alive: the operating system opens it when the process ends.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// Locks the file `PATH.lock` until the returned file is dropped. Returns `None` if another process has locked it, or
/// this file system has no locks.
///
/// Nobody ever removes the file: a lock on a removed file would exclude nobody.
pub(super) fn lock(database: &Path) -> io::Result<Option<File>> {
    let file = File::options().create(true).truncate(false).write(true).open(beside(database))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
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
