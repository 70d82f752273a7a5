//! The file to which a worker writes the number of the event that it runs.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// A file with the number of the current event, so that the number is known if the event ends the worker.
///
/// A note for each event would wake the supervisor each time.
#[derive(Debug)]
pub(crate) struct Place(File);

impl Place {
    /// Creates or empties the file at `path`.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        File::create(path).map(Self)
    }

    /// Writes the number of the event that is about to be run, or `None` if none is.
    pub(crate) fn write(&self, event: Option<u64>) {
        // If this fails, the number is not known, which only makes a verdict less precise.
        let _ = self.0.write_all_at(&event.unwrap_or(0).to_le_bytes(), 0);
    }

    /// Returns the number of the event that a worker was running when it ended, if it is known.
    pub(crate) fn read(path: &Path) -> Option<u64> {
        let written = std::fs::read(path).ok()?;
        Some(u64::from_le_bytes(*written.first_chunk()?)).filter(|event| *event > 0)
    }
}
