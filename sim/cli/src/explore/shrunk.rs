//! Shrinks each finding with a process of `afresh shrink`, several at a time.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::{fs, io, thread};

use afresh_shrink::oracle::ends;
use afresh_trace::format::files::Output;
use afresh_trace::format::{Error, Problem, from_json};
use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;

use super::{Args, files};
use crate::console::CliError;
use crate::interrupt;
use crate::worker::program;

/// The part of the report of `afresh shrink` that is reported again.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Shrunk {
    /// The number of stimuli in the trace before.
    pub(super) before: usize,
    /// The numbers of the stimuli that are left.
    pub(super) left: Vec<u64>,
    /// The number of runs of the search.
    pub(super) runs: u64,
    /// Whether the search ended by itself, so that it need not continue.
    pub(super) one_minimal: bool,
    /// Whether the correct twin passes on the result, if there is a twin.
    #[serde(default)]
    pub(super) twin_passes: Option<bool>,
}

/// The report of `afresh shrink`.
#[derive(Deserialize)]
struct Said {
    shrink: Shrunk,
}

/// The file with the report of the search, in the folder of the finding.
const SAID: &str = "shrink.json";

/// The time between two checks for a request to stop.
const TICK: Duration = Duration::from_millis(10);

/// The file with the error of a search that failed.
const GIVEN_UP: &str = "shrink.txt";

/// Shrinks those findings with these signatures that are not shrunk yet.
pub(super) fn shrink_all<'s>(
    args: &Args,
    has_twin: bool,
    signatures: impl Iterator<Item = &'s String>,
) -> Result<(), CliError> {
    let left: Vec<_> = signatures.filter(|signature| is_left(args, signature)).collect();
    let next = AtomicUsize::new(0);
    let work = || -> Result<(), CliError> {
        while let Some(signature) = left.get(next.fetch_add(1, Ordering::Relaxed)) {
            if interrupt::requested() {
                break;
            }
            shrink(args, has_twin, signature)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..args.jobs.min(left.len())).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().unwrap_or(Ok(())))
    })
}

/// Returns the result of shrinking a finding, or `None` if it was not shrunk.
pub(super) fn of(args: &Args, signature: &str) -> Option<Shrunk> {
    let said = fs::read(files::folder(&args.output, signature).join(SAID)).ok()?;
    from_json::<Said>(&said).ok().map(|said| said.shrink)
}

/// Returns the error of shrinking a finding, or `None` if there was none.
pub(super) fn given_up(args: &Args, signature: &str) -> Option<String> {
    fs::read_to_string(files::folder(&args.output, signature).join(GIVEN_UP)).ok()
}

fn is_left(args: &Args, signature: &str) -> bool {
    given_up(args, signature).is_none() && of(args, signature).is_none_or(|shrunk| !shrunk.one_minimal)
}

fn shrink(args: &Args, has_twin: bool, signature: &str) -> Result<(), CliError> {
    let folder = files::folder(&args.output, signature);
    let failed = |path: &Path, error| Error::file(path.display().to_string(), Problem::Write(error));
    let this = std::env::current_exe().map_err(|error| failed(&folder, error))?;
    let option = |name: &str, file: &str| [OsString::from(name), folder.join(file).into()];
    let mut command = Command::new(this);
    command.arg0(program()).arg("shrink").arg(folder.join("trace.jsonl")).args(["--format", "json"]);
    command.arg(format!("--signature={signature}"));
    command.args(option("--output", "shrunk.jsonl")).args(option("--walk", "walk.jsonl"));
    command.args(option("--report", "report.html"));
    if folder.join("walk.jsonl").exists() {
        command.arg("--resume");
    }
    if has_twin {
        command.arg("--not-in-twin");
    }
    if signature == ends::HANG {
        // The original never ends, so its time gives no limit.
        command.arg("--timeout").arg(format!("{}ms", args.timeout.as_millis()));
    }
    if let Some(memory) = args.memory {
        command.arg("--memory").arg(memory.as_u64().to_string());
    }
    let (status, said, why) = run(command).map_err(|error| failed(&folder, error))?;
    let (path, content) = match status.code() {
        Some(0) => (folder.join(SAID), said),
        // It was stopped, and the next `explore` continues it.
        _ if interrupt::requested() => return Ok(()),
        _ => (folder.join(GIVEN_UP), why),
    };
    let mut output = Output::create(&path, true)?;
    output.write_all(&content).map_err(|error| failed(&path, error))?;
    Ok(output.finish()?)
}

/// Runs a command to its end, or asks it to stop if this process is asked to. Returns what it has printed.
fn run(mut command: Command) -> io::Result<(ExitStatus, Vec<u8>, Vec<u8>)> {
    let (mut said, mut why) = (tempfile::tempfile()?, tempfile::tempfile()?);
    let mut child = command.stdin(Stdio::null()).stdout(said.try_clone()?).stderr(why.try_clone()?).spawn()?;
    let mut is_asked = false;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if !is_asked && interrupt::requested() {
            is_asked = kill_process(Pid::from_child(&child), Signal::TERM).is_ok();
        }
        thread::sleep(TICK);
    };
    let read = |file: &mut File| -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        file.rewind()?;
        file.read_to_end(&mut content)?;
        Ok(content)
    };
    Ok((status, read(&mut said)?, read(&mut why)?))
}
