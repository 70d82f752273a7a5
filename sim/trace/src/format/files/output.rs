//! Outputs: files that appear complete or not at all, and that replace nothing unasked.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, BufWriter, IsTerminal, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::SpooledTempFile;

use super::hidden::Hidden;
use super::{BUFFER, Identity, input_name, is_stream};
use crate::format::error::{Error, Problem};
use crate::text::escape_json;

/// The maximum size in bytes of output to standard output that is held in memory. More is held in a temporary file.
const SPOOL_IN_MEMORY: usize = 1 << 20;

/// An output that appears only when it is complete. If it is dropped before [`finish`](Output::finish), nothing
/// appears.
///
/// A file has no name until it is complete. Text for standard output is held back until the end, on disk if it is long.
/// A device or a named pipe is written directly, without this protection.
#[derive(Debug)]
pub struct Output {
    name: String,
    sink: BufWriter<Sink>,
}

#[derive(Debug)]
enum Sink {
    Stdout(SpooledTempFile),
    Direct(File),
    /// A file that gets this path at the end, in place of the file that is there now.
    Hidden {
        file: Hidden,
        path: PathBuf,
        replaced: Option<Identity>,
    },
}

impl Output {
    /// Starts an output to a file, or to standard output if the path is `-`. With `force`, it replaces an existing
    /// file.
    ///
    /// # Errors
    ///
    /// Fails if the file exists and `force` is false, if the path is a directory, or if no file can be created there.
    pub fn create(path: &Path, force: bool) -> Result<Self, Error> {
        Self::new(path, force, None)
    }

    /// Starts an output to a file that gets these permissions, unless it replaces another file, whose permissions stay.
    fn new(path: &Path, force: bool, permissions: Option<Permissions>) -> Result<Self, Error> {
        let name = if is_stream(path) { "standard output".into() } else { input_name(path) };
        match Sink::new(path, force, permissions) {
            Ok(sink) => Ok(Self { name, sink: BufWriter::with_capacity(BUFFER, sink) }),
            Err(problem) => Err(Error::file(name, problem)),
        }
    }

    /// The name of the destination in error texts: `standard output`, or the path of the file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Completes the output, and makes it appear under its name.
    ///
    /// # Errors
    ///
    /// Fails if the output cannot be written, or if another file of that name has appeared since the output was
    /// started.
    pub fn finish(self) -> Result<(), Error> {
        let Self { name, sink } = self;
        let finish = |sink: BufWriter<Sink>| sink.into_inner().map_err(|error| error.into_error())?.finish();
        finish(sink).map_err(|error| {
            let exists = error.kind() == io::ErrorKind::AlreadyExists;
            Error::file(name, if exists { Problem::Exists } else { Problem::Write(error) })
        })
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.sink.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

/// Returns `true` for a file of SQLite, which may hold the only journal of a service.
fn is_database(path: &Path) -> bool {
    let mut begin = [0; 16];
    File::open(path).and_then(|mut file| file.read_exact(&mut begin)).is_ok() && begin == *b"SQLite format 3\0"
}

impl Sink {
    fn new(path: &Path, force: bool, permissions: Option<Permissions>) -> Result<Self, Problem> {
        if is_stream(path) {
            return Ok(Self::Stdout(SpooledTempFile::new(SPOOL_IN_MEMORY)));
        }
        let found = fs::metadata(path).ok();
        match &found {
            Some(metadata) if metadata.is_dir() => return Err(Problem::Directory),
            Some(metadata) if !metadata.is_file() => {
                return OpenOptions::new().write(true).open(path).map(Self::Direct).map_err(Problem::Write);
            }
            Some(_) if !force => return Err(Problem::Exists),
            Some(_) if is_database(path) => return Err(Problem::Database),
            _ => {}
        }
        // Keep a symbolic link: replace the file that it points to.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        let replaced = Identity::of(&path);
        let permissions = found.map(|metadata| metadata.permissions()).or(permissions);
        let file = Hidden::beside(&path, permissions);
        let file = file.map_err(|error| Problem::Write(without_path(error)))?;
        Ok(Self::Hidden { file, path, replaced })
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Stdout(mut spool) => {
                spool.seek(SeekFrom::Start(0))?;
                let mut stdout = io::stdout().lock();
                if stdout.is_terminal() {
                    let text = io::read_to_string(&mut spool)?;
                    stdout.write_all(escape_json(&text).as_bytes())?;
                } else {
                    io::copy(&mut spool, &mut stdout)?;
                }
                stdout.flush()
            }
            Self::Direct(_) => Ok(()),
            Self::Hidden { file, path, replaced } => file.appear(&path, replaced.as_ref()),
        }
    }
}

/// Returns an error without the path of the hidden file, whose name is another one in each run. `tempfile` adds it.
fn without_path(error: io::Error) -> io::Error {
    let text = error.to_string();
    let why = text.split_once(" at path ").map_or(&*text, |(why, _)| why);
    io::Error::new(error.kind(), why)
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(spool) => spool.write(bytes),
            Self::Direct(file) => file.write(bytes),
            Self::Hidden { file, .. } => file.file().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(spool) => spool.flush(),
            Self::Direct(file) => file.flush(),
            Self::Hidden { file, .. } => file.file().flush(),
        }
    }
}

/// A file that a command writes several times. Only the first time, it may be that another file is there.
#[derive(Debug)]
pub struct Target {
    path: PathBuf,
    /// The file that may be replaced: the one that was written last.
    ours: Option<Identity>,
    /// The permissions of a new file; `None` for the usual ones.
    permissions: Option<Permissions>,
}

impl Target {
    /// Returns the target at `path`, which may replace the file `ours` and no other.
    pub fn new(path: PathBuf, ours: Option<Identity>) -> Self {
        Self { path, ours, permissions: None }
    }

    /// Gives a new file these permissions.
    #[must_use]
    pub fn permissions(self, permissions: Option<Permissions>) -> Self {
        Self { permissions, ..self }
    }

    /// The path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Allows to replace the file that is there now.
    pub fn claim(&mut self) {
        self.ours = Identity::of(&self.path);
    }

    /// The file that may be replaced.
    pub fn ours(&self) -> Option<&Identity> {
        self.ours.as_ref()
    }

    /// Writes the file, in one step: at any moment it is either the old one or the new one.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be written, or if another one is there than the one that may be replaced.
    pub fn write(&mut self, content: &[u8]) -> Result<(), Error> {
        let is_ours = self.ours.is_some() && Identity::of(&self.path) == self.ours;
        let mut output = Output::new(&self.path, is_ours, self.permissions.clone())?;
        output.write_all(content).map_err(|error| Error::file(output.name().to_owned(), Problem::Write(error)))?;
        output.finish()?;
        self.claim();
        Ok(())
    }
}
