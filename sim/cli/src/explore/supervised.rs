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
    let _locked = work::prepare(args)?;
    // A file that is not a record of this system is an error before anything is run.
    let mut campaign = Campaign::open(&files::campaign(&args.output), &args.subject())?;
    let (_, before) = campaign.of(&args.seeds);
    let left = seeds::left(&args.seeds, args.shard, &campaign.done());
    if left > 0 {
        run(args, left, deadline, console)?;
        campaign = campaign.again(&args.subject())?;
    }
    let (all, runs) = campaign.of(&args.seeds);
    if !args.no_shrink {
        shrunk::shrink_all(args, has_twin, deadline, all.failed.keys())?;
    }
    let unrecorded = files::unrecorded(&args.output, campaign.signatures())?;
    report::write(args, &all, Runs { now: runs.saturating_sub(before), before }, &unrecorded, console)
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
