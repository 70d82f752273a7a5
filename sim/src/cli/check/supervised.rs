//! Checks traces in a worker, and starts another when a system has ended that: one trace at a time, then, so that it is
//! known which of them does.

use std::process::ExitCode;
use std::time::Duration;

use super::Args;
use crate::cli::outcome::Failure;
use crate::cli::progress;
use crate::cli::worker::{End, Phase, Supervisor, available_memory};
use crate::report::escape;

pub(super) fn check(args: &Args) -> Result<ExitCode, Failure> {
    let failed = |error: std::io::Error| Failure::Usage(format!("failed to begin: {error}"));
    let reads_stdin = args.traces.iter().any(|path| path.as_os_str() == "-");
    let mut supervisor = Supervisor::new(reads_stdin, progress::of_things(args.traces.len())).map_err(failed)?;
    supervisor.start.memory = args.memory.map(|memory| memory.as_u64()).or_else(available_memory);
    supervisor.start.timeout = Some(args.timeout.unwrap_or(Duration::MAX));
    loop {
        match supervisor.run()? {
            End::Done(code) => return Ok(ExitCode::from(code)),
            End::Died(death, Phase::At(place)) if supervisor.start.serial => {
                supervisor.start.dead.insert(place, death);
            }
            End::Died(_, Phase::At(_)) => supervisor.start.serial = true,
            End::Died(death, _) => {
                let death = death.to_string();
                let why = format!("the process that runs the systems ended before any: {}", escape(&death));
                return Err(Failure::Usage(why));
            }
            End::Stopped => return Err(Failure::Usage("stopped".to_owned())),
        }
    }
}
