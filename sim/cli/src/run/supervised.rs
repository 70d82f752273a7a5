//! Runs a system in a worker. Should the system end that, another makes the same run and writes down what happens before it
//! does, and a third says what that was.

use std::process::ExitCode;

use super::Args;
use crate::outcome::Failure;
use crate::progress;
use crate::worker::{Supervisor, scratch};

pub(super) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let scratch = scratch()?;
    let mut supervisor = Supervisor::new(false, progress::of_words())?.limited(args.memory, args.timeout);
    supervisor.start.walk = Some(scratch.path().join("ahead"));
    supervisor.run_all()?.map(ExitCode::from).ok_or_else(|| Failure::Usage("stopped".to_owned()))
}
