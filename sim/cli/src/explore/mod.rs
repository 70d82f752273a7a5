//! `afresh explore`: makes many simulated runs of a system, and keeps each failure once, shrunk.

mod against;
mod campaign;
mod files;
mod recorded;
mod report;
mod seeds;
mod shrunk;
mod supervised;
mod work;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use bytesize::ByteSize;

use crate::console::{CliError, Console};
use crate::duration::duration;
use crate::explorer::{explorer, has_twin};
use crate::from::From;
use crate::interrupt::{self, Deadline};
use crate::jobs;
use crate::runner::Systems;
use crate::source::{self, Format, path};
use crate::versions::Versions;
use seeds::{Seeds, Shard};

/// Simulate a system once for each of many seeds, and keep each failure once, shrunk.
///
/// The run of a seed is the same as in `run SYSTEM --seed N`. Two runs fail in the same way if their first
/// findings have the same signature. For each signature, the run with the lowest seed is kept in a folder of its own
/// under `--output`: `trace.jsonl` is the whole run, and `shrunk.jsonl` is the small trace that still shows the
/// failure. `walk.jsonl` and `report.html` show how the trace was shrunk, and `commands.txt` lists commands that
/// reproduce the failure. A trace that an earlier `explore` kept is never replaced. A finding that could not be shrunk
/// is tried again by the next `explore`.
///
/// With `--from`, the messages are those of recorded traces. The seed of each run then draws a part of a trace, and
/// the faults around it.
///
/// `campaign.jsonl` records which seeds were run, by which build of the program, and around which recorded traces. A
/// later `explore` of the same build skips them, so it continues where the last one was stopped; another build runs
/// them again, and so do other traces. The findings do
/// not depend on the number of jobs. Only one `explore` at a time uses a folder.
///
/// Exit codes: 0 ok; 1 a bug was found, or a folder has a finding that the record lacks; 2 bad usage, or a file that
/// cannot be read or written.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The system or world to run.
    system: String,

    #[command(flatten)]
    from: From,

    /// The seeds to run, from A up to but not including B.
    #[arg(long, value_name = "A..B", default_value = "0..1000")]
    seeds: Seeds,

    /// Stop after this time, such as `90` (seconds), `5m` or `1h 30m`; the next `explore` continues.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    time: Option<Duration>,

    /// The number of threads.
    #[arg(long, value_name = "N", default_value_t = jobs::available(), value_parser = jobs::jobs)]
    jobs: usize,

    /// Run only part i of n of the seeds, which are dealt out in blocks of 64.
    #[arg(long, value_name = "i/n", default_value = "1/1")]
    shard: Shard,

    /// The folder for the findings and for the record of the seeds that were run.
    #[arg(long, short, value_name = "FOLDER", default_value = "findings", value_parser = path())]
    output: PathBuf,

    /// Search for runs on which the system differs from its old version NAME, as in `compare`. Only differences count,
    /// and not the bugs of the system itself.
    #[arg(long, value_name = "NAME")]
    against: Option<String>,

    /// Keep the findings unshrunk; the next `explore` without this option shrinks them.
    #[arg(long)]
    no_shrink: bool,

    /// Stop a run that takes longer than this, and report it as a bug.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "10s")]
    timeout: Duration,

    /// Limit the memory of a process, for example to `500MB` or `2GiB` [default: three quarters of the free memory].
    #[arg(long, value_name = "SIZE")]
    memory: Option<ByteSize>,

    /// The format of the report.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs the subcommand, and returns its exit code.
pub(super) fn main(args: &Args, systems: &Systems, console: &Console) -> Result<ExitCode, CliError> {
    interrupt::listen();
    let programs: Vec<_> = [Some(&args.system), args.against.as_ref()].into_iter().flatten().collect();
    let programs: Vec<_> = programs.into_iter().filter_map(|name| systems.program(name)).collect();
    let build = campaign::build(&programs)?;
    let versions = args.versions(systems)?;
    match console.things()? {
        // The supervisor watches the time limit, and asks this worker to stop.
        Some(work) => {
            let mut explorer = explorer(systems, &args.system, &args.from, &work.task.from)?;
            if let Some(versions) = versions {
                explorer = Box::new(against::Against { explorer, versions });
            }
            work::explore(args, &*explorer, &build, &work, console)
        }
        None => {
            // What two versions do differently is no bug that a twin could be without.
            let has_twin = has_twin(systems, &args.system, &args.from)? && versions.is_none();
            supervised::explore(args, has_twin, &build, Deadline::after(args.time), console)
        }
    }
}

impl Args {
    /// The two versions that are compared, if the options ask for that.
    fn versions<'s>(&self, systems: &'s Systems) -> Result<Option<Versions<'s>>, CliError> {
        let Some(name) = &self.against else { return Ok(None) };
        let new = systems.get(&self.system).map_err(|unknown| CliError::Usage(unknown.to_string()))?;
        let old = source::against(systems, name)?;
        if new.is_world() {
            return Err(CliError::Usage("--against compares the keys of two systems, and a world has no keys".into()));
        }
        Ok(Some(Versions { new, old }))
    }

    /// The name of what is explored, in the record of a folder and in the report.
    fn subject(&self) -> String {
        match &self.against {
            Some(old) => format!("{} against {old}", self.system),
            None => self.system.clone(),
        }
    }
}
