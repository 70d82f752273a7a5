//! Makes the runs in workers, shrinks the findings, and reports.

use std::process::ExitCode;

use super::campaign::Campaign;
use super::report::Runs;
use super::{Args, files, report, seeds, shrunk, work};
use crate::console::{CliError, Console};
use crate::from::Recordings;
use crate::interrupt::Deadline;
use crate::supervisor::Supervisor;
use crate::worker::Things;

/// The error of a campaign that was stopped before it could say anything.
const NONE_ENDED: &str = "stopped before any run had ended, so nothing was tested\n  \
    help: give it more time, or look at one run: `afresh run SYSTEM --seed 0`";

/// Explores the system, and returns the exit code.
pub(super) fn explore(
    args: &Args,
    has_twin: bool,
    build: &str,
    deadline: Deadline,
    console: &Console,
) -> Result<ExitCode, CliError> {
    let recordings = Recordings::collect(&args.from)?;
    let from = Recordings::identity(&recordings.all, &args.from);
    let was_there = args.output.exists();
    let _locked = work::prepare(args)?;
    // A file that is not a record of this system is an error before anything is run.
    let mut campaign = Campaign::open(&files::campaign(&args.output), &args.subject(), &from, build)?;
    let (_, before) = campaign.of(&args.seeds);
    let left = seeds::left(&args.seeds, args.shard, &campaign.done());
    if left > 0 {
        let code = run(args, &recordings, left, deadline, console)?;
        if code != 0 {
            // The worker has already printed its error.
            if !was_there {
                files::remove_empty(&args.output);
            }
            return Ok(ExitCode::from(code));
        }
        campaign = campaign.again(&args.subject())?;
    }
    let (all, runs) = campaign.of(&args.seeds);
    let left = seeds::left(&args.seeds, args.shard, &campaign.done());
    if !args.no_shrink {
        shrunk::shrink_all(args, has_twin, deadline, all.failed.keys())?;
    }
    let unrecorded = files::unrecorded(&args.output, campaign.signatures())?;
    if runs == 0 && left > 0 && unrecorded.is_empty() {
        return Err(CliError::Usage(NONE_ENDED.to_owned()));
    }
    let runs = Runs { now: runs.saturating_sub(before), before, left };
    report::write((args, &recordings.all), &all, runs, &unrecorded, console)
}

/// Runs the `left` seeds that no earlier `explore` has run, and returns the exit code of the worker.
fn run(args: &Args, recordings: &Recordings, left: u64, deadline: Deadline, console: &Console) -> Result<u8, CliError> {
    let progress = console.progress_of_things(usize::try_from(left).unwrap_or(usize::MAX));
    let mut supervisor = Supervisor::new(console, false, progress)?.limited(args.memory, args.timeout);
    supervisor.deadline = deadline;
    let mut things = Things { from: recordings.all.clone(), ..Things::default() };
    let ended = supervisor.run_all(&mut things);
    for seed in things.dead.keys() {
        let _ = std::fs::remove_file(files::ahead(&args.output, *seed as u64));
    }
    // If it was stopped, the next `explore` continues.
    Ok(ended?.unwrap_or(0))
}
