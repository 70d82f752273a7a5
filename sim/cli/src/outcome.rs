//! The end of a subcommand: its output, its error and its exit code.

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use afresh_trace::format::{Error, Problem};
use serde::Serialize;
use serde_json::json;

use super::worker::{self, Note};

/// The version of every JSON report.
const REPORT: u32 = 1;

/// The reason why a subcommand failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// A file cannot be read or written, or its content is wrong.
    #[error(transparent)]
    File(#[from] Error),
    /// Any other reason, as a text that reads well after "afresh: ".
    #[error("{0}")]
    Usage(String),
}

impl Failure {
    /// Prints the error, and returns the exit code.
    pub(super) fn report(&self) -> ExitCode {
        if matches!(self, Self::File(error) if error.is_broken_pipe()) {
            return ExitCode::SUCCESS;
        }
        say(&format!("afresh: {self}\n"));
        ExitCode::from(2)
    }
}

/// Writes to standard output, with colours if it is a terminal.
///
/// A pipe that was closed early is not an error: the result of the subcommand still decides the exit code.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    if worker::is_one() {
        worker::send(&Note::Print(text.to_owned()));
        return Ok(());
    }
    let mut stdout = anstream::stdout().lock();
    written(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
}

/// Writes bytes to standard output unchanged.
pub(super) fn write(bytes: &[u8]) -> Result<(), Failure> {
    if worker::is_one() {
        worker::send(&Note::Write(bytes.to_owned()));
        return Ok(());
    }
    let mut stdout = std::io::stdout().lock();
    written(stdout.write_all(bytes).and_then(|()| stdout.flush()))
}

fn written(result: std::io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Error::file("standard output", Problem::Write(error)).into())
        }
        _ => Ok(()),
    }
}

/// Writes to standard error, with colours if it is a terminal.
pub(super) fn say(text: &str) {
    if worker::is_one() {
        return worker::send(&Note::Say(text.to_owned()));
    }
    // If standard error is closed, there is no other place for the error.
    let _ = anstream::stderr().lock().write_all(text.as_bytes());
}

/// Returns a report for programs: one line of JSON, with the version first and the report under `name`.
pub(super) fn json(name: &str, report: &impl Serialize) -> String {
    // A `Value` in between would lose numbers of more than 64 bits.
    let report = serde_json::to_string(report).unwrap_or_else(|error| json!(error.to_string()).to_string());
    format!("{{\"afresh\":{REPORT},\"{name}\":{report}}}\n")
}
