//! The journal of a store as the bytes of a trace.

use std::io::{self, Read};
use std::mem;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use afresh_core::Header;
use afresh_host::store::{self, Store, is_url, name_of};
use afresh_trace::format::files::Input;
use afresh_trace::format::{Error, Problem, Writer};
use afresh_trace::row::Row;

/// The size in bytes of a chunk that the reading thread hands over.
const CHUNK: usize = 256 << 10;
/// The maximum number of chunks that wait for the reader of the trace.
const CHUNKS_MAX: usize = 4;

/// Returns the argument as the URL of a store, or `None` if it is the path of a file.
pub(crate) fn url(path: &Path) -> Option<&str> {
    path.to_str().filter(|text| is_url(text))
}

/// Opens the journal of a store as a trace. A thread reads it ahead of the caller, so only a part of it is in memory.
pub(crate) fn open(url: &str) -> Result<Input, Error> {
    let (mut store, header) = open_store(url)?;
    let mut chunk = first_line(&name_of(url), &header)?;
    let (chunks, receiver) = sync_channel(CHUNKS_MAX);
    thread::Builder::new()
        .name("afresh-store".into())
        .spawn(move || {
            let end = lines(&mut *store, &mut chunk, &chunks);
            // A closed channel means that nobody wants to know more.
            let _ = chunks.send(Said::Lines(chunk)).and_then(|()| chunks.send(Said::End(end)));
        })
        .map_err(|error| Error::file(name_of(url), Problem::Read(error)))?;
    Ok(Input::stream(Chunks { receiver, chunk: Vec::new(), done: 0, end: None }))
}

/// Opens a store that has a journal, and returns it with the header of the journal.
pub(crate) fn open_store(url: &str) -> Result<(Box<dyn Store>, Header), Error> {
    let mut store = store::open(url).map_err(unread)?;
    match store.header().map_err(unread)? {
        Some(header) => Ok((store, header)),
        None => {
            let why = "there is no journal: expected a store that a service or `afresh import --into` has written";
            Err(Error::file(name_of(url), Problem::Read(io::Error::new(io::ErrorKind::NotFound, why))))
        }
    }
}

/// Returns the first line of a trace.
pub(crate) fn first_line(name: &str, header: &Header) -> Result<Vec<u8>, Error> {
    Writer::new(name, Vec::new(), header)?.finish()
}

/// Converts an error of reading a store.
pub(crate) fn unread(error: store::Error) -> Error {
    let name = name_in(&error);
    Error::file(name, Problem::Read(io::Error::other(error.without_name())))
}

/// Returns the name of the store in an error.
pub(crate) fn name_in(error: &store::Error) -> String {
    let text = error.to_string();
    text.strip_suffix(&error.without_name()).unwrap_or_default().trim_end_matches(": ").to_owned()
}

/// Returns the name of a file for the trace of a store: `ledger.jsonl` for `sqlite:data/ledger.db`.
pub(crate) fn file_name(url: &str) -> String {
    let name = name_of(url);
    let path = match store::path_of(url) {
        Some(path) => path,
        // The database of Postgres is the last part of the address.
        None => name.split('?').next().unwrap_or_default().rsplit_once("://").map_or("", |(_, address)| address),
    };
    let stem = Path::new(path).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    // An address without a database ends with a user or a host.
    let is_name = !stem.is_empty() && !stem.contains('@');
    format!("{}.jsonl", if is_name { stem } else { "store" })
}

/// Reads all rows, and sends their lines in chunks. The last lines stay in `chunk`, also those before an error.
fn lines(store: &mut dyn Store, chunk: &mut Vec<u8>, chunks: &SyncSender<Said>) -> Result<(), String> {
    let mut failed = None;
    let read = store.read(0, &mut |row: Row| {
        if let Err(problem) = row.line(chunk) {
            failed = Some(problem);
            return false;
        }
        let next = || Vec::with_capacity(CHUNK + CHUNK / 8);
        chunk.len() < CHUNK || chunks.send(Said::Lines(mem::replace(chunk, next()))).is_ok()
    });
    match (read, failed) {
        (Ok(()), None) => Ok(()),
        (Err(error), _) => Err(error.without_name()),
        (_, Some(problem)) => Err(problem.to_string()),
    }
}

/// A word of the reading thread.
enum Said {
    Lines(Vec<u8>),
    /// The last word: whether the journal was read to its end.
    End(Result<(), String>),
}

/// The lines that the reading thread sends.
struct Chunks {
    receiver: Receiver<Said>,
    chunk: Vec<u8>,
    /// The number of bytes of `chunk` that were read.
    done: usize,
    /// How reading ended. An error is returned again by each further read, as that of a file is.
    end: Option<Result<(), String>>,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.done == self.chunk.len() {
            if let Some(end) = &self.end {
                return end.clone().map(|()| 0).map_err(io::Error::other);
            }
            match self.receiver.recv() {
                Ok(Said::Lines(lines)) => (self.chunk, self.done) = (lines, 0),
                Ok(Said::End(end)) => self.end = Some(end),
                Err(_) => self.end = Some(Err("the thread that reads the store has panicked".to_owned())),
            }
        }
        let read = (&self.chunk[self.done..]).read(buffer)?;
        self.done += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_comes_after_the_lines_before_it_and_again() {
        let (sender, receiver) = sync_channel(4);
        let mut chunks = Chunks { receiver, chunk: Vec::new(), done: 0, end: None };
        sender.send(Said::Lines(b"one\n".to_vec())).unwrap();
        sender.send(Said::Lines(Vec::new())).unwrap();
        sender.send(Said::Lines(b"two\n".to_vec())).unwrap();
        sender.send(Said::End(Err("it is damaged".into()))).unwrap();
        let mut text = String::new();
        for _ in 0..3 {
            assert_eq!(chunks.read_to_string(&mut text).unwrap_err().to_string(), "it is damaged");
        }
        assert_eq!(text, "one\ntwo\n");
    }

    #[test]
    fn a_thread_that_panics_is_no_end_of_the_journal() {
        let (sender, receiver) = sync_channel(4);
        sender.send(Said::Lines(b"one\n".to_vec())).unwrap();
        drop(sender);
        let mut chunks = Chunks { receiver, chunk: Vec::new(), done: 0, end: None };
        assert!(chunks.read_to_string(&mut String::new()).unwrap_err().to_string().contains("panicked"));
    }

    #[test]
    fn outputs_are_named_after_the_database() {
        for (url, name) in [
            ("sqlite:ledger.db", "ledger.jsonl"),
            ("sqlite:/var/lib/ledger.db", "ledger.jsonl"),
            ("sqlite:ledger", "ledger.jsonl"),
            ("postgres://ann:secret@db:5432/ledger?sslmode=disable", "ledger.jsonl"),
            ("postgres://ann:secret@db", "store.jsonl"),
            ("postgres://ann:sec.ret@db", "store.jsonl"),
            ("postgres://ann:se/cr?et@db/ledger", "ledger.jsonl"),
            ("postgres://", "store.jsonl"),
        ] {
            assert_eq!(file_name(url), name);
        }
    }
}
