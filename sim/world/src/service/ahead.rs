//! A trace that is written while the run is going on, so that it survives a run that hangs or ends the process.

use std::fs::File;
use std::io::{self, Seek};
use std::sync::{Mutex, PoisonError};

use afresh_core::{Event, Header};
use afresh_trace::format::Writer;
use serde::Serialize;

/// A trace file in which every stimulus of the host is written before the host takes it.
///
/// If the run hangs or ends the process, the last line says at which event. An event that cannot be written is left
/// out, because the seed can still reproduce the run.
pub(crate) struct Ahead {
    header: Header,
    file: File,
    writer: Mutex<Option<Writer<File>>>,
}

impl Ahead {
    pub(crate) fn new(header: Header, file: File) -> Self {
        let ahead = Self { header, file, writer: Mutex::default() };
        ahead.begin();
        ahead
    }

    /// Empties the file and begins the trace again, because a host that restarts may have lost the end of its journal.
    pub(super) fn begin(&self) {
        *self.writer.lock().unwrap_or_else(PoisonError::into_inner) = self.empty().ok();
    }

    /// Empties the file, and writes the header of the trace.
    fn empty(&self) -> io::Result<Writer<File>> {
        self.file.set_len(0)?;
        (&self.file).rewind()?;
        Writer::new("the trace", self.file.try_clone()?, &self.header).map_err(io::Error::other)
    }

    /// Writes an event that is about to happen.
    pub(super) fn tell<I: Serialize, O: Serialize, V: Serialize>(&self, event: &Event<I, O, V>) {
        if let Some(writer) = &mut *self.writer.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = writer.event(event);
        }
    }
}
