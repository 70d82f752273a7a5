//! Shrinks each finding with a process of `afresh shrink`, several at a time.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{self, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use afresh_check::clock::Stopwatch;
use afresh_shrink::minimize::Walk;
use afresh_shrink::minimize::walk::Header;
use afresh_shrink::oracle::ends;
use afresh_trace::format::files::Output;
use afresh_trace::format::{Error, Problem, from_json};
use afresh_trace::text::escape;
use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;

use super::files::TRACE;
use super::{Args, files};
use crate::config::about_systems;
use crate::console::CliError;
use crate::interrupt::{self, Deadline};
use crate::worker::{self, program};

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

/// The file with the error of the last search, if that has failed.
const GIVEN_UP: &str = "shrink.txt";

/// What is reported of a finding that has no trace to shrink.
const NO_TRACE: &str = "its trace.jsonl is missing: to run its seed again, move campaign.jsonl away";

/// The time between two checks for a request to stop.
const TICK: Duration = Duration::from_millis(20);

/// The time after which a search that was asked to stop is killed. Its walk stays, so that nothing is lost.
const GRACE: Duration = Duration::from_millis(800);

/// Shrinks those findings with these signatures that are not shrunk yet, until the deadline.
pub(super) fn shrink_all<'s>(
    args: &Args,
    has_twin: bool,
    deadline: Deadline,
    signatures: impl Iterator<Item = &'s String>,
) -> Result<(), CliError> {
    let left: Vec<_> = signatures.filter(|signature| is_left(args, signature)).collect();
    let next = AtomicUsize::new(0);
    let work = || -> Result<(), CliError> {
        while let Some(signature) = left.get(next.fetch_add(1, Ordering::Relaxed)) {
            if is_over(deadline) {
                break;
            }
            shrink(args, has_twin, deadline, signature)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..args.jobs.min(left.len())).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().unwrap_or(Ok(())))
    })
}

fn is_over(deadline: Deadline) -> bool {
    interrupt::requested() || deadline.has_passed()
}

/// Returns the result of shrinking a finding, or `None` if it was not shrunk.
pub(super) fn of(args: &Args, signature: &str) -> Option<Shrunk> {
    let said = fs::read(files::folder(&args.output, signature).join(SAID)).ok()?;
    from_json::<Said>(&said).ok().map(|said| said.shrink)
}

/// Returns why a finding could not be shrunk the last time, or `None` if there was no error.
pub(super) fn given_up(args: &Args, signature: &str) -> Option<String> {
    let folder = files::folder(&args.output, signature);
    if !folder.join(TRACE).exists() {
        return Some(NO_TRACE.to_owned());
    }
    fs::read_to_string(folder.join(GIVEN_UP)).ok()
}

/// Whether a finding is to be shrunk. The reason why it could not be shrunk before may have passed.
fn is_left(args: &Args, signature: &str) -> bool {
    let has_trace = files::folder(&args.output, signature).join(TRACE).exists();
    has_trace && of(args, signature).is_none_or(|shrunk| !shrunk.one_minimal)
}

fn shrink(args: &Args, has_twin: bool, deadline: Deadline, signature: &str) -> Result<(), CliError> {
    let folder = files::folder(&args.output, signature);
    let write = |name: &str, content: &[u8]| -> Result<(), Error> {
        let mut file = Output::create(&folder.join(name), true)?;
        let name = file.name().to_owned();
        file.write_all(content).map_err(|error| Error::file(name, Problem::Write(error)))?;
        file.finish()
    };
    match search(command(args, has_twin, signature)?, deadline) {
        Ok(done) if done.status.success() => {
            write(SAID, &done.stdout)?;
            let _ = fs::remove_file(folder.join(GIVEN_UP));
        }
        // It was stopped, and the next `explore` continues it.
        Ok(_) if is_over(deadline) => {}
        Ok(done) if done.status.code().is_none() => write(GIVEN_UP, b"it was killed")?,
        Ok(done) => write(GIVEN_UP, &done.stderr)?,
        Err(error) => write(GIVEN_UP, error.to_string().as_bytes())?,
    }
    Ok(())
}

/// Returns the command that shrinks a finding, or continues to shrink it if an earlier search has left its walk.
fn command(args: &Args, has_twin: bool, signature: &str) -> Result<Command, CliError> {
    let folder = files::folder(&args.output, signature);
    let unread = |error| Error::file("this program", Problem::Read(error));
    let option = |name: &str, file: &str| [OsString::from(name), folder.join(file).into()];
    let mut command = Command::new(std::env::current_exe().map_err(unread)?);
    command.arg0(program()).arg("shrink").arg(folder.join(TRACE)).args(["--format", "json"]);
    // If this process is killed, its searches end too, because nothing waits for their results.
    command.arg(format!("--started-by={}", process::id()));
    command.arg(format!("--signature={}", escape(signature)));
    command.args(option("--output", "shrunk.jsonl")).args(option("--walk", "walk.jsonl"));
    command.args(option("--report", "report.html"));
    command.arg(if can_resume(&folder.join("walk.jsonl"), has_twin, signature) { "--resume" } else { "--force" });
    command.args(about_systems(&worker::words().0));
    if has_twin {
        command.arg(NOT_IN_TWIN);
    }
    if let Some(old) = &args.against {
        command.arg(format!("--against={old}"));
    }
    if signature == ends::HANG {
        // The original never ends, so its time gives no limit.
        command.arg("--timeout").arg(format!("{}ms", args.timeout.as_millis()));
    }
    if let Some(memory) = args.memory {
        command.arg("--memory").arg(memory.as_u64().to_string());
    }
    Ok(command)
}

/// The option with which a finding is shrunk if the system has a correct twin.
pub(super) const NOT_IN_TWIN: &str = "--not-in-twin";

/// Returns whether the walk at `path` can be read, and is of the same search.
fn can_resume(path: &Path, has_twin: bool, signature: &str) -> bool {
    let walk = fs::read(path).ok().and_then(|walk| Walk::read(&walk).ok());
    walk.is_some_and(|Walk { header: Header { oracle, .. }, .. }| {
        let is_for_twin = oracle.iter().any(|word| word == NOT_IN_TWIN);
        oracle.last().is_some_and(|bug| bug == signature) && is_for_twin == has_twin
    })
}

/// Runs a search until it ends or the deadline has passed. Its status has no code if it was killed.
fn search(mut command: Command, deadline: Deadline) -> io::Result<process::Output> {
    let (mut report, mut errors) = (tempfile::tempfile()?, tempfile::tempfile()?);
    command.stdin(Stdio::null()).stdout(report.try_clone()?).stderr(errors.try_clone()?);
    let mut child = command.spawn()?;
    let mut asked = None::<Stopwatch>;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        match asked {
            None if is_over(deadline) => {
                asked = Some(Stopwatch::start());
                let _ = kill_process(Pid::from_child(&child), Signal::TERM);
            }
            Some(asked) if asked.elapsed() > GRACE => child.kill()?,
            _ => thread::sleep(TICK),
        }
    };
    let read = |file: &mut File| {
        let mut content = Vec::new();
        file.rewind().and_then(|()| file.read_to_end(&mut content)).map(|_| content)
    };
    Ok(process::Output { status, stdout: read(&mut report)?, stderr: read(&mut errors)? })
}
