//! The console: the output, the progress and the errors of a subcommand.
//!
//! | file | contents |
//! | --- | --- |
//! | `progress.rs` | the progress of long work |
//! | `failure.rs` | the reason why a subcommand failed |

mod error;
mod progress;

pub(crate) use error::CliError;
pub(crate) use progress::Progress;

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{BufWriter, ErrorKind, IsTerminal, Write};
use std::process::ExitCode;

use afresh_trace::format::{Error, Problem};
use afresh_trace::text::{cut, escape, escape_json, escape_lines};
use serde::Serialize;
use serde_json::json;

use crate::orphans;
use crate::worker::{Note, Search, Things, Work, Worker, program};

/// The most characters of a line of a message. A name in a trace may have millions.
const MESSAGE_MAX: usize = 4000;

/// The version of every JSON report.
const REPORT: u32 = 1;

/// The place for the output of a subcommand: the terminal, or the supervisor if this process is a worker.
#[derive(Debug)]
pub(crate) struct Console {
    worker: Option<Worker>,
}

impl Console {
    /// Creates the console of this process, which is a worker if `worker` is given.
    pub(crate) fn new(worker: Option<Worker>) -> Self {
        Self { worker }
    }

    /// Returns the task of `run`, `explore` and `check`, or `None` if this process is not a worker.
    ///
    /// # Errors
    ///
    /// Fails if this worker has a task of another subcommand.
    pub(crate) fn things(&self) -> Result<Option<Work<'_, Things>>, CliError> {
        self.worker.as_ref().map(|worker| worker.things().ok_or_else(CliError::other_task)).transpose()
    }

    /// Returns the task of `shrink`, or `None` if this process is not a worker.
    ///
    /// # Errors
    ///
    /// Fails if this worker has a task of another subcommand.
    pub(crate) fn search(&self) -> Result<Option<Work<'_, Search>>, CliError> {
        self.worker.as_ref().map(|worker| worker.search().ok_or_else(CliError::other_task)).transpose()
    }

    /// Writes to standard output, with colours if it is a terminal.
    ///
    /// A pipe that was closed early is not an error: the result of the subcommand still decides the exit code.
    pub(crate) fn print(&self, text: &str) -> Result<(), CliError> {
        if let Some(worker) = &self.worker {
            worker.send(&Note::Print(text.to_owned()));
            return Ok(());
        }
        let mut stdout = anstream::stdout().lock();
        written(stdout.write_all(safe(text).as_bytes()).and_then(|()| stdout.flush()))
    }

    /// Returns a writer to standard output, with colours if it is a terminal, for output that is long.
    ///
    /// Here a pipe that was closed early is an error, because the rest of the work would be for nothing. A subcommand
    /// that has workers uses [`print`](Self::print).
    pub(crate) fn writer(&self) -> Writer<impl Write> {
        Writer(BufWriter::new(anstream::stdout().lock()))
    }

    /// Returns whether standard output is a terminal, where long lines are hard to read.
    pub(crate) fn is_terminal(&self) -> bool {
        self.worker.is_none() && std::io::stdout().is_terminal()
    }

    /// Writes bytes to standard output unchanged. On a terminal, characters on which it would act become escapes.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<(), CliError> {
        if let Some(worker) = &self.worker {
            worker.send(&Note::Write(bytes.to_owned()));
            return Ok(());
        }
        let mut stdout = std::io::stdout().lock();
        let text = stdout.is_terminal().then(|| escape_json(&String::from_utf8_lossy(bytes)).into_owned());
        let bytes = text.as_ref().map_or(bytes, String::as_bytes);
        written(stdout.write_all(bytes).and_then(|()| stdout.flush()))
    }

    /// Writes to standard error, with colours if it is a terminal.
    pub(crate) fn say(&self, text: &str) {
        if let Some(worker) = &self.worker {
            return worker.send(&Note::Say(text.to_owned()));
        }
        // If standard error is closed, there is no other place for the error.
        let _ = anstream::stderr().lock().write_all(safe(text).as_bytes());
    }

    /// Prints an error, after the name of this program.
    ///
    /// This is where arguments and the contents of files in errors become safe for a terminal, and are cut.
    pub(crate) fn fail(&self, why: impl Display) {
        let program = program();
        self.say(&format!("{}: {}\n", escape(&program.to_string_lossy()), message(&why.to_string())));
    }

    /// Ends the subcommand: prints its error, if it has failed, and returns the exit code.
    pub(crate) fn end(&self, done: Result<ExitCode, CliError>) -> ExitCode {
        orphans::wait();
        let code = done.unwrap_or_else(|failure| {
            if failure.is_broken_pipe() {
                return ExitCode::SUCCESS;
            }
            self.fail(failure);
            ExitCode::from(2)
        });
        if let Some(worker) = &self.worker {
            worker.send(&Note::Done);
        }
        code
    }
}

/// A writer of long output.
#[derive(Debug)]
pub(crate) struct Writer<W: Write>(BufWriter<W>);

impl<W: Write> Writer<W> {
    /// Writes some of the output.
    pub(crate) fn print(&mut self, text: &str) -> std::io::Result<()> {
        self.0.write_all(safe(text).as_bytes())
    }

    /// Writes the rest of the output.
    pub(crate) fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

/// Returns the text of a message, with each of its lines escaped, and cut if it is very long.
pub(crate) fn message(text: &str) -> String {
    text.split('\n').map(|line| cut(line, MESSAGE_MAX)).collect::<Vec<_>>().join("\n")
}

/// Escapes all characters on which a terminal would act, except line ends and the styles of our own text.
///
/// Whatever is written to a terminal comes through here, because one place alone can be sure.
fn safe(text: &str) -> Cow<'_, str> {
    if escape_lines(text) == text {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len());
    for (place, part) in text.split('\u{1b}').enumerate() {
        // A style is numbers in `[` and `m`. It changes how the text after it looks, and nothing else.
        let style = part.strip_prefix('[').and_then(|rest| rest.split_once('m'));
        match style.filter(|(numbers, _)| numbers.bytes().all(|byte| byte.is_ascii_digit() || byte == b';')) {
            _ if place == 0 => safe += &escape_lines(part),
            Some((numbers, rest)) => safe += &format!("\u{1b}[{numbers}m{}", escape_lines(rest)),
            None => safe += &escape_lines(&format!("\u{1b}{part}")),
        }
    }
    Cow::Owned(safe)
}

fn written(result: std::io::Result<()>) -> Result<(), CliError> {
    match result {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Error::file("standard output", Problem::Write(error)).into())
        }
        _ => Ok(()),
    }
}

/// Returns a report for programs: one line of JSON, with the version first and the report under `name`.
pub(crate) fn json(name: &str, report: &impl Serialize) -> String {
    // A `Value` in between would lose numbers of more than 64 bits.
    let report = serde_json::to_string(report).unwrap_or_else(|error| json!(error.to_string()).to_string());
    format!("{{\"afresh\":{REPORT},\"{name}\":{}}}\n", escape_json(&report))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_styles_and_line_ends_reach_a_terminal() {
        let style = "\u{1b}[1;31mred\u{1b}[0m\n";
        assert_eq!(safe(style), style);
        assert_eq!(safe("\u{1b}[2J\u{1b}[31;mé\u{9b}2J\u{202e}\r\n"), "\\u{1b}[2J\u{1b}[31;mé\\u{9b}2J\\u{202e}\\r\n");
        assert_eq!(safe("\u{1b}]0;title\u{7}\u{1b}"), "\\u{1b}]0;title\\u{7}\\u{1b}");
    }
}
