//! Makes the runs in workers, shrinks the findings, and reports.

use std::process::ExitCode;

use super::campaign::Campaign;
use super::report::Runs;
use super::{Args, files, report, seeds, shrunk, work};
use crate::console::{CliError, Console};
use crate::interrupt::Deadline;
use crate::supervisor::Supervisor;
use crate::worker::Things;

/// Explores the system, and returns the exit code.
pub(super) fn explore(
    args: &Args,
    has_twin: bool,
    deadline: Deadline,
    console: &Console,
) -> Result<ExitCode, CliError> {
    work::prepare(args)?;
    let path = files::campaign(&args.output);
    // A file that is not a record of this system is an error before anything is run.
    let before = Campaign::open(&path, &args.system)?;
    let left: u64 = seeds::chunks(&args.seeds, args.shard, &before.done()).map(|seeds| seeds.end - seeds.start).sum();
    if left > 0 {
        run(args, left, deadline, console)?;
    }
    let (_, before) = before.of(&args.seeds);
    let (all, runs) = Campaign::open(&path, &args.system)?.of(&args.seeds);
    if !args.no_shrink {
        shrunk::shrink_all(args, has_twin, all.failed.keys())?;
    }
    report::write(args, &all, Runs { now: runs.saturating_sub(before), before }, console)
}

/// Runs the `left` seeds that no earlier `explore` has run.
fn run(args: &Args, left: u64, deadline: Deadline, console: &Console) -> Result<(), CliError> {
    let progress = console.progress_of_things(usize::try_from(left).unwrap_or(usize::MAX));
    let mut supervisor = Supervisor::new(console, false, progress)?.limited(args.memory, args.timeout);
    supervisor.deadline = deadline;
    let mut things = Things::default();
    let ended = supervisor.run_all(&mut things);
    for seed in things.dead.keys() {
        let _ = std::fs::remove_file(files::ahead(&args.output, *seed as u64));
    }
    match ended? {
        // If it was stopped, the next `explore` continues.
        Some(0) | None => Ok(()),
        // The worker has already printed its error.
        Some(_) => Err(CliError::Usage("stopped, as the worker could not go on".to_owned())),
    }
}
