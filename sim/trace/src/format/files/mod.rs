//! The files that commands read and write.
//!
//! The path `-` means standard input or standard output. An output file appears only when it is complete. It replaces a
//! file only if the user asks for that, and never one that has appeared since the command began.
//!
//! | file | content |
//! | --- | --- |
//! | `output.rs` | output files |
//! | `hidden.rs` | files without a name, in which an output is until it is complete |
//! | `identity.rs` | whether two names are of one file, and locks |

mod hidden;
mod identity;
mod output;

pub use identity::{Identity, open_locked};
pub use output::{Output, Target};

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Stdin};
use std::path::Path;

use super::error::{Error, Problem};
use crate::text::without_passwords;

/// The size in bytes of the buffers for reading and writing.
const BUFFER: usize = 256 << 10;

/// Returns the name of an input in texts for people: `standard input` for `-`, otherwise the path. A path that is a URL
/// comes without its password.
pub fn input_name(path: &Path) -> String {
    if is_stream(path) { "standard input".into() } else { without_passwords(&path.to_string_lossy()) }
}

/// Opens a file for reading, or standard input if the path is `-`.
///
/// # Errors
///
/// Fails if the file cannot be opened, or is a directory.
pub fn open(path: &Path) -> Result<Input, Error> {
    let error = |problem| Error::file(input_name(path), problem);
    if is_stream(path) {
        return Ok(Input::new(Source::Stdin(BufReader::with_capacity(BUFFER, io::stdin()))));
    }
    let file = File::open(path).map_err(|problem| error(Problem::Read(problem)))?;
    if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Err(error(Problem::Directory));
    }
    Ok(Input::from(file))
}

impl From<File> for Input {
    fn from(file: File) -> Self {
        Self::new(Source::File(BufReader::with_capacity(BUFFER, file)))
    }
}

/// Returns `true` if the path is `-`, which stands for standard input or standard output.
pub fn is_stream(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// A file, standard input or another stream, open for reading. Made by [`open`] or [`Input::stream`].
pub struct Input {
    source: Source,
    /// Called with the number of new bytes after each read from the file.
    progress: Box<dyn Fn(u64) + Send + Sync>,
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input").field("source", &self.source).finish_non_exhaustive()
    }
}

enum Source {
    Stdin(BufReader<Stdin>),
    File(BufReader<File>),
    Stream(BufReader<Box<dyn Read + Send>>),
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin(source) => source.fmt(f),
            Self::File(source) => source.fmt(f),
            Self::Stream(_) => f.write_str("a stream"),
        }
    }
}

impl Input {
    fn new(source: Source) -> Self {
        Self { source, progress: Box::new(|_| ()) }
    }

    /// Wraps a stream, such as the journal of a store.
    pub fn stream(stream: impl Read + Send + 'static) -> Self {
        Self::new(Source::Stream(BufReader::with_capacity(BUFFER, Box::new(stream))))
    }

    /// The size of the input in bytes, or `None` if it is not a regular file.
    pub fn size(&self) -> Option<u64> {
        match &self.source {
            Source::Stdin(_) | Source::Stream(_) => None,
            Source::File(source) => {
                source.get_ref().metadata().ok().filter(fs::Metadata::is_file).map(|file| file.len())
            }
        }
    }

    /// Sets a function that reports progress. It is called with the number of new bytes after each read from the file.
    pub fn tell(&mut self, progress: impl Fn(u64) + Send + Sync + 'static) {
        self.progress = Box::new(progress);
    }

    fn buffer(&self) -> &[u8] {
        match &self.source {
            Source::Stdin(source) => source.buffer(),
            Source::File(source) => source.buffer(),
            Source::Stream(source) => source.buffer(),
        }
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.source {
            Source::Stdin(source) => source.read(buffer),
            Source::File(source) => source.read(buffer),
            Source::Stream(source) => source.read(buffer),
        }
    }
}

impl BufRead for Input {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let is_read = self.buffer().is_empty();
        let filled = match &mut self.source {
            Source::Stdin(source) => source.fill_buf()?,
            Source::File(source) => source.fill_buf()?,
            Source::Stream(source) => source.fill_buf()?,
        };
        if is_read {
            (self.progress)(filled.len() as u64);
        }
        Ok(filled)
    }

    fn consume(&mut self, amount: usize) {
        match &mut self.source {
            Source::Stdin(source) => source.consume(amount),
            Source::File(source) => source.consume(amount),
            Source::Stream(source) => source.consume(amount),
        }
    }
}
