//! A run as far as it has come, in a file: should it never end, or end the process, what it was at is known.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Seek};

use afresh_core::{Event, Header};
use serde::Serialize;

use afresh_trace::format::Writer;

/// A trace of what drives the host, each event written before it happens. What cannot be written is not kept: the seed still
/// says what happened.
pub(crate) struct Ahead {
    header: Header,
    file: File,
    writer: RefCell<Option<Writer<File>>>,
}

impl Ahead {
    pub(crate) fn new(header: Header, file: File) -> Self {
        let ahead = Self { header, file, writer: RefCell::default() };
        ahead.begin();
        ahead
    }

    /// Begins the trace anew: a host that crashed begins again from what is left.
    pub(super) fn begin(&self) {
        *self.writer.borrow_mut() = self.empty().ok();
    }

    fn empty(&self) -> io::Result<Writer<File>> {
        self.file.set_len(0)?;
        (&self.file).rewind()?;
        Writer::new("the trace", self.file.try_clone()?, &self.header).map_err(io::Error::other)
    }

    /// Writes what is about to happen.
    pub(super) fn tell<I: Serialize, O: Serialize, V: Serialize>(&self, event: &Event<I, O, V>) {
        if let Some(writer) = &mut *self.writer.borrow_mut() {
            let _ = writer.event(event);
        }
    }
}
