//! Locks, so that two processes do not write the same files.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;
use std::{fs, io, thread};

use afresh_trace::format::files::open_locked;
use afresh_trace::format::{Error, Problem};

use crate::interrupt;

/// The number of attempts to lock a file, and the time between them.
const TRIES: u32 = 100;
const WAIT: Duration = Duration::from_millis(20);

/// Opens the file or folder at `path`, and locks it until it is closed. The lock ends with this process, however it
/// ends.
///
/// It tries for two seconds, because a worker whose supervisor was killed may still be ending.
///
/// # Errors
///
/// Fails if the file cannot be opened, or if another process holds the lock, and names that process.
pub(crate) fn lock(path: &Path, options: &OpenOptions) -> Result<File, Error> {
    let failed = |problem| Error::file(path.display().to_string(), problem);
    for _ in (0..TRIES).take_while(|attempt| *attempt == 0 || !interrupt::requested()) {
        match open_locked(path, options) {
            Err(Problem::Locked) => thread::sleep(WAIT),
            opened => return opened.map_err(failed),
        }
    }
    let locks = fs::read_to_string("/proc/locks").unwrap_or_default();
    let holder = fs::metadata(path).ok().and_then(|file| holder(&locks, file.ino()));
    let holder = holder.map_or_else(|| "another process".to_owned(), |process| format!("process {process}"));
    let reason = format!("{holder} is writing there: wait until it has ended");
    Err(failed(Problem::Write(io::Error::other(reason))))
}

/// Returns the process that holds a lock on the file with this inode number, from the list of all locks in `/proc`.
fn holder(locks: &str, inode: u64) -> Option<&str> {
    locks.lines().find_map(|line| {
        let [_, "FLOCK", _, _, process, place, ..] = line.split_whitespace().collect::<Vec<_>>()[..] else {
            return None;
        };
        (place.rsplit(':').next()?.parse() == Ok(inode)).then_some(process)
    })
}

#[cfg(test)]
mod tests {
    use super::holder;

    #[test]
    fn the_process_that_holds_a_lock_is_named() {
        let locks = "1: POSIX  ADVISORY  WRITE 11 08:01:7 0 EOF\n2: FLOCK  ADVISORY  WRITE 12 08:01:7 0 EOF\n\
                     2: -> FLOCK  ADVISORY  WRITE 13 08:01:8 0 EOF\n";
        assert_eq!(holder(locks, 7), Some("12"));
        assert_eq!(holder(locks, 8), None);
    }
}
