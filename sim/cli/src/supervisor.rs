//! The supervisor: starts a worker, prints its output, and follows it to its end.
//!
//! If the system has ended a worker, the supervisor starts another one, which continues. The state of a search is in
//! its walk, so a search survives the system in the same way as it survives a kill.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use afresh_check::clock::Stopwatch;
use afresh_shrink::scratch::Scratch;
use afresh_trace::format::files::Identity;
use afresh_trace::text::escape;
use bytesize::ByteSize;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::NamedTempFile;

use crate::console::{CliError, Console, Progress};
use crate::interrupt::{self, Deadline};
use crate::orphans;
use crate::worker::{Death, MARK, Note, Phase, Search, Start, Task, Things, exhausted, words};

/// The time between two checks for a request to stop.
const TICK: Duration = Duration::from_millis(20);

/// The time after which a worker that was asked to stop is killed, because its system may never return.
const GRACE: Duration = Duration::from_millis(700);

/// The number of bytes that are kept of the standard error of a worker. The last ones say why it ended.
const TAIL: usize = 4096;

/// Starts one worker after the other, each with the same limits.
pub(crate) struct Supervisor<'c> {
    console: &'c Console,
    /// The progress of the task; it ends when something is printed.
    progress: Option<Progress<'c>>,
    /// A copy of standard input, for each worker to read.
    stdin: Option<(NamedTempFile, Scratch)>,
    /// The limit of memory of a worker, in bytes.
    pub(crate) memory: Option<u64>,
    /// The time limit of a run. If there is none, the first worker that measures the original sets it.
    pub(crate) timeout: Option<Duration>,
    /// When to ask a worker to stop.
    pub(crate) deadline: Deadline,
    /// Whether a worker must clean up when this process ends.
    pub(crate) puts_away: bool,
    /// The result that the workers of a search have written, if they have.
    pub(crate) saved: Option<Identity>,
}

/// The way in which a worker ended.
#[derive(Debug)]
pub(crate) enum End {
    /// It did its task, with this exit code.
    Done(u8),
    /// It was asked to stop, and ended before its task was done.
    Stopped,
    /// The system ended it in this phase.
    Died(Death, Phase),
}

impl<'c> Supervisor<'c> {
    /// Creates a supervisor without limits. Copies standard input if `reads_stdin` is set.
    pub(crate) fn new(console: &'c Console, reads_stdin: bool, progress: Progress<'c>) -> Result<Self, CliError> {
        let stdin = reads_stdin.then(copy_of_stdin).transpose().map_err(began)?;
        let (progress, deadline) = (Some(progress), Deadline::default());
        Ok(Self { console, progress, stdin, memory: None, timeout: None, deadline, puts_away: false, saved: None })
    }

    /// Creates a supervisor with a deadline, like [`new`](Self::new). Returns `None` if it is asked to stop while it
    /// copies standard input, whose end may never come.
    pub(crate) fn reading(
        reads_stdin: bool,
        deadline: Deadline,
        console: &'c Console,
    ) -> Result<Option<Self>, CliError> {
        let mut supervisor = Self::new(console, false, console.progress_of_words())?;
        supervisor.deadline = deadline;
        if reads_stdin {
            let (send, copied) = mpsc::channel();
            spawn(move || drop(send.send(copy_of_stdin()))).map_err(began)?;
            supervisor.stdin = loop {
                match copied.recv_timeout(TICK) {
                    Ok(copy) => break Some(copy.map_err(began)?),
                    Err(_) if interrupt::requested() || deadline.has_passed() => return Ok(None),
                    Err(_) => {}
                }
            };
        }
        Ok(Some(supervisor))
    }

    /// Sets the time limit of each thing and the limit of memory, which depends on the free memory by default.
    pub(crate) fn limited(mut self, memory: Option<ByteSize>, timeout: Duration) -> Self {
        self.memory = memory.map(|memory| memory.as_u64()).or_else(available_memory);
        self.timeout = Some(timeout);
        self
    }

    /// Runs one worker after the other until all things are done. Returns the exit code, or `None` if it was stopped.
    ///
    /// If a thing ends a worker, the next worker does one thing at a time. So the next death shows which thing it was,
    /// and [`Things::dead`] records it.
    pub(crate) fn run_all(&mut self, things: &mut Things) -> Result<Option<u8>, CliError> {
        loop {
            match self.run(Task::Things(things.clone()))? {
                End::Done(code) => return Ok(Some(code)),
                End::Stopped => return Ok(None),
                End::Died(death, Phase::At(place)) if things.serial => {
                    things.dead.insert(place, death);
                    things.serial = false;
                }
                End::Died(_, Phase::At(_)) => things.serial = true,
                End::Died(death, _) => {
                    let death = death.to_string();
                    let why = format!("the process that runs the system ended before it began: {}", escape(&death));
                    return Err(CliError::Usage(why));
                }
            }
        }
    }

    /// Runs a worker to its end, and prints its output.
    pub(crate) fn run(&mut self, task: Task) -> Result<End, CliError> {
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::OutOfMemory => began(error),
            _ => CliError::Usage(format!("failed to run the system in a process: {error}")),
        };
        // A worker that begins no run is not asked to stop, because it only reports the result.
        let only_reports = matches!(task, Task::Search(Search { last_run: Some(0), .. }));
        let (mut child, channel) = self.spawn(task).map_err(failed)?;
        let begun = tail(child.stderr.take()).and_then(|errors| Ok((errors, notes(channel)?)));
        let (errors, notes) = begun.map_err(|error| {
            let _ = child.kill();
            began(error)
        })?;
        let mut fails = None;
        let (mut phase, mut hangs, mut is_done) = (Phase::Reads, false, false);
        let mut asked: Option<Stopwatch> = None;
        loop {
            match notes.recv_timeout(TICK) {
                Ok(Note::Print(text)) => self.without_progress().print(&text)?,
                Ok(Note::Write(bytes)) => self.without_progress().write(&bytes)?,
                Ok(Note::Say(text)) => self.without_progress().say(&text),
                Ok(Note::Doing(activity)) => self.progress.iter().for_each(|bar| bar.doing(activity.clone())),
                Ok(Note::Did(fraction)) => self.progress.iter().for_each(|bar| bar.did(fraction)),
                Ok(Note::Enters(next)) => phase = next,
                Ok(Note::Measured(limit)) => self.timeout = Some(limit),
                Ok(Note::Saved(result)) => self.saved = Some(result),
                Ok(Note::Fails(why)) => fails = Some(why),
                Ok(Note::Hangs) => hangs = true,
                Ok(Note::Done) => is_done = true,
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
            match asked {
                None if !only_reports && (interrupt::requested() || self.deadline.has_passed()) => {
                    asked = Some(Stopwatch::start());
                    let _ = kill_process(Pid::from_child(&child), Signal::TERM);
                }
                Some(asked) if asked.elapsed() > GRACE => drop(child.kill()),
                _ => {}
            }
        }
        let status = child.wait();
        orphans::end(&child);
        let status = status.map_err(failed)?;
        let errors = errors.join().unwrap_or_default();
        if let Some(why) = fails {
            return Err(CliError::Usage(why));
        }
        Ok(match status.code() {
            Some(code) if is_done => End::Done(u8::try_from(code).unwrap_or(u8::MAX)),
            _ if asked.is_some() => End::Stopped,
            _ => End::Died(Death::new(status, hangs, &errors), phase),
        })
    }

    fn spawn(&self, task: Task) -> io::Result<(Child, UnixStream)> {
        let (ours, theirs) = UnixStream::pair()?;
        let (words, _) = words();
        let mut words = words.into_iter();
        let mut command = Command::new(std::env::current_exe()?);
        command.arg0(words.next().unwrap_or_default()).arg(MARK).args(words);
        // The output of a system is discarded, because it would mix with the report.
        command.stdin(OwnedFd::from(theirs)).stdout(Stdio::null()).stderr(Stdio::piped());
        if !self.puts_away {
            // If there is no memory left, Rust would wait for ever to get some for a backtrace, which nobody sees. A
            // command that the worker runs needs its environment as it is.
            command.env("RUST_BACKTRACE", "0").env("RUST_LIB_BACKTRACE", "0");
        }
        let child = orphans::spawn(&mut command)?;
        // The command holds the worker's end of the channel, which would never close.
        drop(command);
        let start = Start {
            supervisor: std::process::id(),
            shows_progress: io::IsTerminal::is_terminal(&io::stderr()),
            stdin: self.stdin.as_ref().map(|(file, _)| file.path().to_owned()),
            memory: self.memory,
            timeout: self.timeout,
            puts_away: self.puts_away,
            task,
        };
        let start = serde_json::to_string(&start)? + "\n";
        // This fails if the worker has already ended, which `run` is about to notice.
        let _ = (&ours).write_all(start.as_bytes());
        Ok((child, ours))
    }

    /// Removes the progress bar, and returns the console to print to.
    fn without_progress(&mut self) -> &'c Console {
        self.progress = None;
        self.console
    }
}

/// Creates a temporary folder, which is removed when the returned value is dropped.
pub(crate) fn scratch() -> Result<Scratch, CliError> {
    Scratch::new().map_err(began)
}

fn copy_of_stdin() -> io::Result<(NamedTempFile, Scratch)> {
    let scratch = Scratch::new()?;
    let mut file = NamedTempFile::new_in(scratch.path())?;
    io::copy(&mut io::stdin().lock(), &mut file)?;
    Ok((file, scratch))
}

fn began(error: io::Error) -> CliError {
    let out = matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::OutOfMemory);
    CliError::Usage(if out { exhausted(&error) } else { format!("failed to begin: {error}") })
}

/// Starts a thread.
fn spawn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<thread::JoinHandle<T>> {
    thread::Builder::new().spawn(work)
}

/// Returns the notes of a worker as they arrive, until the worker has ended.
fn notes(channel: UnixStream) -> io::Result<mpsc::Receiver<Note>> {
    let (send, receive) = mpsc::channel();
    spawn(move || {
        for line in BufReader::new(channel).lines() {
            // The last note is incomplete if the worker ended while it sent the note.
            let Some(note) = line.ok().and_then(|line| serde_json::from_str(&line).ok()) else { return };
            if send.send(note).is_err() {
                return;
            }
        }
    })?;
    Ok(receive)
}

/// Reads standard error to its end, and keeps the last bytes.
fn tail(stderr: Option<ChildStderr>) -> io::Result<thread::JoinHandle<String>> {
    spawn(move || {
        let mut kept = Vec::new();
        let mut chunk = [0; TAIL];
        let Some(mut stderr) = stderr else { return String::new() };
        while let Ok(read @ 1..) = stderr.read(&mut chunk) {
            kept.extend_from_slice(&chunk[..read]);
            kept.drain(..kept.len().saturating_sub(TAIL));
        }
        String::from_utf8_lossy(&kept).into_owned()
    })
}

/// Returns three quarters of the free memory, in bytes, or `None` if it is unknown.
///
/// The last quarter is for the other processes of the machine.
pub(crate) fn available_memory() -> Option<u64> {
    let lines = BufReader::new(File::open("/proc/meminfo").ok()?).lines();
    let line = lines.map_while(Result::ok).find(|line| line.starts_with("MemAvailable:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes.saturating_mul(1024) / 4 * 3)
}
