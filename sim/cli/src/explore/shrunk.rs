//! Makes each finding small: a search of its own for each, as `afresh shrink` makes it, several at a time.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, thread};

use afresh_shrink::oracle::ends;
use afresh_trace::format::{Error, Problem};
use serde::Deserialize;

use super::{Args, files};
use crate::interrupt;
use crate::outcome::Failure;

/// What a search says of its result, of which this is what is asked for.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Shrunk {
    /// How many stimuli the trace had.
    pub(super) before: usize,
    /// Which are left.
    pub(super) left: Vec<u64>,
    /// How many runs that took.
    pub(super) runs: u64,
    /// Whether all was tried.
    pub(super) one_minimal: bool,
}

#[derive(Deserialize)]
struct Said {
    shrink: Shrunk,
}

/// What a search said, in the folder of its finding.
const SAID: &str = "shrink.json";

/// Why it was given up.
const GIVEN_UP: &str = "shrink.txt";

/// Shrinks the findings with these signatures, those that are not shrunk yet.
pub(super) fn shrink_all<'s>(args: &Args, signatures: impl Iterator<Item = &'s String>) -> Result<(), Failure> {
    let left: Vec<_> = signatures.filter(|signature| is_left(args, signature)).collect();
    let next = AtomicUsize::new(0);
    let work = || -> Result<(), Failure> {
        while let Some(signature) = left.get(next.fetch_add(1, Ordering::Relaxed)) {
            if interrupt::is_interrupted() {
                break;
            }
            shrink(args, signature)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..args.jobs.min(left.len())).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().unwrap_or(Ok(())))
    })
}

/// What the search for a finding came to, if there was one.
pub(super) fn of(args: &Args, signature: &str) -> Option<Shrunk> {
    let said = fs::read(files::folder(&args.output, signature).join(SAID)).ok()?;
    serde_json::from_slice::<Said>(&said).ok().map(|said| said.shrink)
}

/// Why a finding could not be shrunk, if that is so.
pub(super) fn given_up(args: &Args, signature: &str) -> Option<String> {
    fs::read_to_string(files::folder(&args.output, signature).join(GIVEN_UP)).ok()
}

fn is_left(args: &Args, signature: &str) -> bool {
    given_up(args, signature).is_none() && of(args, signature).is_none_or(|shrunk| !shrunk.one_minimal)
}

fn shrink(args: &Args, signature: &str) -> Result<(), Failure> {
    let folder = files::folder(&args.output, signature);
    let failed = |path: &Path, error| Error::file(path.display().to_string(), Problem::Write(error));
    let program = std::env::current_exe().map_err(|error| failed(&folder, error))?;
    let option = |name: &str, file: &str| [OsString::from(name), folder.join(file).into()];
    let mut command = Command::new(program);
    command.arg("shrink").arg(folder.join("trace.jsonl")).args(["--format", "json"]);
    command.arg(format!("--signature={signature}"));
    command.args(option("--output", "shrunk.jsonl")).args(option("--walk", "walk.jsonl"));
    command.args(option("--report", "report.html"));
    command.arg(if folder.join("walk.jsonl").exists() { "--resume" } else { "--force" });
    if signature == ends::HANG {
        // How long the original takes is no measure of it.
        command.arg("--timeout").arg(format!("{}ms", args.timeout.as_millis()));
    }
    if let Some(memory) = args.memory {
        command.arg("--memory").arg(memory.as_u64().to_string());
    }
    let done = command.stdin(Stdio::null()).output().map_err(|error| failed(&folder, error))?;
    let (path, content) = match done.status.code() {
        Some(0) => (folder.join(SAID), done.stdout),
        // It was stopped, and goes on the next time.
        _ if interrupt::is_interrupted() => return Ok(()),
        _ => (folder.join(GIVEN_UP), done.stderr),
    };
    Ok(fs::write(&path, content).map_err(|error| failed(&path, error))?)
}
