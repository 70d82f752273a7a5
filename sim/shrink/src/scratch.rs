//! Temporary folders that the next run removes if this process is killed.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use tempfile::TempDir;

/// The beginning of the name of every folder.
const PREFIX: &str = "afresh-";

/// The file in a folder that is locked as long as the process is there that made the folder.
const LOCK: &str = "lock";

/// A temporary folder. It is removed when this value is dropped. If the process is killed before, the next
/// [`Scratch::new`] of any process removes the folder.
#[derive(Debug)]
pub struct Scratch {
    folder: TempDir,
    /// Locked until the process ends, in whatever way. A process number would not do, because it is used again.
    _lock: File,
}

impl Scratch {
    /// Makes a folder, and removes those of processes that are gone.
    ///
    /// # Errors
    ///
    /// Fails if no folder can be made.
    pub fn new() -> io::Result<Self> {
        Self::within(&std::env::temp_dir())
    }

    /// Makes a folder within `parent`, and removes those of processes that are gone.
    fn within(parent: &Path) -> io::Result<Self> {
        remove_abandoned(parent);
        loop {
            let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent)?;
            let path = folder.path().join(LOCK);
            let lock = File::create(&path)?;
            // Where files cannot be locked, nobody can remove the folder by mistake either.
            let _ = lock.lock();
            // Another process may have removed the folder just before it was locked.
            if path.exists() {
                return Ok(Self { folder, _lock: lock });
            }
        }
    }

    /// The path of the folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes the folders within `parent` whose processes are gone. What cannot be removed is left for another run.
fn remove_abandoned(parent: &Path) {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let is_ours = |entry: &fs::DirEntry| entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes());
    // A link to a folder is not followed.
    for entry in entries.filter(|entry| is_ours(entry) && entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        let Ok(lock) = File::open(entry.path().join(LOCK)) else { continue };
        if lock.try_lock().is_ok() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_run_removes_what_a_killed_one_left() {
        let parent = TempDir::new().unwrap();
        let folder = |name: &str| parent.path().join(name);
        for name in ["afresh-dead", "afresh-foreign", "other"] {
            fs::create_dir(folder(name)).unwrap();
        }
        // The lock of a killed process is a file that nobody has locked.
        for name in ["afresh-dead", "other"] {
            fs::write(folder(name).join(LOCK), "").unwrap();
        }
        let first = Scratch::within(parent.path()).unwrap();
        assert!(!folder("afresh-dead").exists());
        let second = Scratch::within(parent.path()).unwrap();
        assert!(first.path().exists() && second.path().exists(), "a folder in use stays");
        drop((first, second));
        let mut left: Vec<_> = fs::read_dir(parent.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort_unstable();
        assert_eq!(left, ["afresh-foreign", "other"]);
    }
}
