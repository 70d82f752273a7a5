//! The worker: makes the runs, several at a time, and notes what they showed in the order of their seeds.

use std::collections::BTreeMap;
use std::fs::File;
use std::ops::Range;
use std::process::ExitCode;
use std::sync::{Mutex, mpsc};
use std::thread;

use afresh_trace::format::{Error, Problem};
use afresh_world::explore::{Explorer, Record, Run, Runs};

use super::campaign::{Campaign, Chunk, Failed};
use super::{Args, files, seeds};
use crate::outcome::Failure;
use crate::worker::{self, Note, watch};
use crate::{interrupt, progress};

pub(super) fn explore(args: &Args, explorer: &dyn Explorer) -> Result<ExitCode, Failure> {
    let mut campaign = Campaign::open(&files::campaign(&args.output), &args.system)?;
    let done = campaign.done();
    let chunks = Mutex::new(seeds::chunks(&args.seeds, args.shard, &done).enumerate());
    // One at a time, it is known which of them ends the process, and what it was at.
    let serial = worker::start().is_some_and(|start| start.serial);
    let jobs = if serial { 1 } else { args.jobs };
    let (send, receive) = mpsc::channel();
    let noted = thread::scope(|scope| {
        for _ in 0..jobs {
            let (chunks, send) = (&chunks, send.clone());
            scope.spawn(move || {
                let mut runs = explorer.begin();
                let next = || chunks.lock().ok()?.next();
                while let Some((place, seeds)) = next() {
                    let Some(chunk) = run(args, &mut *runs, seeds, serial) else { return };
                    if send.send((place, chunk)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        note(args, &mut campaign, receive)
    });
    noted.map(|()| ExitCode::SUCCESS)
}

/// Notes chunks in the order of their seeds, whatever the order in which they are done.
fn note(args: &Args, campaign: &mut Campaign, receive: mpsc::Receiver<(usize, Chunk)>) -> Result<(), Failure> {
    let (mut waiting, mut next) = (BTreeMap::new(), 0);
    for (place, chunk) in receive {
        waiting.insert(place, chunk);
        while let Some(chunk) = waiting.remove(&next) {
            next += 1;
            for (signature, Failed { seed, trace, .. }) in &chunk.failed {
                files::keep(&args.output, &args.system, signature, *seed, trace)?;
            }
            campaign.add(chunk)?;
        }
    }
    Ok(())
}

/// Runs a chunk of seeds, or as many of them as there is time for; nothing if there is none.
fn run(args: &Args, runs: &mut dyn Runs, seeds: Range<u64>, serial: bool) -> Option<Chunk> {
    let mut chunk = Chunk { first: seeds.start, end: seeds.start, ..Chunk::default() };
    for seed in seeds {
        if interrupt::requested() {
            break;
        }
        let run = one(args, runs, seed, serial);
        match run {
            Ok(run) => chunk.add(seed, run),
            Err(signature) => {
                chunk.end = seed + 1;
                let trace = std::fs::read(files::ahead(&args.output, seed)).unwrap_or_default();
                chunk.fail(signature, Failed { runs: 1, seed, trace });
            }
        }
        progress::did(1.0);
    }
    (chunk.end > chunk.first).then_some(chunk)
}

/// The run of a seed; or how it ended the worker that was at it before.
fn one(args: &Args, runs: &mut dyn Runs, seed: u64, serial: bool) -> Result<Run, String> {
    let place = usize::try_from(seed).unwrap_or(usize::MAX);
    if let Some(death) = worker::start().and_then(|start| start.dead.get(&place)) {
        return Err(death.to_string());
    }
    worker::send(&Note::Begins(place));
    if !serial {
        return Ok(watch(|| runs.run(seed, Record::Failing)));
    }
    let ahead = files::ahead(&args.output, seed);
    if let Ok(file) = File::create(&ahead) {
        watch(|| runs.run(seed, Record::Ahead(file)));
    }
    let run = watch(|| runs.run(seed, Record::Failing));
    let _ = std::fs::remove_file(ahead);
    Ok(run)
}

/// Makes the folder for what is found.
pub(super) fn prepare(args: &Args) -> Result<(), Failure> {
    let name = args.output.display().to_string();
    Ok(std::fs::create_dir_all(&args.output).map_err(|error| Error::file(name, Problem::Write(error)))?)
}
