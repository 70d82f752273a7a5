//! Checks the traces in a worker, and starts another worker if a system has ended it.

use std::process::ExitCode;
use std::time::Duration;

use super::Args;
use crate::console::{CliError, Console};
use crate::supervisor::Supervisor;
use crate::worker::Things;

/// Checks all traces, and returns the exit code.
pub(super) fn check(args: &Args, console: &Console) -> Result<ExitCode, CliError> {
    let reads_stdin = args.traces.iter().any(|path| path.as_os_str() == "-");
    let supervisor = Supervisor::new(console, reads_stdin, console.progress_of_things(args.traces.len()))?;
    let mut supervisor = supervisor.limited(args.memory, args.timeout.unwrap_or(Duration::MAX));
    let code = supervisor.run_all(&mut Things::default())?;
    code.map(ExitCode::from).ok_or_else(|| CliError::Usage("stopped".to_owned()))
}
