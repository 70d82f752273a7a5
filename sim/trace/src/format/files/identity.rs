//! The identity of a file, which is the same under each of its names, and the lock of a file that is written.

use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::format::error::Problem;

/// The identity of a file: its device and its number there. Paths and hard links of one file have the same identity.
///
/// On systems without such numbers, each file has the same identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    device: u64,
    number: u64,
}

impl Identity {
    /// Returns the identity of the file at `path`, or `None` if there is none. A symbolic link stands for its file.
    pub fn of(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().map(|metadata| Self::from(&metadata))
    }
}

impl From<&Metadata> for Identity {
    #[cfg(unix)]
    fn from(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self { device: metadata.dev(), number: metadata.ino() }
    }

    #[cfg(not(unix))]
    fn from(_: &Metadata) -> Self {
        Self { device: 0, number: 0 }
    }
}

/// How often a file may be replaced while it is being locked.
const TRIES: u32 = 1000;

/// Opens the file at `path`, and locks it against other writers until the returned file is dropped.
///
/// A writer that replaces the file makes a lock on the old one worthless. So the file that is locked is the one that
/// has this path.
///
/// # Errors
///
/// Fails if the file cannot be opened, is a pipe or a device, is locked, or is replaced again and again. On a file
/// system without locks, it is not locked.
pub fn open_locked(path: &Path, options: &OpenOptions) -> Result<File, Problem> {
    // A pipe would be read until somebody writes to it.
    if fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        return Err(Problem::Special);
    }
    for _ in 0..TRIES {
        let file = options.open(path).map_err(Problem::Read)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(Problem::Locked),
            Err(TryLockError::Error(error)) if error.kind() != io::ErrorKind::Unsupported => {
                return Err(Problem::Write(error));
            }
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        let locked = file.metadata().map_err(Problem::Read)?;
        if Identity::of(path).as_ref() == Some(&Identity::from(&locked)) {
            return Ok(file);
        }
    }
    Err(Problem::Locked)
}
