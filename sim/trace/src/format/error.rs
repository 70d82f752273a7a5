//! What is wrong with a file: where, what was expected, and what to do.

use std::fmt;
use std::io;

use afresh_core::Header;

use crate::text::{escape, shorten};

/// What is wrong with a file, and where.
///
/// Its text is `file:line:column: what is wrong, and what was expected`, and a second line that says what to do. No
/// control character of the input is in it.
#[derive(Debug)]
pub struct Error {
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1; zero where it is not about a line.
    pub line: u64,
    /// The byte of the line, from 1; zero where it is not about a byte.
    pub column: u64,
    /// What is wrong.
    pub problem: Box<Problem>,
}

/// What can be wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The operating system says no.
    #[error("cannot be read: {0}")]
    Read(io::Error),
    /// The operating system says no.
    #[error("cannot be written: {0}")]
    Write(io::Error),
    /// It is a folder.
    #[error("is a directory, where a file was expected")]
    Directory,
    /// The output is there already.
    #[error("exists already, and is not overwritten")]
    Exists,
    /// Another recorder has the file open.
    #[error("is being written by another recorder")]
    Locked,
    /// There is not one byte in it.
    #[error("is empty: expected a header line, {HEADER}")]
    Empty,
    /// The first line is not a header.
    #[error("is not a trace: expected a header line, {HEADER}, found {}", shorten(.0))]
    NotATrace(String),
    /// The format is newer than this library, or none at all.
    #[error("{}", format_is(*.0))]
    Format(u32),
    /// Nobody here knows the system.
    #[error("is for the system `{}`, which is not known here: expected {}", escape(.name), list(.known))]
    UnknownSystem {
        /// The system that the header names.
        name: String,
        /// The systems that are known.
        known: Vec<String>,
    },
    /// A user asks for a system that nobody here knows.
    #[error("there is no system `{}` here: expected {}", escape(.name), list(.known))]
    NoSystem {
        /// The system that is asked for.
        name: String,
        /// The systems that are known.
        known: Vec<String>,
    },
    /// The trace is of a world of nodes, and an option is about the states of keys.
    #[error("is of a world of nodes, which has no keys: `{0}` is about how the states of keys are folded")]
    NoKeys(&'static str),
    /// A line is longer than the limit.
    #[error("the line is longer than {0} bytes")]
    LineTooLong(usize),
    /// A byte that is not UTF-8.
    #[error("byte {0:#04x} is not valid UTF-8: expected UTF-8 text")]
    Utf8(u8),
    /// The last line was not written to its end.
    #[error("the last line is torn: expected a whole event and a line end, found the end of the file")]
    Torn,
    /// Arrays and objects inside each other, too many.
    #[error("nested too deeply: expected at most {DEPTH_MAX} arrays and objects inside each other")]
    TooDeep,
    /// A key that an object has twice.
    #[error("the key `{}` is twice in one object: expected it once", shorten(.0))]
    DuplicateKey(String),
    /// Not JSON.
    #[error("is not JSON: {}", shorten(.0))]
    Syntax(String),
    /// JSON, but not what is called for.
    #[error("{}", shorten(.0))]
    Data(String),
    /// The numbers of events must rise.
    #[error("event {number} comes after event {before}: expected numbers that rise")]
    Order {
        /// The number of the event.
        number: u32,
        /// The number of the event before.
        before: u32,
    },
    /// There is no number left for an event.
    #[error("no number is left for an event after event {}: expected fewer events", u32::MAX)]
    Full,
    /// A cause comes before what it causes.
    #[error("event {cause} cannot be the cause of event {number}: expected an earlier event")]
    Cause {
        /// The cause.
        cause: u32,
        /// The event that names it.
        number: u32,
    },
    /// A row of an export says what cannot be an event.
    #[error("{}", shorten(.0))]
    Row(String),
    /// How the columns of an export are mapped does not fit it.
    #[error("{}", shorten(.0))]
    Mapping(String),
    /// A value that JSON does not have.
    #[error("event {number} cannot be written: {why}")]
    Unwritable {
        /// The event.
        number: u32,
        /// Why not.
        why: String,
    },
}

/// The shape of a first line, for messages.
const HEADER: &str = r#"{"afresh":{"format":1,"system":"NAME",…}}"#;

/// How many arrays and objects may be inside each other in one line: what serde_json can read without a stack that an
/// input could exhaust.
pub const DEPTH_MAX: usize = 127;

impl Error {
    /// A problem with a file as a whole.
    pub fn file(file: impl Into<String>, problem: Problem) -> Self {
        Self::at(file, 0, 0, problem)
    }

    /// A problem at a place of a file. Line and column count from 1; zero is none.
    pub fn at(file: impl Into<String>, line: u64, column: u64, problem: Problem) -> Self {
        Self { file: file.into(), line, column, problem: Box::new(problem) }
    }

    /// Whether whoever reads the output has gone: not an error, but the end of the work.
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
        match self.problem.help() {
            "" => Ok(()),
            help => write!(f, "\n  help: {help}"),
        }
    }
}

impl std::error::Error for Error {}

impl Problem {
    /// A serde_json error about one line, and its column there.
    pub(crate) fn from_json(error: &serde_json::Error) -> (Self, u64) {
        let column = (error.column() as u64).max(1);
        let text = error.to_string();
        let text = text.strip_suffix(&format!(" at line {} column {}", error.line(), error.column())).unwrap_or(&text);
        let twice = text.strip_prefix("duplicate field `").and_then(|rest| rest.strip_suffix('`'));
        let problem = match error.classify() {
            serde_json::error::Category::Data => {
                twice.map_or_else(|| Self::Data(text.into()), |field| Self::DuplicateKey(field.into()))
            }
            _ if text == "recursion limit exceeded" => Self::TooDeep,
            _ => Self::Syntax(text.into()),
        };
        (problem, column)
    }

    /// What to do about it; empty where there is nothing to say.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Read(error) if error.kind() == io::ErrorKind::NotFound => {
                "check the path, and the folder that it starts from; `-` is standard input"
            }
            Self::Write(error) if error.kind() == io::ErrorKind::NotFound => "make the folder first",
            Self::Read(_) | Self::Write(_) => "",
            Self::Directory => "name a file in it, or `-` for the standard stream",
            Self::Exists => "choose another name, or say `--force`",
            Self::Locked => "record to another file; a trace has one writer",
            Self::Empty | Self::NotATrace(_) => "make a trace of exported rows with `afresh import`",
            Self::Format(0) => "the first format is 1: correct the header",
            Self::Format(_) => "install a newer afresh, or have the trace written by this one",
            Self::UnknownSystem { .. } => "say which of them it is for with `--system NAME`, or correct the header",
            Self::NoSystem { .. } => "name one of them, or leave the option out to run what the trace is of",
            Self::NoKeys(_) => "leave the option out for this trace",
            Self::LineTooLong(_) => "raise the limit with `--line-max BYTES` if the line is meant to be that long",
            Self::Utf8(_) => "export the file as UTF-8, or convert it with iconv",
            Self::Torn => "say `--torn` to go on without it; it was cut off while being written",
            Self::TooDeep => "make the body flatter: no reader of JSON can be trusted with more",
            Self::DuplicateKey(_) => "remove one of the two: nothing says which of them counts",
            Self::Syntax(_) => "correct the line; a trace has one whole JSON object a line, and no NaN or Infinity",
            Self::Data(text) if text.starts_with("unknown field `afresh`") => {
                "this is a second header: traces cannot be joined; split the file before this line"
            }
            Self::Data(text) if text.starts_with("unknown field") => "remove the field, or correct its name",
            Self::Data(text) if text.starts_with("missing field") => "add the field",
            Self::Data(_) => {
                "correct the value; where another version of the system wrote it, name that with `--system NAME`"
            }
            Self::Order { .. } | Self::Full => "put the events in the order of their numbers, or leave the numbers out",
            Self::Cause { .. } => "correct the cause, or leave it out",
            Self::Row(_) => "correct the row or the mapping, or leave such rows out with `--skip-bad`",
            Self::Mapping(_) => "correct the mapping; `afresh import --help` shows one",
            Self::Unwritable { .. } => "give the value another type: a trace holds what JSON holds",
        }
    }
}

fn format_is(format: u32) -> String {
    let known = Header::FORMAT;
    match format {
        0 => format!("there is no format 0: expected format {known}"),
        _ => format!("format {format} is from the future: it needs a newer afresh, this one reads format {known}"),
    }
}

fn list(names: &[String]) -> String {
    match names {
        [] => "a system, and none is known".into(),
        [one] => format!("`{}`", escape(one)),
        [most @ .., last] => {
            let most: Vec<_> = most.iter().map(|name| format!("`{}`", escape(name))).collect();
            format!("{} or `{}`", most.join(", "), escape(last))
        }
    }
}
