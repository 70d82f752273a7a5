//! Has a worker make the runs, and another go on when a system has ended that; then has what was found made small, and says
//! what it is.

use std::process::ExitCode;

use super::campaign::Campaign;
use super::{Args, files, report, seeds, shrunk, work};
use crate::outcome::Failure;
use crate::progress;
use crate::worker::Supervisor;

pub(super) fn explore(args: &Args) -> Result<ExitCode, Failure> {
    work::prepare(args)?;
    let path = files::campaign(&args.output);
    // What is no campaign, or that of another system, is refused before anything is run.
    let before = Campaign::open(&path, &args.system)?;
    let left: u64 = seeds::chunks(&args.seeds, args.shard, &before.done()).map(|seeds| seeds.end - seeds.start).sum();
    if left > 0 {
        run(args, left)?;
    }
    let (all, runs) = Campaign::open(&path, &args.system)?.of(&args.seeds);
    if !args.no_shrink {
        shrunk::shrink_all(args, all.failed.keys())?;
    }
    report::write(args, &all, runs)
}

/// Runs the seeds that are left.
fn run(args: &Args, left: u64) -> Result<(), Failure> {
    let progress = progress::of_things(usize::try_from(left).unwrap_or(usize::MAX));
    let mut supervisor = Supervisor::new(false, progress)?.limited(args.memory, args.timeout);
    let ended = supervisor.run_all();
    for seed in supervisor.start.dead.keys() {
        let _ = std::fs::remove_file(files::ahead(&args.output, *seed as u64));
    }
    // What goes wrong in a worker is said, and the code is what it came to. What was stopped goes on the next time.
    match ended? {
        Some(0) | None => Ok(()),
        Some(_) => Err(Failure::Usage("stopped, as the worker could not go on".to_owned())),
    }
}
