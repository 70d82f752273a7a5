//! Processes: runs a command with every process that it starts, within limits.

use std::io::{self, PipeReader, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use afresh_check::clock::Stopwatch;
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

/// The most bytes that are kept of an output. The last ones are kept, because they say why the process ended.
const TAIL: usize = 64 << 10;

/// The time between two looks for a request to stop.
const TICK: Duration = Duration::from_millis(20);

/// How long to wait for the rest of the output once every process of the group is dead. Only a process that has left
/// the group can hold the pipe open for so long.
const DRAIN: Duration = Duration::from_millis(500);

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// The process exited with this code.
    Exited(i32),
    /// The process was killed by this signal, which this program did not send.
    Killed(i32),
    /// This program killed the process because it took too long.
    TimedOut,
    /// This program killed the process because the search was asked to stop.
    Stopped,
}

/// The result of a process that has ended.
#[derive(Debug)]
pub(super) struct Finished {
    /// How the process ended.
    pub(super) ended: Ended,
    /// The last part of what the process printed on standard output. Includes standard error, unless the two are kept
    /// apart.
    pub(super) output: Vec<u8>,
    /// The last part of what the process printed on standard error, if the two are kept apart.
    pub(super) errors: Vec<u8>,
    /// How long the process took.
    pub(super) elapsed: Duration,
}

/// The input of a process, and the treatment of its output.
#[derive(Debug)]
pub(super) struct Streams {
    /// The content of its standard input.
    pub(super) input: Vec<u8>,
    /// Whether standard output and standard error are kept apart.
    pub(super) apart: bool,
}

/// Runs `command` in a process group of its own. The whole group is killed when the process has ended, after `timeout`,
/// or as soon as `stop` returns true.
///
/// # Errors
///
/// Fails if the process cannot be started.
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
    // The command still holds the writing ends of the pipes, so the readers would never see their end.
    drop(command);
    if let Some(mut stdin) = child.stdin.take() {
        // Writing fails if the process ends without reading all of its input. Its result counts all the same.
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

/// Waits until `child` has ended, without reaping it. Returns the reason if the child has to be killed instead.
fn wait(child: &Child, timeout: Duration, stop: impl Fn() -> bool, stopwatch: Stopwatch) -> Option<Ended> {
    let (ended, has_ended) = mpsc::channel();
    let pid = Pid::from_child(child);
    thread::spawn(move || {
        // The child is not reaped here, so its group number is not reused and the group can be killed safely.
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while waitid(WaitId::Pid(pid), options).is_err_and(|error| error == Errno::INTR) {}
        // The receiver is gone if the process has to be killed.
        let _ = ended.send(());
    });
    loop {
        let Some(left) = timeout.checked_sub(stopwatch.elapsed()) else { return Some(Ended::TimedOut) };
        match has_ended.recv_timeout(left.min(TICK)) {
            // Ctrl-C in a terminal does not reach the group. But something that kills this program may kill every
            // process that it sees, so the end of a process says nothing once the search was asked to stop.
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return stop().then_some(Ended::Stopped),
            Err(RecvTimeoutError::Timeout) if stop() => return Some(Ended::Stopped),
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

fn kill_group_and_reap(child: &mut Child) -> io::Result<ExitStatus> {
    // Killing fails if no process of the group is left, which is the aim.
    let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
    child.wait()
}

fn of_status(status: ExitStatus) -> Ended {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Exited(code),
        (None, signal) => Ended::Killed(signal.unwrap_or_default()),
    }
}

/// Reads `reader` to its end, and sends the last bytes of its content through the returned channel.
///
/// Only the last bytes are kept in memory, however much the process prints.
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
        // The receiver is gone if a process left the group and held the pipe open for too long.
        let _ = send.send(kept);
    });
    receive
}
