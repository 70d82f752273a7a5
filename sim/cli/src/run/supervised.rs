//! Makes the run in a worker.
//!
//! If the system ends the worker, a second worker makes the same run, and writes each event to a file before it
//! happens. If that run ends too, a third worker reports the end, with the events of that file.

use std::process::ExitCode;

use super::Args;
use crate::console::{CliError, Console};
use crate::from::Recordings;
use crate::supervisor::{Supervisor, scratch};
use crate::worker::Things;

/// Makes the run, and returns the exit code.
pub(super) fn run(args: &Args, console: &Console) -> Result<ExitCode, CliError> {
    let scratch = scratch()?;
    let mut supervisor =
        Supervisor::new(console, false, console.progress_of_words())?.limited(args.memory, args.timeout);
    let recordings = Recordings::collect(&args.from)?;
    let ahead = Some(scratch.path().join("ahead"));
    let mut things = Things { ahead, from: recordings.all.clone(), ..Things::default() };
    supervisor.run_all(&mut things)?.map(ExitCode::from).ok_or_else(|| CliError::Usage("stopped".to_owned()))
}
