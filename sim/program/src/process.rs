//! A process that answers lines: each line that is written to it is answered by one line, in the same order.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use afresh_check::clock::Stopwatch;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process_group};

/// The most bytes that are kept of what a program prints on standard error. The last ones are kept.
const TAIL: usize = 4 << 10;

/// The most bytes of one read.
const CHUNK: usize = 64 << 10;

/// How to run a process, and how long to wait for it.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// The longest time for one line of answers, and for every [`WORK`] messages that it folds.
    pub(crate) timeout: Duration,
    /// The longest line of an answer, in bytes.
    pub(crate) line_max: usize,
}

/// The number of messages for which a program gets the whole time again.
///
/// A program takes longer for a longer history, and that is no reason to end it.
const WORK: usize = 1000;

impl Limits {
    /// The longest time for a line whose questions fold this many messages.
    fn patience(&self, work: usize) -> Duration {
        self.timeout.saturating_mul(u32::try_from(1 + work / WORK).unwrap_or(u32::MAX))
    }
}

/// Why a program gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The program could not be started.
    #[error("{command} did not start: {why}")]
    Start {
        /// The first word of the command.
        command: String,
        /// The error of the operating system.
        why: String,
    },
    /// The program ended before it had answered.
    #[error("the program {how} before it answered{}", said(.stderr))]
    Ended {
        /// How it ended.
        how: String,
        /// The last part of what it printed on standard error.
        stderr: String,
    },
    /// The program was ended because it took too long.
    #[error("the program did not answer in {seconds} s{}", said(.stderr))]
    TimedOut {
        /// The limit.
        seconds: String,
        /// The last part of what it printed on standard error.
        stderr: String,
    },
    /// The program was ended because a line of its answer was too long.
    #[error("the program answered with a line of more than {bytes} bytes")]
    TooLong {
        /// The limit.
        bytes: usize,
    },
    /// The program wrote a line that is no answer.
    #[error("the program wrote a line that is no answer: {why}: `{line}`")]
    NoAnswer {
        /// What is wrong with it.
        why: String,
        /// The first part of the line.
        line: String,
    },
    /// The program answered that its own code failed.
    #[error("{}: `{what}`", at(.kind, .place))]
    Raised {
        /// The kind of error, such as the class of an exception.
        kind: String,
        /// What went wrong.
        what: String,
        /// The place in the code of the program.
        place: String,
    },
}

fn said(stderr: &str) -> String {
    if stderr.is_empty() { String::new() } else { format!("; its standard error: `{}`", stderr.trim_end()) }
}

fn at(kind: &str, place: &str) -> String {
    if place.is_empty() { kind.to_owned() } else { format!("{kind} at {place}") }
}

/// A process that answers lines.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
    stderr: Option<ChildStderr>,
    /// What was read of the next lines.
    read: Vec<u8>,
    /// The last part of standard error.
    tail: Vec<u8>,
}

impl Process {
    /// Starts `command` in `folder`, as the first process of a group of its own.
    pub(crate) fn start(command: &[OsString], folder: &PathBuf) -> Result<Self, Failure> {
        let name = command.first().map_or_else(String::new, |word| word.to_string_lossy().into_owned());
        let failed = |error: io::Error| Failure::Start { command: name.clone(), why: error.to_string() };
        let mut words = command.iter();
        let program = words.next().ok_or_else(|| failed(io::Error::other("the command is empty")))?;
        let mut child = Command::new(program)
            .args(words)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(failed)?;
        let streams = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = streams else { unreachable!("all three are piped") };
        let process = Self { child, stdin, stdout, stderr: Some(stderr), read: Vec::new(), tail: Vec::new() };
        let unblocked = rustix::io::ioctl_fionbio(&process.stdin, true)
            .and_then(|()| rustix::io::ioctl_fionbio(&process.stdout, true))
            .and_then(|()| process.stderr.as_ref().map_or(Ok(()), |stderr| rustix::io::ioctl_fionbio(stderr, true)));
        unblocked.map_err(|error| failed(error.into()))?;
        Ok(process)
    }

    /// Returns how the process has ended, if it has.
    pub(crate) fn has_ended(&mut self, limits: &Limits) -> Option<Failure> {
        let has_ended = self.child.try_wait().is_ok_and(|status| status.is_some());
        has_ended.then(|| self.ended(limits))
    }

    /// Writes `lines`, and passes each line of the answer to `each` while the rest is under way. `works` has for each
    /// line how many messages it folds.
    ///
    /// # Errors
    ///
    /// Fails if the process ends or takes too long, or with the error of `each`. It must not be used again then.
    pub(crate) fn exchange(
        &mut self,
        lines: &[u8],
        works: &[usize],
        limits: &Limits,
        mut each: impl FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let (mut written, mut answered, mut searched) = (0, 0, 0);
        let mut since = Stopwatch::start();
        let mut chunk = vec![0; CHUNK];
        while let Some(work) = works.get(answered) {
            if written < lines.len() {
                match self.stdin.write(&lines[written..]) {
                    Ok(bytes) => written += bytes,
                    Err(error) if is_retry(&error) => {}
                    // The process closed its input: what it said and how it ended tell more.
                    Err(_) => written = lines.len(),
                }
            }
            self.wait(written < lines.len(), since, limits, *work)?;
            let read = match self.stdout.read(&mut chunk) {
                Ok(0) => return Err(self.ended(limits)),
                Ok(bytes) => bytes,
                Err(error) if is_retry(&error) => continue,
                Err(_) => return Err(self.ended(limits)),
            };
            self.read.extend_from_slice(&chunk[..read]);
            let mut taken = 0;
            while let Some(end) = self.read[searched..].iter().position(|byte| *byte == b'\n') {
                let line = &self.read[taken..searched + end];
                (taken, searched) = (searched + end + 1, searched + end + 1);
                if is_blank(line) {
                    continue;
                }
                if answered == works.len() {
                    return Err(no_answer("nothing was asked", line));
                }
                each(line)?;
                answered += 1;
                since = Stopwatch::start();
            }
            self.read.drain(..taken);
            searched = self.read.len();
            if searched > limits.line_max {
                return Err(Failure::TooLong { bytes: limits.line_max });
            }
        }
        if is_blank(&self.read) { Ok(()) } else { Err(no_answer("nothing was asked", &self.read)) }
    }

    /// Waits until the process takes or gives something. Reads what it prints on standard error.
    ///
    /// Fails if the next line, which folds `work` messages, is not there in time. The time began at `since`.
    fn wait(&mut self, writes: bool, since: Stopwatch, limits: &Limits, work: usize) -> Result<(), Failure> {
        let patience = limits.patience(work);
        loop {
            let mut polled = Vec::with_capacity(3);
            polled.push(PollFd::from_borrowed_fd(self.stdout.as_fd(), PollFlags::IN));
            if writes {
                polled.push(PollFd::from_borrowed_fd(self.stdin.as_fd(), PollFlags::OUT));
            }
            let others = polled.len();
            polled.extend(self.stderr.iter().map(|stderr| PollFd::from_borrowed_fd(stderr.as_fd(), PollFlags::IN)));
            let left = patience.saturating_sub(since.elapsed());
            let timeout = Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: left.subsec_nanos().into() };
            match poll(&mut polled, Some(&timeout)) {
                Ok(0) => {
                    let seconds = patience.as_secs_f64().to_string();
                    return Err(Failure::TimedOut { seconds, stderr: self.stderr() });
                }
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(_) => return Err(self.ended(limits)),
            }
            let ready = polled[..others].iter().any(|fd| !fd.revents().is_empty());
            let prints = polled[others..].iter().any(|fd| !fd.revents().is_empty());
            if prints {
                self.read_stderr();
            }
            if ready {
                return Ok(());
            }
        }
    }

    /// Reads what is there of standard error, and keeps the last part.
    fn read_stderr(&mut self) {
        let mut chunk = [0; TAIL];
        loop {
            match self.stderr.as_mut().map(|stderr| stderr.read(&mut chunk)) {
                Some(Ok(bytes @ 1..)) => {
                    self.tail.extend_from_slice(&chunk[..bytes]);
                    self.tail.drain(..self.tail.len().saturating_sub(TAIL));
                }
                Some(Err(error)) if is_retry(&error) => return,
                _ => return drop(self.stderr.take()),
            }
        }
    }

    /// Ends the process, and returns how it ended.
    fn ended(&mut self, limits: &Limits) -> Failure {
        // It has closed its output. Most have ended then, and the others get a moment to end by themselves.
        let patience = limits.timeout.min(Duration::from_millis(500));
        let status = self.reap_within(patience);
        let how = status.map_or_else(|| "closed its standard output".to_owned(), of_status);
        Failure::Ended { how, stderr: self.stderr() }
    }

    /// Waits for the end of the process, for a while. Returns `None` if it did not end.
    fn reap_within(&mut self, patience: Duration) -> Option<ExitStatus> {
        const TICK: Duration = Duration::from_millis(5);
        for _ in 0..=patience.as_millis() / TICK.as_millis() {
            match self.child.try_wait() {
                Ok(None) => std::thread::sleep(TICK),
                Ok(status) => return status,
                Err(_) => return None,
            }
        }
        None
    }

    /// The last part of what the process printed on standard error.
    fn stderr(&mut self) -> String {
        self.read_stderr();
        String::from_utf8_lossy(&self.tail).into_owned()
    }
}

/// Ends the process and every process of its group.
impl Drop for Process {
    fn drop(&mut self) {
        // Killing fails if no process of the group is left, which is the aim.
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.child.wait();
    }
}

impl Failure {
    /// Returns whether the program ended as one does that has not failed.
    pub(crate) fn is_success(&self) -> bool {
        matches!(self, Self::Ended { how, .. } if how == SUCCESS)
    }

    /// Replaces a number in the line that is shown: the same wrong answer to another batch must read the same.
    pub(crate) fn without_number(self, number: u64) -> Self {
        let Self::NoAnswer { why, line } = self else { return self };
        let number = number.to_string();
        let mut shown = String::new();
        for part in line.split_inclusive(|char: char| !char.is_ascii_digit()) {
            let digits = part.trim_end_matches(|char: char| !char.is_ascii_digit());
            shown += if digits == number { "N" } else { digits };
            shown += &part[digits.len()..];
        }
        Self::NoAnswer { why, line: shown }
    }
}

/// Returns the failure of a line that is no answer.
pub(crate) fn no_answer(why: impl Into<String>, line: &[u8]) -> Failure {
    const SHOWN: usize = 120;
    let text = String::from_utf8_lossy(line);
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    Failure::NoAnswer { why: why.into(), line: shown }
}

/// Returns `true` for an empty line, which counts for nothing: a program may end its answers with two line ends.
fn is_blank(line: &[u8]) -> bool {
    line.trim_ascii().is_empty()
}

fn is_retry(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

/// How a process ended that has not failed.
const SUCCESS: &str = "ended with exit code 0";

fn of_status(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(0), _) => SUCCESS.to_owned(),
        (Some(code), _) => format!("ended with exit code {code}"),
        (None, signal) => format!("was ended by signal {}", signal.unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_history_gets_more_time() {
        let limits = Limits { timeout: Duration::from_secs(2), line_max: 1 };
        let seconds = |work| limits.patience(work).as_secs();
        assert_eq!(
            [0, 1, 999, 1000, 57_515, usize::MAX].map(seconds).map(|seconds| seconds.min(1000)),
            [2, 2, 2, 4, 116, 1000]
        );
    }
}
