//! Records the trace of a running service.
//!
//! ```
//! use afresh_trace::recorder::{Recorder, SyncPolicy, stamp};
//! use afresh_core::{Header, Message};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("service.jsonl");
//! // At every start of the service: create the trace the first time, and continue it after that.
//! let mut recorder = match path.exists() {
//!     true => Recorder::open(&path, SyncPolicy::Never)?,
//!     false => Recorder::create(&path, &Header::complete("ledger"), SyncPolicy::Never)?,
//! };
//!
//! // When a message arrives, record it, and then the views of the keys that it changed.
//! let now = stamp(std::time::SystemTime::now());
//! let cause = recorder.message_in(now, &Message::new("bank", "m-17", 500))?;
//! recorder.view(now, Some(cause), "a-1", &500)?;
//! # drop(recorder);
//! # assert_eq!(Recorder::open(&path, SyncPolicy::Never)?.next_number().get(), 3);
//! # Ok(())
//! # }
//! ```

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use afresh_core::{At, EventNumber, Header, Key, Message, Sent, Settled, Viewed};
use serde::Serialize;

use crate::format::files::{Output, open_locked};
use crate::format::{Encoder, Error, FactWire, Kind, Options, Problem, Reader, SettlementWire, Stamp, Writer};

/// Appends events to a trace file as they happen.
///
/// Each event is one whole line, written in one call. A crash can therefore tear only the last line, and
/// [`open`](Self::open) cuts a torn line off.
///
/// Only one recorder at a time can have a file open. If an event cannot be written, the method returns an error, and
/// any part of its line is cut off before the next event. So the service can go on recording.
#[derive(Debug)]
pub struct Recorder {
    file: File,
    name: String,
    /// The length of the file in bytes, up to the end of the last whole line.
    length: u64,
    /// `true` if the file may hold a torn line after `length`.
    torn: bool,
    encoder: Encoder,
    sync: SyncPolicy,
}

/// When recorded events are synced to disk, so that they survive a crash of the machine.
///
/// A crash of the service alone loses no event, whatever the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncPolicy {
    /// The operating system decides when to write events to disk.
    Never,
    /// Every event is synced to disk before the call returns.
    Each,
}

/// Converts a time of the system clock into the time of an event, in nanoseconds since 1970.
///
/// An event can have a time from 1677-09-21 to 2262-04-11. An earlier or later time becomes the nearest of these.
pub fn stamp(time: SystemTime) -> At {
    let nanoseconds = |duration: std::time::Duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
    At::Stamp(match time.duration_since(UNIX_EPOCH) {
        Ok(since) => nanoseconds(since),
        Err(before) => -nanoseconds(before.duration()),
    })
}

impl Recorder {
    /// Creates a trace file with this header, and opens it for recording.
    ///
    /// # Errors
    ///
    /// Fails if the file exists already, or cannot be written.
    pub fn create(path: impl AsRef<Path>, header: &Header, sync: SyncPolicy) -> Result<Self, Error> {
        let path = path.as_ref();
        // `Output` writes the header in full or not at all. A file with a torn header could never be opened again.
        let output = Output::create(path, false)?;
        Writer::new(output.name().to_owned(), output, header)?.finish()?.finish()?;
        Self::open(path, sync)
    }

    /// Opens an existing trace file, to append to it. If a crash tore the last line, that line is cut off.
    ///
    /// This reads and checks the whole file, so it takes as long as reading the trace.
    ///
    /// # Errors
    ///
    /// Fails if the file is not a valid trace, cannot be read or written, or is open in another recorder.
    pub fn open(path: impl AsRef<Path>, sync: SyncPolicy) -> Result<Self, Error> {
        let name = path.as_ref().display().to_string();
        let read = |error| Error::file(&name, Problem::Read(error));
        // Lock the file before reading it, because another recorder could append to it meanwhile.
        let file = open_locked(path.as_ref(), OpenOptions::new().read(true).append(true));
        let mut file = file.map_err(|problem| Error::file(&name, problem))?;
        let options = Options { torn: true, ..Options::default() };
        let mut events = Reader::new(&name, BufReader::with_capacity(1 << 18, &file), options)?.raw_events();
        let last = events.by_ref().try_fold(None, |_, event| event.map(|event| Some(event.number)))?;
        let (length, torn) = (events.end(), events.torn().is_some());
        let encoder = Encoder { previous: last.map_or(0, EventNumber::get), ..Encoder::default() };
        let unended = ends_without_newline(&mut file, length).map_err(read)?;
        let mut recorder = Self { file, name, length, torn, encoder, sync };
        recorder.cut()?;
        if unended {
            recorder.encoder.line = b"\n".into();
            recorder.append()?;
        }
        Ok(recorder)
    }

    /// The number that the next recorded event gets.
    pub fn next_number(&self) -> EventNumber {
        EventNumber::MIN.saturating_add(self.encoder.previous)
    }

    /// Records that a message came in, and returns the number of the event.
    ///
    /// # Errors
    ///
    /// Fails if the body cannot be written as JSON, or the file cannot be written.
    pub fn message_in<B: Serialize>(
        &mut self,
        at: impl Into<Option<At>>,
        message: &Message<B>,
    ) -> Result<EventNumber, Error> {
        self.record(at.into(), None, Kind::In, &FactWire::message(message))
    }

    /// Records that a message was sent, and returns the number of the event.
    ///
    /// `cause` is the number of the event that made the service send it, if that is known.
    ///
    /// # Errors
    ///
    /// Fails if the body cannot be written as JSON, or the file cannot be written.
    pub fn out<B: Serialize>(
        &mut self,
        at: impl Into<Option<At>>,
        cause: Option<EventNumber>,
        sent: &Sent<B>,
    ) -> Result<EventNumber, Error> {
        self.record(at.into(), cause, Kind::Out, &FactWire::sent(sent))
    }

    /// Records that the receiver has a message that was sent, and returns the number of the event.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be written.
    pub fn settled(&mut self, at: impl Into<Option<At>>, settled: &Settled) -> Result<EventNumber, Error> {
        self.record(at.into(), None, Kind::Settled, &SettlementWire(settled))
    }

    /// Records the view of a key at this moment, and returns the number of the event.
    ///
    /// `cause` is the number of the event that changed the key, if that is known.
    ///
    /// # Errors
    ///
    /// Fails if the view cannot be written as JSON, or the file cannot be written.
    pub fn view<V: Serialize>(
        &mut self,
        at: impl Into<Option<At>>,
        cause: Option<EventNumber>,
        key: impl Into<Key>,
        value: &V,
    ) -> Result<EventNumber, Error> {
        self.record(at.into(), cause, Kind::View, &Viewed { key: key.into(), value })
    }

    /// Syncs all recorded events to disk, so that they survive a crash of the machine.
    ///
    /// # Errors
    ///
    /// Fails if the operating system cannot sync the file.
    pub fn sync(&self) -> Result<(), Error> {
        self.file.sync_data().map_err(|error| Error::file(&self.name, Problem::Write(error)))
    }

    fn record(
        &mut self,
        at: Option<At>,
        cause: Option<EventNumber>,
        kind: Kind,
        content: &impl Serialize,
    ) -> Result<EventNumber, Error> {
        let before = self.encoder.previous;
        let number = before.checked_add(1).and_then(EventNumber::new);
        let number = number.ok_or_else(|| Error::file(&self.name, Problem::Full))?;
        let encoded = self.encoder.content(Stamp { number, cause, at }, kind, content);
        encoded.map_err(|problem| Error::file(&self.name, problem))?;
        // An event that is not in the file must not use up a number, so give it back.
        self.append().inspect_err(|_| self.encoder.previous = before)?;
        Ok(number)
    }

    /// Appends the line in the encoder's buffer to the file, in one call, so that a crash can tear only this line.
    fn append(&mut self) -> Result<(), Error> {
        self.cut()?;
        self.torn = true;
        let line = &self.encoder.line;
        let written = self.file.write_all(line);
        let written = written.and_then(|()| if self.sync == SyncPolicy::Each { self.file.sync_data() } else { Ok(()) });
        written.map_err(|error| Error::file(&self.name, Problem::Write(error)))?;
        self.length += line.len() as u64;
        self.torn = false;
        Ok(())
    }

    /// Cuts off a torn line at the end of the file, if there may be one.
    fn cut(&mut self) -> Result<(), Error> {
        if self.torn {
            self.file.set_len(self.length).map_err(|error| Error::file(&self.name, Problem::Write(error)))?;
            self.torn = false;
        }
        Ok(())
    }
}

/// Returns `true` if the last of the first `length` bytes is not a line end.
fn ends_without_newline(file: &mut File, length: u64) -> io::Result<bool> {
    let mut last = [0];
    file.seek(SeekFrom::Start(length.saturating_sub(1)))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}
