//! Runs a system in a worker. Should the system end that, another makes the same run and writes down what happens before it
//! does, and a third says what that was.

use std::process::ExitCode;

use tempfile::TempDir;

use super::Args;
use crate::cli::outcome::Failure;
use crate::cli::progress;
use crate::cli::worker::{End, Phase, Supervisor, available_memory};
use crate::report::escape;

pub(super) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let failed = |error: std::io::Error| Failure::Usage(format!("failed to begin: {error}"));
    let scratch = TempDir::with_prefix("afresh-").map_err(failed)?;
    let mut supervisor = Supervisor::new(false, progress::of_words()).map_err(failed)?;
    supervisor.start.memory = args.memory.map(|memory| memory.as_u64()).or_else(available_memory);
    supervisor.start.timeout = Some(args.timeout);
    supervisor.start.walk = Some(scratch.path().join("ahead"));
    loop {
        match supervisor.run()? {
            End::Done(code) => return Ok(ExitCode::from(code)),
            End::Died(death, Phase::At(place)) if supervisor.start.serial => {
                supervisor.start.dead.insert(place, death);
            }
            End::Died(_, Phase::At(_)) => supervisor.start.serial = true,
            End::Died(death, _) => {
                let death = death.to_string();
                let why = format!("the process that runs the system ended before it began: {}", escape(&death));
                return Err(Failure::Usage(why));
            }
            End::Stopped => return Err(Failure::Usage("stopped".to_owned())),
        }
    }
}
