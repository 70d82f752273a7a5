//! The errors of reading and writing files: the place, the problem, what was expected, and what to do.

use std::borrow::Cow;
use std::{fmt, io};

use afresh_core::{Header, Name};

use crate::text::{escape, in_json_types, shorten};
use crate::unknown::{Thing, UnknownName};

/// A problem with a file, and its place in the file.
///
/// The text of an error is `FILE:LINE:COLUMN: PROBLEM`, which also says what was expected. A second line, if there is
/// one, says what to do. Control characters of the input are escaped.
#[derive(Debug)]
pub struct Error {
    /// The name of the file, as the user wrote it.
    pub file: String,
    /// The number of the line, from 1, or 0 if the problem is not about a line.
    pub line: u64,
    /// The number of the byte in the line, from 1, or 0 if the problem is not about a byte.
    pub column: u64,
    /// The problem: what was found, and what was expected.
    pub problem: Box<Problem>,
}

/// The kinds of problem that a file can have, or an option that does not fit the file.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The operating system cannot read the file.
    #[error("cannot be read: {0}")]
    Read(io::Error),
    /// The operating system cannot write the file.
    #[error("cannot be written: {0}")]
    Write(io::Error),
    /// The path names a pipe or a device.
    #[error("is a pipe or a device, expected a file")]
    Special,
    /// The path names a directory.
    #[error("is a directory, expected a file")]
    Directory,
    /// The output file exists already.
    #[error("already exists, and is not overwritten")]
    Exists,
    /// The output file is a database, which may hold the journal of a service.
    #[error("is a database, which is never overwritten")]
    Database,
    /// Another process, such as a recorder, is writing the file.
    #[error("is being written by another process")]
    Locked,
    /// The file has no bytes at all.
    #[error("is empty: expected a header line, {HEADER}")]
    Empty,
    /// The first line is not the header of a trace.
    #[error("is not a trace: expected a header line, {HEADER}, found {}", shorten(.0))]
    NotATrace(String),
    /// The header names a format that this library cannot read: a newer one, or 0.
    #[error("{}", format_is(*.0))]
    Format(u32),
    /// The header names a system that this program does not have.
    #[error("{0}")]
    UnknownSystem(UnknownName),
    /// The program that a system is cannot be run.
    #[error("cannot be run: {0}")]
    System(String),
    /// An option or an argument names a thing that the program or the trace does not have.
    #[error("{0}")]
    Unknown(UnknownName),
    /// An option for systems with keys was used with a trace of a world of nodes, which has no keys.
    #[error("is a trace of a world of nodes, which has no keys: `{0}` applies only to systems with keys")]
    NoKeys(&'static str),
    /// A line is longer than the limit, which is given in bytes.
    #[error("the line is longer than the limit of {0} bytes")]
    LineTooLong(usize),
    /// A byte of the file is not part of valid UTF-8.
    #[error("byte {0:#04x} is not valid UTF-8: expected UTF-8 text")]
    Utf8(u8),
    /// The last line is torn: a crash cut it off while it was being written.
    #[error("the last line is torn: expected a whole event and a line end, found the end of the file")]
    Torn,
    /// Arrays and objects are nested deeper than [`DEPTH_MAX`].
    #[error("nested too deeply: expected at most {DEPTH_MAX} arrays and objects inside each other")]
    TooDeep,
    /// An object in the JSON has the same key twice.
    #[error("duplicate key `{}` in one object: expected it once", shorten(.0))]
    DuplicateKey(String),
    /// A line is not valid JSON.
    #[error("is not JSON: {}", shorten(.0))]
    Syntax(String),
    /// A line is valid JSON, but not a valid event or header: a field or a value is wrong.
    #[error("{}", shorten(.0))]
    Data(String),
    /// The body of a message or an output, or a view, is not one that this version of the system can read.
    #[error("{}", shorten(.0))]
    Body(String),
    /// A trace deploys a version of its system that the system does not know.
    #[error("deploys an {}", .0)]
    UnknownVersion(UnknownName),
    /// The number of an event is not higher than the number of the event before it.
    #[error("event {number} comes after event {before}: expected rising event numbers")]
    Order {
        /// The number of the event.
        number: u32,
        /// The number of the event before it.
        before: u32,
    },
    /// The trace already has an event with the highest possible number.
    #[error("no number is left after event {}: expected fewer events", u32::MAX)]
    Full,
    /// An event names a cause that is not an earlier event.
    #[error("event {cause} cannot be the cause of event {number}: expected an earlier event")]
    Cause {
        /// The number of the cause.
        cause: u32,
        /// The number of the event that names the cause.
        number: u32,
    },
    /// The run of another version, with which the run of a trace is compared, is not one of this trace.
    #[error("{0}")]
    OtherRun(String),
    /// A row of an export cannot become an event.
    #[error("{}", shorten(.0))]
    Row(String),
    /// The quotes of an export do not match, so that it is unknown where its next row begins.
    #[error("{}", shorten(.0))]
    Quote(String),
    /// The mapping of columns to fields is wrong, or does not fit the export.
    #[error("{}", shorten(.0))]
    Mapping(String),
    /// An event holds a value that JSON cannot express, such as NaN.
    #[error("event {number} cannot be written: {why}")]
    Unwritable {
        /// The number of the event.
        number: u32,
        /// The reason, as text for people.
        why: String,
    },
}

/// The form of a header line, as error messages show it.
const HEADER: &str = r#"{"afresh":{"format":1,"system":"NAME",…}}"#;

/// The maximum number of arrays and objects that may be nested inside each other in one line.
///
/// This is the limit of serde_json, which keeps a hostile input from exhausting the stack.
pub const DEPTH_MAX: usize = 127;

impl Error {
    /// Builds an error about a file as a whole.
    pub fn file(file: impl Into<String>, problem: Problem) -> Self {
        Self::at(file, 0, 0, problem)
    }

    /// Builds an error about one place in a file. Line and column are counted from 1; 0 means none.
    pub fn at(file: impl Into<String>, line: u64, column: u64, problem: Problem) -> Self {
        Self { file: file.into(), line, column, problem: Box::new(problem) }
    }

    /// Returns `true` if the reader of the output closed its pipe. Commands then stop without reporting an error.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(&*self.problem, Problem::Write(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", escape(&self.file))?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if self.column > 0 {
            write!(f, ":{}", self.column)?;
        }
        write!(f, ": {}", self.problem)?;
        match &*self.problem.help() {
            "" => Ok(()),
            help => write!(f, "\n  help: {help}"),
        }
    }
}

impl std::error::Error for Error {}

impl Problem {
    /// Converts an error of serde_json about one line. Also returns its column in that line, from 1.
    pub fn from_json(error: &serde_json::Error) -> (Self, u64) {
        let column = (error.column() as u64).max(1);
        let text = error.to_string();
        let text = text.strip_suffix(&format!(" at line {} column {}", error.line(), error.column())).unwrap_or(&text);
        let twice = text.strip_prefix("duplicate field `").and_then(|rest| rest.strip_suffix('`'));
        let problem = match error.classify() {
            serde_json::error::Category::Data => {
                twice.map_or_else(|| Self::Data(in_json_types(text)), |field| Self::DuplicateKey(field.into()))
            }
            _ if text == "recursion limit exceeded" => Self::TooDeep,
            _ => Self::Syntax(text.into()),
        };
        (problem, column)
    }

    /// Converts the error of a value that is read from a text which is JSON, as [`from_json`](Self::from_json) does.
    ///
    /// Where a value of an enum is expected, `serde_json` takes one of another type for a mistake in the syntax.
    pub(crate) fn of_value(error: &serde_json::Error) -> Self {
        match Self::from_json(error).0 {
            Self::Syntax(text) if text == "expected value" => Self::not_one_of_several(),
            problem => problem,
        }
    }

    /// Builds the problem of a value where one of an enum is expected.
    pub(crate) fn not_one_of_several() -> Self {
        Self::Data("expected the name of a variant, or an object with one field".to_owned())
    }

    /// Builds the problem of an unknown version, from its name and the known ones.
    pub fn unknown_version(name: &Name, known: &[Name]) -> Self {
        Self::UnknownVersion(UnknownName::new(Thing::Version, name.as_str(), known.iter().map(Name::as_str)))
    }

    /// Returns a hint on what to do about the problem, or an empty text if there is none.
    pub fn help(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Unknown(unknown) => return unknown.help().into(),
            Self::UnknownSystem(unknown) => {
                let program =
                    "if it is a program, say how to run it, in `afresh.toml` or with `--program NAME=COMMAND`";
                return format!("{} with `--system NAME`, or correct the header; {program}", unknown.help()).into();
            }
            Self::System(_) => {
                "correct its command in `afresh.toml`, or in `--program NAME=COMMAND`; if it did not answer, see that it \
                 flushes each line, or give it more `timeout` there"
            }
            Self::Read(error) if error.kind() == io::ErrorKind::NotFound => {
                "check the path, and the folder that it is relative to; `-` is standard input"
            }
            Self::Write(error) if error.kind() == io::ErrorKind::NotFound => "create the folder first",
            Self::Read(_) | Self::Write(_) => "",
            Self::Database => "choose another name",
            Self::Special => "move it away, or choose another name",
            Self::Directory => "name a file in it, or `-` for the standard stream",
            Self::Exists => "choose another name, or use `--force` to replace the file",
            Self::Locked => {
                "wait until the other process has ended, or use another file: a file has one writer at a time"
            }
            Self::Empty | Self::NotATrace(_) => "use `afresh import` to turn exported rows into a trace",
            Self::Format(0) => "correct the header; the first format is 1",
            Self::Format(_) => "install a newer afresh, or write the trace again with this one",
            Self::NoKeys(_) => "omit the option for this trace",
            Self::LineTooLong(_) => "raise the limit with `--line-max BYTES` if the line is meant to be that long",
            Self::Utf8(_) => "export the file as UTF-8, or convert it with iconv",
            Self::Torn => "use `--torn` to skip this line, which was cut off while it was being written",
            Self::TooDeep => "make the body flatter: deeper nesting could exhaust the stack of a JSON reader",
            Self::DuplicateKey(_) => "remove one of the two: readers of JSON disagree on which of them counts",
            Self::Syntax(_) => "correct the line: each line of a trace is one JSON object, without NaN or Infinity",
            Self::Data(text) if text.starts_with("unknown field `afresh`") => {
                "this is a second header, but a file holds only one trace: split the file before this line"
            }
            Self::Data(text) if text.starts_with("unknown field") => "remove the field, or correct its name",
            Self::Data(text) if text.starts_with("missing field") => "add the field",
            Self::Data(_) => {
                "correct the value; if another version of the system wrote it, name that version with `--system NAME`"
            }
            Self::Body(text) => {
                let correct = if text.starts_with("unknown field") {
                    "remove the field, or correct its name"
                } else if text.starts_with("missing field") {
                    "add the field"
                } else {
                    "correct the value; if another version of the system wrote it, name that version with `--system NAME`"
                };
                let skip = "counts such messages as rejected, and such outputs and views as different";
                return format!("{correct}; `--skip-unreadable` {skip}").into();
            }
            Self::UnknownVersion(unknown) => return unknown.help().into(),
            Self::Order { .. } | Self::Full => "sort the events by number, or omit the numbers",
            Self::Cause { .. } => {
                "correct the cause or omit it; if a line was removed from a trace whose lines have no number `n`, \
                 restore the line, and number all lines before you remove any"
            }
            Self::OtherRun(_) => {
                "record the run of the old version from the same trace, with `afresh replay TRACE --record OUT`"
            }
            Self::Row(_) => "correct the row or the mapping, or skip such rows with `--skip-bad`",
            Self::Quote(_) => {
                "correct the row; if `\"` is an ordinary character in these rows, name their format with `--read-as`; \
                 if rows take so many lines, raise the limit with `--lines-max N`"
            }
            Self::Mapping(_) => "correct the mapping; `afresh import --help` shows an example",
            Self::Unwritable { .. } => "use a type that JSON can express",
        })
    }
}

/// Describes a format that this library cannot read.
fn format_is(format: u32) -> String {
    let known = Header::FORMAT;
    match format {
        0 => format!("there is no format 0: expected format {known}"),
        _ => format!("format {format} needs a newer afresh: expected format {known}"),
    }
}
