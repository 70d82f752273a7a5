//! Recorded traces, each with the digest of its content.
//!
//! The runs depend on the content of the traces, and not on their names or their order. So the traces are sorted by
//! their digests, and a content that is given twice counts once. Workers read a trace again, and notice if it is not
//! the same any more.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use afresh_shrink::scratch::Scratch;
use afresh_trace::format::files::Input;
use afresh_trace::format::{Error, Problem, Reader};

use super::From;
use crate::console::CliError;
use crate::input;
use crate::interrupt;
use crate::supervisor::scratch;
use crate::worker::Recording;

/// The time between two checks for a request to stop.
const TICK: Duration = Duration::from_millis(20);

/// The recorded traces of a command.
#[derive(Default)]
pub(crate) struct Recordings {
    /// The traces, sorted by their digests.
    pub(crate) all: Vec<Recording>,
    /// The folder with copies of what cannot be read twice.
    _copies: Option<Scratch>,
}

impl Recordings {
    /// Collects the traces that the options name, or none. It can be interrupted: standard input may never end.
    pub(crate) fn collect(from: &From) -> Result<Self, CliError> {
        if !from.is_given() {
            return Ok(Self::default());
        }
        if from.traces.iter().filter(|path| path.as_os_str() == "-").count() > 1 {
            return Err(CliError::Usage("standard input can be read only once: name `-` once".into()));
        }
        let copies = scratch()?;
        let (folder, traces) = (copies.path().to_owned(), from.traces.clone());
        let (send, collected) = mpsc::channel();
        thread::spawn(move || drop(send.send(collect(&traces, &folder))));
        loop {
            match collected.recv_timeout(TICK) {
                Ok(all) => return Ok(Self { all: all?, _copies: Some(copies) }),
                Err(_) if interrupt::requested() => return Err(CliError::Usage("stopped".to_owned())),
                Err(_) => {}
            }
        }
    }

    /// Returns the identity of all runs that are drawn from these traces: a digest. It is empty without any.
    pub(crate) fn identity(all: &[Recording], from: &From) -> String {
        if all.is_empty() {
            return String::new();
        }
        let mut digest = blake3::Hasher::new();
        all.iter().for_each(|recording| _ = digest.update(recording.digest.as_bytes()));
        let From { messages, whole, mix, torn, skip_unreadable, .. } = from;
        digest.update(format!("{messages} {whole} {mix} {torn} {skip_unreadable}").as_bytes());
        digest.finalize().to_hex()[..16].to_owned()
    }
}

/// Opens the traces of a task.
pub(crate) fn open(recordings: &[Recording], from: &From) -> Result<Vec<Reader<Input>>, Error> {
    let reader = |recording: &Recording| {
        let Recording { digest, name, path, length } = recording.clone();
        let unread = |error| Error::file(name.clone(), Problem::Read(error));
        let source = File::open(path).map_err(unread)?.take(length);
        let same = Same { source, digest: blake3::Hasher::new(), expected: digest };
        Reader::new(name, Input::stream(same), from.reading())
    };
    recordings.iter().map(reader).collect()
}

fn collect(traces: &[PathBuf], copies: &Path) -> Result<Vec<Recording>, Error> {
    let mut all = Vec::new();
    for trace in traces {
        for path in files(trace)? {
            all.push(recording(&path, &copies.join(all.len().to_string()))?);
        }
    }
    all.sort_by(|one: &Recording, other| one.digest.cmp(&other.digest));
    all.dedup_by(|one, other| one.digest == other.digest);
    Ok(all)
}

/// Returns the files of a folder that are named like traces, sorted, or the path itself if it is no folder.
fn files(path: &Path) -> Result<Vec<PathBuf>, Error> {
    if input::is_store(path) || !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let unread = |error| Error::file(input::name(path), Problem::Read(error));
    let entries = fs::read_dir(path).map_err(unread)?.collect::<Result<Vec<_>, _>>().map_err(unread)?;
    let mut files: Vec<_> = entries.iter().map(fs::DirEntry::path).filter(|path| !path.is_dir()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    match files.len() {
        0 => Err(unread(io::Error::new(io::ErrorKind::NotFound, "the folder has no file named `*.jsonl`"))),
        _ => Ok(files),
    }
}

/// Computes the digest of a trace, and copies it to `copy` if it cannot be read again.
fn recording(path: &Path, copy: &Path) -> Result<Recording, Error> {
    let name = input::name(path);
    let unread = |error| Error::file(name.clone(), Problem::Read(error));
    let mut source = input::open(path)?;
    let is_file = source.size().is_some();
    let mut copied = if is_file { None } else { Some(File::create(copy).map_err(unread)?) };
    let (mut digest, mut length, mut chunk) = (blake3::Hasher::new(), 0, vec![0; 256 << 10]);
    loop {
        let read = source.read(&mut chunk).map_err(unread)?;
        if read == 0 {
            break;
        }
        digest.update(&chunk[..read]);
        length += read as u64;
        if let Some(copied) = &mut copied {
            copied.write_all(&chunk[..read]).map_err(unread)?;
        }
    }
    let path = if is_file { path.to_owned() } else { copy.to_owned() };
    Ok(Recording { digest: digest.finalize().to_hex().to_string(), name: name.clone(), path, length })
}

/// A source whose content must have a known digest. At its end, another content is an error.
struct Same<R> {
    source: R,
    digest: blake3::Hasher,
    expected: String,
}

impl<R: Read> Read for Same<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.digest.update(&buffer[..read]);
        if read == 0 && !buffer.is_empty() && self.digest.finalize().to_hex().as_str() != self.expected {
            return Err(io::Error::other("it has changed while it was read: copy it first, or try again"));
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &str, expected: &str) -> io::Result<String> {
        let expected = blake3::hash(expected.as_bytes()).to_hex().to_string();
        let mut same = Same { source: content.as_bytes(), digest: blake3::Hasher::new(), expected };
        let mut text = String::new();
        same.read_to_string(&mut text).map(|_| text)
    }

    #[test]
    fn a_trace_that_has_changed_is_an_error_at_its_end() {
        assert_eq!(read("one\ntwo\n", "one\ntwo\n").expect("it is the same"), "one\ntwo\n");
        for content in ["one\ntwo", "one\nTwo\n", ""] {
            let error = read(content, "one\ntwo\n").expect_err("it has changed");
            assert!(error.to_string().contains("has changed"), "{error}");
        }
    }
}
