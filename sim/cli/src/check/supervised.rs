//! Checks traces in a worker, and starts another when a system has ended that.

use std::process::ExitCode;
use std::time::Duration;

use super::Args;
use crate::outcome::Failure;
use crate::progress;
use crate::worker::Supervisor;

pub(super) fn check(args: &Args) -> Result<ExitCode, Failure> {
    let reads_stdin = args.traces.iter().any(|path| path.as_os_str() == "-");
    let supervisor = Supervisor::new(reads_stdin, progress::of_things(args.traces.len()))?;
    let code = supervisor.limited(args.memory, args.timeout.unwrap_or(Duration::MAX)).run_all()?;
    code.map(ExitCode::from).ok_or_else(|| Failure::Usage("stopped".to_owned()))
}
