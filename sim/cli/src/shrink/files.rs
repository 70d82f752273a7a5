//! The files of a shrink: the input, the result, the walk, the report and the findings.
//!
//! Nothing is overwritten without `--force` or `--resume`. Except for the walk, a file appears complete or not at all.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use afresh_shrink::minimize::Walk;
use afresh_shrink::minimize::walk::{Header, Line, WalkError};
use afresh_trace::format::files::{Output, is_stream, open};
use afresh_trace::format::{Error, Problem};
use afresh_trace::text::escape;

use super::Args;
use crate::console::{self, Console};
use crate::lock::lock;

/// An error in the usage or the files.
#[derive(Debug, thiserror::Error)]
pub(super) enum ShrinkError {
    #[error(transparent)]
    File(#[from] Error),
    #[error("{}: is empty: expected at least one line", escaped(.0))]
    Empty(PathBuf),
    #[error(
        "{}: {}\n  help: use `--force` to replace it, or `--resume` to continue the search that wrote it",
        escaped(.0),
        Problem::Exists
    )]
    Exists(PathBuf),
    #[error("{}: is the input, which is never overwritten\n  help: choose another name", escaped(.0))]
    IsInput(PathBuf),
    #[error(
        "the command has no {{}} for the path of the candidate\n  help: add {{}}, or `--stdin` if the command reads \
         standard input"
    )]
    NoPlaceInCommand,
    #[error("a quote in the command of an option does not end\n  help: write the command as for a shell")]
    OpenQuote,
    #[error("--signature: expected `kind`, `exit`, `stdout`, `stderr` or a pattern: {0}")]
    Pattern(regex::Error),
    #[error("--resume: there is no walk beside standard output\n  help: give its path with `--walk`")]
    NoWalk,
    #[error("--keep: {0}")]
    Keep(regex::Error),
    #[error(
        "--keep: no line of the input matches `{0}`\n  help: to keep whole lines, use a pattern such as `^.*NAME.*`"
    )]
    KeepsNothing(String),
    #[error("{}: cannot be resumed: {source}", escaped(path))]
    Walk { path: PathBuf, source: WalkError },
    #[error(
        "{}: cannot be resumed: it is the walk of another {what}\n  help: use `--force` to start a new search",
        escaped(path)
    )]
    OtherWalk { path: PathBuf, what: &'static str },
}

impl ShrinkError {
    /// The failure to read a file.
    fn read(path: &Path, error: io::Error) -> Self {
        Self::File(Error::file(path.display().to_string(), Problem::Read(error)))
    }

    /// The failure to write a file.
    pub(super) fn write(path: &Path, error: io::Error) -> Self {
        Self::File(Error::file(path.display().to_string(), Problem::Write(error)))
    }
}

impl From<ShrinkError> for console::CliError {
    fn from(failure: ShrinkError) -> Self {
        match failure {
            ShrinkError::File(error) => Self::File(error),
            failure => Self::Usage(failure.to_string()),
        }
    }
}

/// Returns a path as text for people.
fn escaped(path: &Path) -> String {
    escape(&path.display().to_string()).to_string()
}

/// The paths of all files that a shrink writes.
#[derive(Debug)]
pub(super) struct Places {
    /// The file name of a candidate: the name of the input, because a command may look at it.
    pub(super) name: OsString,
    /// The path of the result; `None` for standard output.
    pub(super) output: Option<PathBuf>,
    /// The path of the walk; `None` if none is kept.
    pub(super) walk: Option<PathBuf>,
    /// The path of the HTML report; `None` if none was requested.
    pub(super) report: Option<PathBuf>,
}

/// The largest number of findings that are kept.
///
/// More signatures than this are most likely one bug whose message varies.
const FINDINGS_MAX: usize = 99;

impl Places {
    /// Chooses the paths from the options, with defaults beside the input.
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

    /// Checks that no file would be overwritten without permission, and never the input.
    ///
    /// # Errors
    ///
    /// Fails if an output is the input, or exists already and neither `force` nor `resume` is set. Without a walk,
    /// there is nothing to resume.
    pub(super) fn check(&self, input: &Path, force: bool, resume: bool) -> Result<(), ShrinkError> {
        for path in [&self.output, &self.walk, &self.report].into_iter().flatten() {
            if is_same_file(path, input) {
                return Err(ShrinkError::IsInput(path.clone()));
            }
        }
        if force && !resume {
            // The findings of an earlier search would look like those of this one.
            for finding in self.findings() {
                match fs::remove_file(&finding) {
                    Err(error)
                        if error.kind() != io::ErrorKind::NotFound && error.kind() != io::ErrorKind::NotADirectory =>
                    {
                        return Err(ShrinkError::write(&finding, error));
                    }
                    _ => {}
                }
            }
        }
        if force || resume && self.walk.as_deref().is_some_and(has_begun) {
            return Ok(());
        }
        // A search that was killed at once may leave a walk without a header, which it is safe to replace.
        let walk = self.walk.as_ref().filter(|_| !resume);
        let fixed = [self.output.as_ref(), walk, self.report.as_ref()].into_iter().flatten().cloned();
        match fixed.chain(self.others()).find(|path| path.symlink_metadata().is_ok()) {
            Some(path) => Err(ShrinkError::Exists(path)),
            None => Ok(()),
        }
    }

    /// The paths of all findings that a search could write.
    fn findings(&self) -> impl Iterator<Item = PathBuf> {
        (1..=FINDINGS_MAX).filter_map(|number| self.finding(number))
    }

    /// Returns the folder of the findings, beside the result: `log.min.txt.others`.
    fn others(&self) -> Option<PathBuf> {
        self.output.as_deref().map(|output| with_suffix(output, ".others"))
    }

    /// Returns the path of a finding, numbered from 1, in the folder of the findings: `log.min.txt.others/1.txt`.
    ///
    /// `None` if the result goes to standard output, or if there are too many findings to keep.
    pub(super) fn finding(&self, number: usize) -> Option<PathBuf> {
        let others = self.others().filter(|_| number <= FINDINGS_MAX)?;
        Some(match self.output.as_deref().and_then(Path::extension) {
            None => others.join(number.to_string()),
            Some(extension) => others.join(format!("{number}.{}", extension.to_string_lossy())),
        })
    }
}

/// Returns the default path of the result: `log.min.txt` for `log.txt`, and `log.min` for `log`.
fn minimized_name(input: &Path) -> PathBuf {
    let mut extension = OsString::from("min");
    if let Some(old) = input.extension() {
        extension.push(".");
        extension.push(old);
    }
    input.with_extension(extension)
}

/// Returns `path` with `suffix` appended to its file name.
fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// Reads the whole input.
///
/// # Errors
///
/// Fails if the input cannot be read or is empty.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, ShrinkError> {
    let mut content = Vec::new();
    let mut input = open(path)?;
    input.read_to_end(&mut content).map_err(|error| ShrinkError::read(path, error))?;
    if content.is_empty() { Err(ShrinkError::Empty(path.to_owned())) } else { Ok(content) }
}

/// Returns the bug that the header of the walk at `path` names, or `None` if there is no readable walk.
pub(super) fn bug_of(path: &Path) -> Option<String> {
    Walk::read(&fs::read(path).ok()?).ok()?.header.oracle.pop()
}

/// Returns whether a search has begun to write the walk at `path`: whether its header is there.
pub(super) fn has_begun(path: &Path) -> bool {
    fs::read(path).is_ok_and(|walk| walk.contains(&b'\n'))
}

/// Writes `content` to a file, or to standard output if `output` is `None`.
pub(super) fn save_or_print(
    output: &Option<PathBuf>,
    content: io::Result<Vec<u8>>,
    console: &Console,
) -> Result<(), ShrinkError> {
    if let Some(path) = output {
        return save(path, content);
    }
    let failed = |error| ShrinkError::write(Path::new("standard output"), error);
    console.write(&content.map_err(failed)?).map_err(|failure| failed(io::Error::other(failure)))
}

/// Writes `content` to the file at `path`.
///
/// The file is replaced in one step, so that at any moment it is either the old one or the new one.
pub(super) fn save(path: &Path, content: io::Result<Vec<u8>>) -> Result<(), ShrinkError> {
    let write = || -> Result<(), Error> {
        let mut file = Output::create(path, true)?;
        let name = file.name().to_owned();
        let written = content.and_then(|content| file.write_all(&content));
        written.map_err(|source| Error::file(name, Problem::Write(source)))?;
        file.finish()
    };
    Ok(write()?)
}

/// The walk as an open file that grows one line at a time.
#[derive(Debug)]
pub(super) struct WalkFile {
    file: File,
    path: PathBuf,
}

impl WalkFile {
    /// Creates or empties the file at `path`, and writes the header.
    pub(super) fn create(path: &Path, header: &Header) -> Result<Self, ShrinkError> {
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path);
        let file = file.and_then(|file| lock(&file).map(|()| file)).and_then(|file| file.set_len(0).map(|()| file));
        let file = file.map_err(|error| ShrinkError::write(path, error))?;
        let mut walk = Self { file, path: path.to_owned() };
        walk.write(&Line::Walk(header.clone()))?;
        Ok(walk)
    }

    /// Reads the walk of an earlier search, and opens it to append to it.
    ///
    /// # Errors
    ///
    /// Fails if the walk cannot be read, is locked, or is of another input, command, system or bug.
    pub(super) fn resume(path: &Path, header: &Header) -> Result<(Self, Walk), ShrinkError> {
        let failed = |error| ShrinkError::read(path, error);
        let mut file = OpenOptions::new().write(true).open(path).map_err(failed)?;
        lock(&file).map_err(failed)?;
        let text = fs::read(path).map_err(failed)?;
        let walk = Walk::read(&text).map_err(|source| ShrinkError::Walk { path: path.to_owned(), source })?;
        let other = |what| Err(ShrinkError::OtherWalk { path: path.to_owned(), what });
        if (walk.header.input, walk.header.items) != (header.input, header.items) {
            return other("input");
        }
        if walk.header.oracle != header.oracle {
            return other("command, system or bug");
        }
        // A last run without a verdict is cut off and runs again, so that the walk reads as if it had not been stopped.
        file.set_len(walk.len as u64).and_then(|()| file.seek(SeekFrom::End(0))).map_err(failed)?;
        Ok((Self { file, path: path.to_owned() }, walk))
    }

    /// Appends a line with one unbuffered write, so that a kill after this call does not lose the line.
    pub(super) fn write(&mut self, line: &Line) -> Result<(), ShrinkError> {
        let written = line.to_text().map_err(io::Error::from).and_then(|text| self.file.write_all(text.as_bytes()));
        written.map_err(|error| ShrinkError::write(&self.path, error))
    }
}
