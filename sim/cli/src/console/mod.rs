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

use std::fmt::Display;
use std::io::{BufWriter, ErrorKind, IsTerminal, Write};
use std::process::ExitCode;

use afresh_trace::format::{Error, Problem};
use afresh_trace::text::{escape, escape_lines};
use serde::Serialize;
use serde_json::json;

use crate::worker::{Note, Search, Things, Work, Worker, program};

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
        written(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
    }

    /// Returns a writer to standard output, with colours if it is a terminal, for output that is long.
    ///
    /// Here a pipe that was closed early is an error, because the rest of the work would be for nothing. A subcommand
    /// that has workers uses [`print`](Self::print).
    pub(crate) fn writer(&self) -> impl Write {
        BufWriter::new(anstream::stdout().lock())
    }

    /// Returns whether standard output is a terminal, where long lines are hard to read.
    pub(crate) fn is_terminal(&self) -> bool {
        self.worker.is_none() && std::io::stdout().is_terminal()
    }

    /// Writes bytes to standard output unchanged.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<(), CliError> {
        if let Some(worker) = &self.worker {
            worker.send(&Note::Write(bytes.to_owned()));
            return Ok(());
        }
        let mut stdout = std::io::stdout().lock();
        written(stdout.write_all(bytes).and_then(|()| stdout.flush()))
    }

    /// Writes to standard error, with colours if it is a terminal.
    pub(crate) fn say(&self, text: &str) {
        if let Some(worker) = &self.worker {
            return worker.send(&Note::Say(text.to_owned()));
        }
        // If standard error is closed, there is no other place for the error.
        let _ = anstream::stderr().lock().write_all(text.as_bytes());
    }

    /// Prints an error, after the name of this program. This is where arguments and the contents of files in errors
    /// become safe for a terminal.
    pub(crate) fn fail(&self, why: impl Display) {
        let program = program();
        self.say(&format!("{}: {}\n", escape(&program.to_string_lossy()), escape_lines(&why.to_string())));
    }

    /// Ends the subcommand: prints its error, if it has failed, and returns the exit code.
    pub(crate) fn end(&self, done: Result<ExitCode, CliError>) -> ExitCode {
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
    format!("{{\"afresh\":{REPORT},\"{name}\":{report}}}\n")
}
