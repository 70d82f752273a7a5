//! The files that commands read and write.
//!
//! The path `-` means standard input or standard output. An existing file is replaced only if the user asks for it. An
//! output file appears only when it is complete.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Stdin, Write};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, SpooledTempFile};

use super::error::{Error, Problem};

/// The size in bytes of the buffers for reading and writing.
const BUFFER: usize = 256 << 10;

/// The maximum size in bytes of output to standard output that is held in memory. More is held in a temporary file.
const SPOOL_IN_MEMORY: usize = 1 << 20;

/// Returns the name of an input in error texts: `standard input` for `-`, otherwise the path.
pub fn input_name(path: &Path) -> String {
    if is_stream(path) { "standard input".into() } else { path.display().to_string() }
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
    Ok(Input::new(Source::File(BufReader::with_capacity(BUFFER, file))))
}

/// Returns `true` if the path is `-`, which stands for standard input or standard output.
pub fn is_stream(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// A file or standard input, open for reading. Made by [`open`].
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

#[derive(Debug)]
enum Source {
    Stdin(BufReader<Stdin>),
    File(BufReader<File>),
}

impl Input {
    fn new(source: Source) -> Self {
        Self { source, progress: Box::new(|_| ()) }
    }

    /// The size of the input in bytes, or `None` if it is not a regular file.
    pub fn size(&self) -> Option<u64> {
        match &self.source {
            Source::Stdin(_) => None,
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
        }
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.source {
            Source::Stdin(source) => source.read(buffer),
            Source::File(source) => source.read(buffer),
        }
    }
}

impl BufRead for Input {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let is_read = self.buffer().is_empty();
        let filled = match &mut self.source {
            Source::Stdin(source) => source.fill_buf()?,
            Source::File(source) => source.fill_buf()?,
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
        }
    }
}

/// An output that appears only when it is complete. If it is dropped before [`finish`](Output::finish), nothing
/// appears.
///
/// A file is written under a temporary name in the same directory, and then renamed. Text for standard output is held
/// back until the end, on disk if it is long. A device or a named pipe is written directly, without this protection.
#[derive(Debug)]
pub struct Output {
    name: String,
    sink: BufWriter<Sink>,
}

#[derive(Debug)]
enum Sink {
    Stdout(SpooledTempFile),
    Direct(File),
    Beside { file: NamedTempFile, path: PathBuf, force: bool },
}

impl Output {
    /// Starts an output to a file, or to standard output if the path is `-`. With `force`, it replaces an existing
    /// file.
    ///
    /// # Errors
    ///
    /// Fails if the file exists and `force` is false, if the path is a directory, or if no file can be created there.
    pub fn create(path: &Path, force: bool) -> Result<Self, Error> {
        let name = if is_stream(path) { "standard output".into() } else { path.display().to_string() };
        match Sink::new(path, force) {
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
    /// Fails if the output cannot be written, or if a file of that name has appeared and `force` was false.
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

impl Sink {
    fn new(path: &Path, force: bool) -> Result<Self, Problem> {
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
            _ => {}
        }
        // Keep a symbolic link: replace the file that it points to.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let permissions = found.map(|metadata| metadata.permissions());
        let file = beside(folder, permissions).map_err(Problem::Write)?;
        Ok(Self::Beside { file, path, force })
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Stdout(mut spool) => {
                spool.seek(SeekFrom::Start(0))?;
                let mut stdout = io::stdout().lock();
                io::copy(&mut spool, &mut stdout)?;
                stdout.flush()
            }
            Self::Direct(_) => Ok(()),
            Self::Beside { file, path, force } => {
                // Without a sync before the rename, a crash of the machine could leave an empty file under the final
                // name.
                file.as_file().sync_all()?;
                let moved = if force { file.persist(path) } else { file.persist_noclobber(path) };
                moved.map(drop).map_err(|error| error.error)
            }
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(spool) => spool.write(bytes),
            Self::Direct(file) => file.write(bytes),
            Self::Beside { file, .. } => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(spool) => spool.flush(),
            Self::Direct(file) => file.flush(),
            Self::Beside { file, .. } => file.flush(),
        }
    }
}

/// Creates a temporary file in `folder`, with the permissions of the file that it will replace.
///
/// If it replaces no file, it gets the permissions of any new file. The usual permissions of a temporary file, for its
/// owner alone, would be wrong for a file that stays.
fn beside(folder: &Path, permissions: Option<fs::Permissions>) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".afresh-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let file = builder.tempfile_in(folder)?;
    if let Some(permissions) = permissions {
        file.as_file().set_permissions(permissions)?;
    }
    Ok(file)
}
