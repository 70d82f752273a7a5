//! The files of a shrink: the input, the result, the walk, the report and the findings.
//!
//! Nothing is overwritten without `--force`, and with `--resume` only files of the search that is continued. Except for
//! the walk, a file appears complete or not at all.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use afresh_shrink::minimize::Walk;
use afresh_shrink::minimize::walk::{Header, Line, WalkError};
use afresh_trace::format::files::{Identity, Output, Target, is_stream};
use afresh_trace::format::{Error, Problem};
use afresh_trace::text::{escape, shorten, without_passwords};

use super::Args;
use crate::console;
use crate::input;
use crate::lock::lock;
use crate::report::page::is_page;

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
        "{}: is named for two outputs, of which one would overwrite the other\n  help: choose two names",
        escaped(.0)
    )]
    Twice(PathBuf),
    #[error(
        "{}: has appeared since the search began, and is not overwritten\n  help: move it away, and continue with \
         `--resume`",
        escaped(.0)
    )]
    Appeared(PathBuf),
    #[error(
        "{}: is not from the search of this walk, and is not overwritten\n  help: move it away, and continue with \
         `--resume`",
        escaped(.0)
    )]
    Unrelated(PathBuf),
    #[error(
        "the command has no {{}} for the path of the candidate\n  help: add {{}}, or `--stdin` if the command reads \
         standard input"
    )]
    NoPlaceInCommand,
    #[error(
        "{0}: a quote or a backslash is not closed in `{quoted}`\n  help: close it, or write `\\` before it",
        quoted = shorten(&without_passwords(.1))
    )]
    Unclosed(&'static str, String),
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
    escape(&input::name(path)).to_string()
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
        let input = &*input::path_for_names(&args.file);
        let (output, walk) = (args.output.as_deref(), args.walk.as_deref());
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

    /// Checks before the search that every file can be written, that no file would be overwritten without permission,
    /// and never the input. `again` means that an earlier worker of the same search has checked this.
    ///
    /// # Errors
    ///
    /// Fails if an output is the input, a directory or another output, if its folder cannot be written, or if it exists
    /// already and neither `--force` nor `--resume` is given. Without a walk, there is nothing to resume.
    pub(super) fn check(&self, args: &Args, again: bool) -> Result<(), ShrinkError> {
        let files = [&self.output, &self.walk, &self.report].into_iter().flatten();
        for path in files.clone() {
            if is_same_file(path, &args.file) {
                return Err(ShrinkError::IsInput(path.clone()));
            }
            if path.is_dir() {
                return Err(Error::file(path.display().to_string(), Problem::Directory).into());
            }
        }
        let all: Vec<_> = files.cloned().chain(self.others()).collect();
        if let Some(path) = (1..all.len()).find(|place| all[..*place].iter().any(|one| is_same_file(one, &all[*place])))
        {
            return Err(ShrinkError::Twice(all[path].clone()));
        }
        if again {
            return Ok(());
        }
        if args.force {
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
        let resumes = args.resume && self.walk.as_deref().is_some_and(has_begun);
        if !args.force && !resumes {
            // A search that was killed at once may leave a walk without a header, which it is safe to replace.
            let walk = self.walk.as_ref().filter(|_| !args.resume);
            let fixed = [self.output.as_ref(), walk, self.report.as_ref()].into_iter().flatten().cloned();
            if let Some(path) = fixed.chain(self.others()).find(|path| path.symlink_metadata().is_ok()) {
                return Err(ShrinkError::Exists(path));
            }
        }
        if let Some(report) = self.report.as_ref().filter(|path| resumes && path.exists())
            && !fs::read(report).is_ok_and(|page| is_page(&page))
        {
            return Err(ShrinkError::Unrelated(report.clone()));
        }
        if let Some(others) = self.others().filter(|others| others.exists() && !others.is_dir()) {
            return Err(ShrinkError::Unrelated(others));
        }
        for path in [&self.output, &self.report].into_iter().flatten() {
            // This fails if the folder cannot be written, and a device or a named pipe is not opened twice.
            if path.metadata().ok().is_none_or(|found| found.is_file()) {
                Output::create(path, true)?;
            }
        }
        Ok(())
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

/// Returns whether two paths are of one file, or of one file that is not there yet. Each device may be named twice.
fn is_same_file(one: &Path, other: &Path) -> bool {
    match (Identity::of(one), Identity::of(other)) {
        (Some(found), Some(also)) => found == also && (one.is_file() || one.is_dir()),
        (None, None) => place(one).is_some_and(|place| Some(place) == self::place(other)),
        _ => false,
    }
}

/// Returns the full path of a file that is not there yet.
fn place(path: &Path) -> Option<PathBuf> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Some(folder.canonicalize().ok()?.join(path.file_name()?))
}

/// Reads the whole input.
///
/// # Errors
///
/// Fails if the input cannot be read or is empty.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, ShrinkError> {
    let mut content = Vec::new();
    let mut input = input::open(path)?;
    input.read_to_end(&mut content).map_err(|error| ShrinkError::read(path, error))?;
    if content.is_empty() { Err(ShrinkError::Empty(path.to_owned())) } else { Ok(content) }
}

/// Returns the permissions of an input, or `None` if it is no file.
pub(super) fn permissions(path: &Path) -> Option<fs::Permissions> {
    fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|file| file.permissions())
}

/// Returns the bug that the header of the walk at `path` names, or `None` if there is no readable walk.
pub(super) fn bug_of(path: &Path) -> Option<String> {
    Walk::read(&fs::read(path).ok()?).ok()?.header.oracle.pop()
}

/// Returns whether a search has begun to write the walk at `path`: whether its header is there.
pub(super) fn has_begun(path: &Path) -> bool {
    fs::read(path).is_ok_and(|walk| walk.contains(&b'\n'))
}

/// Writes a file that nothing may have replaced since the search began.
pub(super) fn save(target: &mut Target, content: io::Result<Vec<u8>>) -> Result<(), ShrinkError> {
    let content = content.map_err(|error| ShrinkError::write(target.path(), error))?;
    target.write(&content).map_err(|error| match *error.problem {
        Problem::Exists => ShrinkError::Appeared(target.path().to_owned()),
        _ => error.into(),
    })
}

/// Writes a finding, which is there already if a search was killed just after it had written the finding.
pub(super) fn save_once(path: &Path, content: Vec<u8>) -> Result<(), ShrinkError> {
    if fs::read(path).is_ok_and(|found| found == content) {
        return Ok(());
    }
    save(&mut Target::new(path.to_owned(), None), Ok(content))
}

/// Opens a walk, and locks it so that two searches do not write it.
fn open_walk(path: &Path) -> Result<File, ShrinkError> {
    Ok(lock(path, OpenOptions::new().read(true).write(true))?)
}

/// The walk as an open file that grows one line at a time.
#[derive(Debug)]
pub(super) struct WalkFile {
    file: File,
    path: PathBuf,
}

impl WalkFile {
    /// Creates the file at `path`, and writes the header. With `force`, it replaces an existing file.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be written, or is locked. Without `force`, also fails if there is a file with more than
    /// a part of this header, which a search leaves that is killed at once.
    pub(super) fn create(path: &Path, header: &Header, force: bool) -> Result<Self, ShrinkError> {
        let failed = |error| ShrinkError::write(path, error);
        let new = || OpenOptions::new().write(true).create_new(true).open(path);
        let header = Line::Walk(header.clone());
        let file = match new() {
            Err(error)
                if error.kind() == io::ErrorKind::AlreadyExists && path.metadata().is_ok_and(|it| it.is_file()) =>
            {
                let mut found = open_walk(path)?;
                let mut begun = Vec::new();
                found.read_to_end(&mut begun).map_err(failed)?;
                if header.to_text().is_ok_and(|header| header.as_bytes().starts_with(&begun)) {
                    found.set_len(0).and_then(|()| found.rewind()).map_err(failed)?;
                    found
                } else if force {
                    // The file may have other names, under which it stays.
                    fs::remove_file(path).and_then(|()| new()).map_err(failed)?
                } else {
                    return Err(ShrinkError::Appeared(path.to_owned()));
                }
            }
            // A device, such as `/dev/null`.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                OpenOptions::new().write(true).open(path).map_err(failed)?
            }
            new => new.map_err(failed)?,
        };
        // Where there are no locks, no other search can have locked it.
        let _ = file.try_lock();
        let mut walk = Self { file, path: path.to_owned() };
        walk.write(&header)?;
        Ok(walk)
    }

    /// Reads the walk of an earlier search, and opens it to append to it.
    ///
    /// # Errors
    ///
    /// Fails if the walk cannot be read, is locked, or is of another input, command, system or bug.
    pub(super) fn resume(path: &Path, header: &Header) -> Result<(Self, Walk), ShrinkError> {
        let failed = |error| ShrinkError::read(path, error);
        let mut file = open_walk(path)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(failed)?;
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
