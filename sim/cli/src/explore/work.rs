//! The work of a worker: makes the runs, several at a time, and records the results in the order of their seeds.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::ops::Range;
use std::process::ExitCode;
use std::sync::{Mutex, mpsc};
use std::thread;

use afresh_trace::format::{Error, Problem};
use afresh_world::explore::{Explorer, Record, Run, Runs};

use super::campaign::{Campaign, Chunk, Failed};
use super::{Args, files, seeds};
use crate::console::{CliError, Console, Progress};
use crate::explorer::not_run;
use crate::from::Recordings;
use crate::interrupt;
use crate::lock::lock;
use crate::worker::{Phase, Things, Work};

/// Runs the seeds that are not in the record yet.
pub(super) fn explore(
    args: &Args,
    explorer: &dyn Explorer,
    build: &str,
    work: &Work<'_, Things>,
    console: &Console,
) -> Result<ExitCode, CliError> {
    let from = Recordings::identity(&work.task.from, &args.from);
    let mut campaign = Campaign::continue_at(&files::campaign(&args.output), &args.subject(), &from, build)?;
    let done = campaign.done();
    let chunks = Mutex::new(seeds::chunks(&args.seeds, args.shard, &done).enumerate());
    let jobs = if work.task.serial { 1 } else { args.jobs };
    let progress = &console.progress_of_things(0);
    let (send, receive) = mpsc::channel();
    let recorded = thread::scope(|scope| {
        for _ in 0..jobs {
            let (chunks, send) = (&chunks, send.clone());
            scope.spawn(move || {
                let mut runs = explorer.begin();
                let next = || chunks.lock().ok()?.next();
                while let Some((place, seeds)) = next() {
                    let ran = run(args, &mut *runs, seeds, work, progress);
                    if ran.is_none_or(|ran| send.send((place, ran)).is_err()) {
                        return;
                    }
                }
            });
        }
        drop(send);
        record(args, explorer.has_twin(), &mut campaign, receive)
    });
    recorded.map(|()| ExitCode::SUCCESS)
}

/// Records chunks in the order of their seeds, whichever is done first.
fn record(
    args: &Args,
    has_twin: bool,
    campaign: &mut Campaign,
    receive: mpsc::Receiver<(usize, Ran)>,
) -> Result<(), CliError> {
    let (mut waiting, mut next) = (BTreeMap::new(), 0);
    for (place, ran) in receive {
        waiting.insert(place, ran);
        while let Some(Ran { chunk, not_run: why }) = waiting.remove(&next) {
            next += 1;
            for (signature, failed) in &chunk.failed {
                files::keep(args, has_twin, signature, failed)?;
            }
            let seed = chunk.end;
            if chunk.end > chunk.first {
                campaign.add(chunk)?;
            }
            if let Some(why) = why {
                return Err(not_run(&args.subject(), seed, &why));
            }
        }
    }
    Ok(())
}

/// What became of a chunk of seeds.
struct Ran {
    /// The seeds that were run.
    chunk: Chunk,
    /// The reason why the next seed has no run, if so.
    not_run: Option<String>,
}

/// Runs a chunk of seeds, or the first of them if it is asked to stop or a seed has no run. Returns `None` if it was
/// stopped before the first.
fn run(
    args: &Args,
    runs: &mut dyn Runs,
    seeds: Range<u64>,
    work: &Work<'_, Things>,
    progress: &Progress<'_>,
) -> Option<Ran> {
    let mut chunk = Chunk { first: seeds.start, end: seeds.start, ..Chunk::default() };
    for seed in seeds {
        if interrupt::requested() {
            break;
        }
        match run_one(args, runs, seed, work) {
            Ok(Run { not_run: Some(why), .. }) => return Some(Ran { chunk, not_run: Some(why) }),
            Ok(run) => chunk.add(seed, run, |seed| origin(runs, seed)),
            Err(signature) => {
                chunk.end = seed + 1;
                let trace = std::fs::read(files::ahead(&args.output, seed)).unwrap_or_default();
                let around = origin(runs, seed);
                chunk.fail(signature, Failed { runs: 1, seed, around, trace, found: String::new() });
            }
        }
        progress.did(1.0);
    }
    (chunk.end > chunk.first).then_some(Ran { chunk, not_run: None })
}

/// Returns the place in a recorded trace from which the messages of a seed are drawn, if they are.
fn origin(runs: &dyn Runs, seed: u64) -> Option<String> {
    runs.origin(seed).map(|origin| origin.to_string())
}

/// Makes the run of a seed.
///
/// # Errors
///
/// Fails with a signature if this run has ended an earlier worker.
fn run_one(args: &Args, runs: &mut dyn Runs, seed: u64, work: &Work<'_, Things>) -> Result<Run, String> {
    let Work { worker, task } = work;
    let place = usize::try_from(seed).unwrap_or(usize::MAX);
    if let Some(death) = task.dead.get(&place) {
        return Err(death.to_string());
    }
    worker.enters(Phase::At(place));
    if !task.serial {
        return Ok(worker.watch(|| runs.run(seed, Record::Failing)));
    }
    let ahead = files::ahead(&args.output, seed);
    if let Ok(file) = File::create(&ahead) {
        worker.watch(|| runs.run(seed, Record::Ahead(file)));
    }
    let run = worker.watch(|| runs.run(seed, Record::Failing));
    let _ = std::fs::remove_file(ahead);
    Ok(run)
}

/// Creates the folder for the findings, and locks it: two campaigns that ran the same seeds at the same time would
/// count them twice.
pub(super) fn prepare(args: &Args) -> Result<File, CliError> {
    let failed = |error| Error::file(args.output.display().to_string(), Problem::Write(error));
    std::fs::create_dir_all(&args.output).map_err(failed)?;
    Ok(lock(&args.output, OpenOptions::new().read(true))?)
}
