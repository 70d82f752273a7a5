//! `afresh explore`: many simulated runs of a system, and what is wrong in any of them.

mod campaign;
mod files;
mod report;
mod seeds;
mod shrunk;
mod supervised;
mod work;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use bytesize::ByteSize;

use super::duration::duration;
use super::interrupt;
use super::jobs;
use super::outcome::Failure;
use super::run::explorer;
use super::source::Format;
use super::worker;
use crate::runner::Systems;
use seeds::{Seeds, Shard};

/// Run a system or a world in simulation, once for each of many seeds, and keep each failure once, made small.
///
/// A run is what `afresh run` makes of its seed. Of the runs that fail in the same way, which is by the signature of what
/// goes wrong in them first, the one with the lowest seed is kept, in a folder of its own: `trace.jsonl` is that run,
/// `shrunk.jsonl` what is left of it when all that the failure does not need is gone, `walk.jsonl` and `report.html` how that
/// was found out, and `commands.txt` how to see it again.
///
/// What was explored is noted in `campaign.jsonl`, so a campaign that was stopped goes on where it was, and seeds are never
/// run twice. What is found does not depend on the number of jobs.
///
/// Exit codes: 0 nothing is wrong; 1 a bug was found; 2 bad usage.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The system, or the world.
    system: String,

    /// Which seeds: `A..B`, without B.
    #[arg(long, value_name = "A..B", default_value = "0..1000")]
    seeds: Seeds,

    /// Begin no more runs after this time: `90` seconds, `5m`, `1h 30m`.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    time: Option<Duration>,

    /// How many threads may work.
    #[arg(long, value_name = "N", default_value_t = jobs::available(), value_parser = jobs::jobs)]
    jobs: usize,

    /// Run the i-th of n equal parts of the seeds, for n machines.
    #[arg(long, value_name = "i/n", default_value = "1/1")]
    shard: Shard,

    /// The folder for what is found.
    #[arg(long, short, value_name = "FOLDER", default_value = "findings")]
    output: PathBuf,

    /// Leave what is found as it is, and shrink nothing.
    #[arg(long)]
    no_shrink: bool,

    /// Give a run up when it takes longer, as a bug.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "10s")]
    timeout: Duration,

    /// The most memory that a process may have: `500MB`, `2GiB` [default: three quarters of what is free].
    #[arg(long, value_name = "SIZE")]
    memory: Option<ByteSize>,

    /// How to write the report.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn main(args: &Args, systems: &Systems) -> Result<ExitCode, Failure> {
    let explorer = explorer(systems, &args.system)?;
    if worker::is_one() {
        // Its supervisor knows the time, and asks it to stop.
        interrupt::listen(None);
        return work::explore(args, &*explorer);
    }
    interrupt::listen(args.time);
    supervised::explore(args)
}
