//! Runs a process together with all that it starts, within limits.

use std::io::{self, PipeReader, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use afresh_check::clock::Stopwatch;

/// How many bytes are kept of what a process printed: the last ones, which say why it ended.
const TAIL: usize = 64 << 10;

/// How often a request to stop is looked for.
const TICK: Duration = Duration::from_millis(20);

/// How long to wait for the rest of the output once every process of the group is dead. Only a process that left
/// the group can hold the pipe open that long.
const DRAIN: Duration = Duration::from_millis(500);

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// By itself, with this status code.
    Exited(i32),
    /// By this signal, which was not ours.
    Killed(i32),
    /// It was killed, because it took too long.
    TimedOut,
    /// It was killed, because the search is to stop.
    Stopped,
}

/// A process that has ended.
#[derive(Debug)]
pub(super) struct Finished {
    /// How it ended.
    pub(super) ended: Ended,
    /// The end of what it printed, on standard output and error together; on standard output alone where they are apart.
    pub(super) output: Vec<u8>,
    /// The end of what it printed on standard error, where that is apart.
    pub(super) errors: Vec<u8>,
    /// How long it took.
    pub(super) elapsed: Duration,
}

/// What a process reads and what becomes of what it prints.
#[derive(Debug)]
pub(super) struct Streams {
    /// What it finds on its standard input.
    pub(super) input: Vec<u8>,
    /// Whether what it prints on standard error is kept apart.
    pub(super) apart: bool,
}

/// Runs `command` in a process group of its own, and kills the whole group once
/// the process has ended, after `timeout`, or as soon as `stop` says so.
///
/// # Errors
///
/// When it could not be started.
pub(super) fn run(
    mut command: Command,
    streams: Streams,
    timeout: Duration,
    stop: impl Fn() -> bool,
) -> io::Result<Finished> {
    let Streams { input, apart } = streams;
    let (output, stdout) = io::pipe()?;
    let errors = if apart {
        let (errors, stderr) = io::pipe()?;
        command.stderr(stderr);
        Some(errors)
    } else {
        command.stderr(stdout.try_clone()?);
        None
    };
    command.stdin(if input.is_empty() { Stdio::null() } else { Stdio::piped() }).stdout(stdout).process_group(0);
    let stopwatch = Stopwatch::start();
    let mut child = command.spawn()?;
    // The command holds the writing ends of the pipes, which would never close.
    drop(command);
    if let Some(mut stdin) = child.stdin.take() {
        // A process that does not read it all, or ends first, has decided without it.
        thread::spawn(move || drop(stdin.write_all(&input)));
    }
    let (output, errors) = (tail(output), errors.map(tail));
    let cut_short = wait(&child, timeout, stop, stopwatch);
    let status = kill_group_and_reap(&mut child)?;
    let elapsed = stopwatch.elapsed();
    let ended = cut_short.unwrap_or_else(|| of_status(status));
    let kept = |tail: Receiver<Vec<u8>>| tail.recv_timeout(DRAIN).unwrap_or_default();
    Ok(Finished { ended, output: kept(output), errors: errors.map(kept).unwrap_or_default(), elapsed })
}

/// Waits until `child` has ended, without reaping it; says so if it has to be cut short.
fn wait(child: &Child, timeout: Duration, stop: impl Fn() -> bool, stopwatch: Stopwatch) -> Option<Ended> {
    let (ended, has_ended) = mpsc::channel();
    let pid = Pid::from_child(child);
    thread::spawn(move || {
        // Not reaped here: until then the number of the group cannot pass to another, so killing it is safe.
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while waitid(WaitId::Pid(pid), options).is_err_and(|error| error == Errno::INTR) {}
        // Nobody listens any more once the process was cut short.
        let _ = ended.send(());
    });
    loop {
        let Some(left) = timeout.checked_sub(stopwatch.elapsed()) else { return Some(Ended::TimedOut) };
        match has_ended.recv_timeout(left.min(TICK)) {
            // A terminal's Ctrl-C does not reach the group, but whoever kills this program may kill all it sees:
            // what a process does while the search is to stop says nothing.
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return stop().then_some(Ended::Stopped),
            Err(RecvTimeoutError::Timeout) if stop() => return Some(Ended::Stopped),
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

fn kill_group_and_reap(child: &mut Child) -> io::Result<ExitStatus> {
    // It fails when nothing of the group is left, which is what it is for.
    let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
    child.wait()
}

fn of_status(status: ExitStatus) -> Ended {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Exited(code),
        (None, signal) => Ended::Killed(signal.unwrap_or_default()),
    }
}

/// Reads `reader` to its end and keeps the last bytes: a process that floods its output costs no memory.
fn tail(mut reader: PipeReader) -> Receiver<Vec<u8>> {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let mut kept = Vec::new();
        let mut chunk = [0; 4096];
        while let Ok(read @ 1..) = reader.read(&mut chunk) {
            kept.extend_from_slice(&chunk[..read]);
            if kept.len() > 2 * TAIL {
                kept.drain(..kept.len() - TAIL);
            }
        }
        kept.drain(..kept.len().saturating_sub(TAIL));
        // Nobody waits for the output of a process that left its group.
        let _ = send.send(kept);
    });
    receive
}
