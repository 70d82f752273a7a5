//! Records what happens to a running service.
//!
//! ```
//! use afresh_trace::recorder::{Recorder, SyncPolicy, stamp};
//! use afresh_core::{Header, Message};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("service.jsonl");
//! // Once, when the service starts; and every time that it starts again.
//! let mut recorder = match path.exists() {
//!     true => Recorder::open(&path, SyncPolicy::Never)?,
//!     false => Recorder::create(&path, &Header::complete("ledger"), SyncPolicy::Never)?,
//! };
//!
//! // Where a message arrives, and where what it causes is seen.
//! let now = stamp(std::time::SystemTime::now());
//! let cause = recorder.message_in(now, &Message::new("bank", "m-17", 500))?;
//! recorder.view(now, Some(cause), "a-1", &500)?;
//! # drop(recorder);
//! # assert_eq!(Recorder::open(&path, SyncPolicy::Never)?.next_number().get(), 3);
//! # Ok(())
//! # }
//! ```

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use afresh_core::{At, EventNumber, Header, Key, Message, Sent, Settled, Viewed};
use serde::Serialize;

use crate::format::files::Output;
use crate::format::{Encoder, Error, FactWire, Kind, Options, Problem, Reader, SettlementWire, Stamp, Writer};

/// Appends events to a trace file as they happen.
///
/// Every event is one call of `write` with a whole line, so a crash tears the last line at most, and
/// [`open`](Self::open) cuts a torn line off. One recorder at a time has a file. What cannot be written is an error and
/// no event: the file is whole, and recording may go on.
#[derive(Debug)]
pub struct Recorder {
    file: File,
    name: String,
    /// How many bytes of the file are whole lines.
    length: u64,
    /// Whether there may be more bytes in the file than that.
    torn: bool,
    encoder: Encoder,
    sync: SyncPolicy,
}

/// When what was recorded is made to survive a crash of the machine. A crash of the service alone it always survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncPolicy {
    /// When the operating system sees fit.
    Never,
    /// After each event.
    Each,
}

/// The moment of a clock, as a time of a trace: the nearest that there is.
pub fn stamp(time: SystemTime) -> At {
    let nanoseconds = |duration: std::time::Duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
    At::Stamp(match time.duration_since(UNIX_EPOCH) {
        Ok(since) => nanoseconds(since),
        Err(before) => -nanoseconds(before.duration()),
    })
}

impl Recorder {
    /// Begins a new trace. A file that is there already is an error.
    pub fn create(path: impl AsRef<Path>, header: &Header, sync: SyncPolicy) -> Result<Self, Error> {
        let path = path.as_ref();
        // The header is there whole or not at all: a torn one could not be gone on with.
        let output = Output::create(path, false)?;
        Writer::new(output.name().to_owned(), output, header)?.finish()?.finish()?;
        Self::open(path, sync)
    }

    /// Goes on with a trace. Its header and its events are checked, and a last line that a crash tore is cut off.
    pub fn open(path: impl AsRef<Path>, sync: SyncPolicy) -> Result<Self, Error> {
        let name = path.as_ref().display().to_string();
        let read = |error| Error::file(&name, Problem::Read(error));
        let mut file = OpenOptions::new().read(true).append(true).open(&path).map_err(read)?;
        // Before it is read: another recorder would write meanwhile.
        lock(&file).map_err(|problem| Error::file(&name, problem))?;
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

    /// The number that the next event gets.
    pub fn next_number(&self) -> EventNumber {
        EventNumber::MIN.saturating_add(self.encoder.previous)
    }

    /// Records that a message came in.
    pub fn message_in<B: Serialize>(
        &mut self,
        at: impl Into<Option<At>>,
        message: &Message<B>,
    ) -> Result<EventNumber, Error> {
        self.record(at.into(), None, Kind::In, &FactWire::message(message))
    }

    /// Records that a message was sent. `cause` is the event that it was sent for.
    pub fn out<B: Serialize>(
        &mut self,
        at: impl Into<Option<At>>,
        cause: Option<EventNumber>,
        sent: &Sent<B>,
    ) -> Result<EventNumber, Error> {
        self.record(at.into(), cause, Kind::Out, &FactWire::sent(sent))
    }

    /// Records that the receiver has a message that was sent.
    pub fn settled(&mut self, at: impl Into<Option<At>>, settled: &Settled) -> Result<EventNumber, Error> {
        self.record(at.into(), None, Kind::Settled, &SettlementWire(settled))
    }

    /// Records what is seen of a key. `cause` is the event that changed it.
    pub fn view<V: Serialize>(
        &mut self,
        at: impl Into<Option<At>>,
        cause: Option<EventNumber>,
        key: impl Into<Key>,
        value: &V,
    ) -> Result<EventNumber, Error> {
        self.record(at.into(), cause, Kind::View, &Viewed { key: key.into(), value })
    }

    /// Makes what was recorded survive a crash of the machine.
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
        // An event that is not in the file has no number; the next one takes it.
        self.append().inspect_err(|_| self.encoder.previous = before)?;
        Ok(number)
    }

    /// Appends the line that was made last, in one call: several could be torn apart by another's.
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

    /// Cuts off what is left of a line that was not written to its end.
    fn cut(&mut self) -> Result<(), Error> {
        if self.torn {
            self.file.set_len(self.length).map_err(|error| Error::file(&self.name, Problem::Write(error)))?;
            self.torn = false;
        }
        Ok(())
    }
}

fn lock(file: &File) -> Result<(), Problem> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(Problem::Locked),
        Err(TryLockError::Error(error)) if error.kind() != io::ErrorKind::Unsupported => Err(Problem::Write(error)),
        // A file system without locks is no reason to record nothing.
        _ => Ok(()),
    }
}

fn ends_without_newline(file: &mut File, length: u64) -> io::Result<bool> {
    let mut last = [0];
    file.seek(SeekFrom::Start(length.saturating_sub(1)))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}
