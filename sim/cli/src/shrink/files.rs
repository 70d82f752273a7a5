//! The files of a shrink: the input, the result, the walk. Nothing is overwritten unasked, nothing is left half written.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::Args;
use crate::outcome;
use afresh_shrink::minimize::Walk;
use afresh_shrink::minimize::walk::{Header, Line, WalkError};
use afresh_trace::format::files::{Output, is_stream, open};
use afresh_trace::format::{Error, Problem};

/// What goes wrong with what a user gave, to be read after "failed to".
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("read {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error(transparent)]
    File(Box<Error>),
    #[error("read {}: it is empty", .0.display())]
    Empty(PathBuf),
    #[error("write {}: it is already there; --force overwrites it, --resume goes on from its walk", .0.display())]
    Exists(PathBuf),
    #[error("write {}: it is the input, which is never overwritten; name another --output", .0.display())]
    IsInput(PathBuf),
    #[error("write {}: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error(
        "run the command: none of its words has {{}}, where the path of the candidate goes; a command that reads it needs --stdin"
    )]
    NoPlaceInCommand,
    #[error("read --signature, which is neither exit, stdout nor stderr, as a pattern: {0}")]
    Pattern(regex::Error),
    #[error("resume: standard output has no walk beside it; name the --walk")]
    NoWalk,
    #[error("resume from {}: {source}", path.display())]
    Resume { path: PathBuf, source: io::Error },
    #[error("resume from {}: {source}", path.display())]
    Walk { path: PathBuf, source: WalkError },
    #[error("resume from {}: it is the walk of another {what}; start anew with --force", path.display())]
    OtherWalk { path: PathBuf, what: &'static str },
}

impl From<Failure> for outcome::Failure {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::File(error) => Self::File(*error),
            failure => Self::Usage(format!("failed to {failure}")),
        }
    }
}

/// Where everything goes.
#[derive(Debug)]
pub(super) struct Places {
    /// The name of the candidate's file: that of the input.
    pub(super) name: OsString,
    /// The result; `None` is standard output.
    pub(super) output: Option<PathBuf>,
    /// The walk, if one is written.
    pub(super) walk: Option<PathBuf>,
    /// The page, if one is asked for.
    pub(super) report: Option<PathBuf>,
}

/// The most findings that are kept: more than that are one bug in many words.
const FINDINGS_MAX: usize = 99;

impl Places {
    pub(super) fn new(args: &Args) -> Self {
        let (input, output, walk) = (&*args.file, args.output.as_deref(), args.walk.as_deref());
        let name = if is_stream(input) { None } else { input.file_name() };
        let output = match output {
            Some(path) => path.to_owned(),
            None if is_stream(input) => input.to_owned(),
            None => minimized_name(input),
        };
        let output = (!is_stream(&output)).then_some(output);
        let walk = walk.map(Path::to_owned).or_else(|| output.as_deref().map(|path| with_suffix(path, ".walk")));
        let report = args.report.clone();
        Self { name: name.unwrap_or(OsStr::new("stdin")).to_owned(), output, walk, report }
    }

    /// Sees that nothing would be overwritten that should not be.
    pub(super) fn check(&self, input: &Path, force: bool, resume: bool) -> Result<(), Failure> {
        for path in [&self.output, &self.walk, &self.report].into_iter().flatten() {
            if is_same_file(path, input) {
                return Err(Failure::IsInput(path.clone()));
            }
        }
        if force || resume {
            return Ok(());
        }
        let fixed = [&self.output, &self.walk, &self.report].into_iter().flatten().cloned();
        match fixed.chain(self.findings()).find(|path| path.symlink_metadata().is_ok()) {
            Some(path) => Err(Failure::Exists(path)),
            None => Ok(()),
        }
    }

    /// Where the findings of an earlier search would be.
    fn findings(&self) -> impl Iterator<Item = PathBuf> {
        (1..=FINDINGS_MAX).filter_map(|number| self.finding(number))
    }

    /// The file of the finding with this number from 1, beside the result: `log.min.found-1.txt`. `None` where the result
    /// is in no file, and for what is too many to keep.
    pub(super) fn finding(&self, number: usize) -> Option<PathBuf> {
        let output = self.output.as_deref().filter(|_| number <= FINDINGS_MAX)?;
        let found = format!("found-{number}");
        Some(output.with_extension(match output.extension() {
            None => found,
            Some(extension) => format!("{found}.{}", extension.to_string_lossy()),
        }))
    }
}

/// `log.txt` becomes `log.min.txt`, and `log` becomes `log.min`.
fn minimized_name(input: &Path) -> PathBuf {
    let mut extension = OsString::from("min");
    if let Some(old) = input.extension() {
        extension.push(".");
        extension.push(old);
    }
    input.with_extension(extension)
}

/// `path` with `suffix` appended to its last name.
fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// Reads the input.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut content = Vec::new();
    let mut input = open(path).map_err(|error| Failure::File(Box::new(error)))?;
    input.read_to_end(&mut content).map_err(|source| Failure::Read { path: path.to_owned(), source })?;
    if content.is_empty() { Err(Failure::Empty(path.to_owned())) } else { Ok(content) }
}

/// The bug that the walk at `path` is about.
pub(super) fn bug_of(path: &Path) -> Option<String> {
    Walk::read(&fs::read(path).ok()?).ok()?.header.oracle.pop()
}

/// Writes the result: to a file all at once, so that at any moment it is either the old one or the new one.
pub(super) fn save(output: &Option<PathBuf>, content: io::Result<Vec<u8>>) -> Result<(), Failure> {
    let Some(path) = output else {
        let failed = |source| Failure::Write { path: "-".into(), source };
        return outcome::write(&content.map_err(failed)?).map_err(|failure| failed(io::Error::other(failure)));
    };
    let write = || -> Result<(), Error> {
        let mut file = Output::create(path, true)?;
        let name = file.name().to_owned();
        let written = content.and_then(|content| file.write_all(&content));
        written.map_err(|source| Error::file(name, Problem::Write(source)))?;
        file.finish()
    };
    write().map_err(|error| Failure::File(Box::new(error)))
}

/// Sees that nobody else writes `file`. A worker whose supervisor was killed may still be about to end.
fn lock(file: &File) -> io::Result<()> {
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => thread::sleep(LOCK_WAIT),
            // Where files cannot be locked nobody has locked this one.
            Ok(()) | Err(TryLockError::Error(_)) => return Ok(()),
        }
    }
    Err(io::Error::other("another search is writing it"))
}

/// How often it is tried to lock a file, and how long it is waited in between.
const LOCK_TRIES: u32 = 100;
const LOCK_WAIT: Duration = Duration::from_millis(20);

/// The walk as a file that grows by a line at a time.
#[derive(Debug)]
pub(super) struct WalkFile {
    file: File,
    path: PathBuf,
}

impl WalkFile {
    /// Begins a walk.
    pub(super) fn create(path: &Path, header: &Header) -> Result<Self, Failure> {
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path);
        let file = file.and_then(|file| lock(&file).map(|()| file)).and_then(|file| file.set_len(0).map(|()| file));
        let file = file.map_err(|source| Failure::Write { path: path.to_owned(), source })?;
        let mut walk = Self { file, path: path.to_owned() };
        walk.write(&Line::Walk(header.clone()))?;
        Ok(walk)
    }

    /// Reads the walk of an earlier search, which must be of the same input and command, and goes on with it.
    pub(super) fn resume(path: &Path, header: &Header) -> Result<(Self, Walk), Failure> {
        let failed = |source| Failure::Resume { path: path.to_owned(), source };
        let mut file = OpenOptions::new().write(true).open(path).map_err(failed)?;
        lock(&file).map_err(failed)?;
        let text = fs::read(path).map_err(failed)?;
        let walk = Walk::read(&text).map_err(|source| Failure::Walk { path: path.to_owned(), source })?;
        let other = |what| Err(Failure::OtherWalk { path: path.to_owned(), what });
        if (walk.header.input, walk.header.items) != (header.input, header.items) {
            return other("input");
        }
        if walk.header.oracle != header.oracle {
            return other("command, system or bug");
        }
        // A run without a verdict is begun again, so that the walk reads as if it had never been cut short.
        file.set_len(walk.len as u64).and_then(|()| file.seek(SeekFrom::End(0))).map_err(failed)?;
        Ok((Self { file, path: path.to_owned() }, walk))
    }

    /// Writes a line, in one piece and straight to the file: a kill after this leaves it there.
    pub(super) fn write(&mut self, line: &Line) -> Result<(), Failure> {
        let written = line.to_text().map_err(io::Error::from).and_then(|text| self.file.write_all(text.as_bytes()));
        written.map_err(|source| Failure::Write { path: self.path.clone(), source })
    }
}
