//! Starts a worker and follows it to its end.

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
use afresh_trace::text::escape;
use bytesize::ByteSize;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::{NamedTempFile, TempDir};

use super::channel::{Note, Start};
use super::{Death, MARK, words};
use crate::interrupt;
use crate::outcome::{self, Failure};
use crate::progress::{self, Progress};

/// How often a request to stop is looked for.
const TICK: Duration = Duration::from_millis(20);

/// How long a worker may go on that was asked to stop: the system that it runs may not listen.
const GRACE: Duration = Duration::from_millis(700);

/// How many bytes are kept of what a worker prints on standard error: the last ones, which say why it ended.
const TAIL: usize = 4096;

/// Looks after one worker after the other.
pub(crate) struct Supervisor {
    /// What the next worker is told.
    pub(crate) start: Start,
    /// What was on standard input, for each worker to read.
    _stdin: Option<NamedTempFile>,
    /// On a terminal, what is shown until there is something to print.
    progress: Option<Progress>,
}

/// How a worker ended.
#[derive(Debug)]
pub(crate) enum End {
    /// It did what there was to do, with this exit code.
    Done(u8),
    /// It was asked to stop, and did not.
    Stopped,
    /// The system ended it.
    Died(Death, Phase),
}

/// What a worker was at when it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It read its input.
    Reading,
    /// It ran the original, to see which bug it shows.
    Aiming,
    /// Its walk says what it did.
    Searching,
    /// It was searching, and ran several candidates at a time.
    SearchingAhead,
    /// The thing at this place.
    At(usize),
}

impl Supervisor {
    /// Takes what is on standard input, if that is among the inputs.
    pub(crate) fn new(reads_stdin: bool, progress: Progress) -> Result<Self, Failure> {
        let stdin = reads_stdin.then(copy_of_stdin).transpose().map_err(began)?;
        let start = Start {
            supervisor: std::process::id(),
            shows_progress: io::IsTerminal::is_terminal(&io::stderr()),
            stdin: stdin.as_ref().map(|file| file.path().to_owned()),
            ..Start::default()
        };
        Ok(Self { start, _stdin: stdin, progress: Some(progress) })
    }

    /// The workers may have so much memory, or what there is for one, and each thing that they do may take so long.
    pub(crate) fn limited(mut self, memory: Option<ByteSize>, timeout: Duration) -> Self {
        self.start.memory = memory.map(|memory| memory.as_u64()).or_else(available_memory);
        self.start.timeout = Some(timeout);
        self
    }

    /// Runs one worker after the other until all things are done; gives the exit code, or nothing where that was stopped. What
    /// has ended a worker is left to the next, which does one thing at a time; once it is known which of them it is, that is
    /// noted in [`Start::dead`].
    pub(crate) fn run_all(&mut self) -> Result<Option<u8>, Failure> {
        loop {
            match self.run()? {
                End::Done(code) => return Ok(Some(code)),
                End::Stopped => return Ok(None),
                End::Died(death, Phase::At(place)) if self.start.serial => {
                    self.start.dead.insert(place, death);
                    self.start.serial = false;
                }
                End::Died(_, Phase::At(_)) => self.start.serial = true,
                End::Died(death, _) => {
                    let death = death.to_string();
                    let why = format!("the process that runs the system ended before it began: {}", escape(&death));
                    return Err(Failure::Usage(why));
                }
            }
        }
    }

    /// Runs a worker to its end, and prints what it says.
    pub(crate) fn run(&mut self) -> Result<End, Failure> {
        let failed = |error: io::Error| Failure::Usage(format!("failed to run the system in a process: {error}"));
        let (mut child, channel) = self.spawn().map_err(failed)?;
        let errors = tail(child.stderr.take());
        let notes = notes(channel);
        let (mut phase, mut hangs, mut is_done) = (Phase::Reading, false, false);
        let mut asked: Option<Stopwatch> = None;
        loop {
            match notes.recv_timeout(TICK) {
                Ok(Note::Print(text)) => self.print(&text)?,
                Ok(Note::Write(bytes)) => self.write(&bytes)?,
                Ok(Note::Say(text)) => self.say(&text),
                Ok(Note::Doing(what)) => progress::doing(what),
                Ok(Note::Did(fraction)) => progress::did(fraction),
                Ok(Note::Aims) => phase = Phase::Aiming,
                Ok(Note::Searches) => phase = Phase::Searching,
                Ok(Note::SearchesAhead) => phase = Phase::SearchingAhead,
                Ok(Note::Begins(place)) => phase = Phase::At(place),
                Ok(Note::Measured(limit)) => self.start.timeout = Some(limit),
                Ok(Note::Hangs) => hangs = true,
                Ok(Note::Done) => is_done = true,
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
            match asked {
                None if interrupt::requested() && !self.is_stopping() => {
                    asked = Some(Stopwatch::start());
                    let _ = kill_process(Pid::from_child(&child), Signal::TERM);
                }
                Some(asked) if asked.elapsed() > GRACE => drop(child.kill()),
                _ => {}
            }
        }
        let status = child.wait().map_err(failed)?;
        let errors = errors.join().unwrap_or_default();
        Ok(match status.code() {
            Some(code) if is_done => End::Done(u8::try_from(code).unwrap_or(u8::MAX)),
            _ if asked.is_some() => End::Stopped,
            _ => End::Died(Death::new(status, hangs, &errors), phase),
        })
    }

    /// Whether the worker is there to write what is known, and begins nothing.
    fn is_stopping(&self) -> bool {
        self.start.last_run == Some(0)
    }

    fn spawn(&self) -> io::Result<(Child, UnixStream)> {
        let (ours, theirs) = UnixStream::pair()?;
        let (words, _) = words();
        let mut words = words.into_iter();
        let mut command = Command::new(std::env::current_exe()?);
        command.arg0(words.next().unwrap_or_default()).arg(MARK).args(words);
        // What a system prints is its own: the report is not to be drowned in it.
        command.stdin(OwnedFd::from(theirs)).stdout(Stdio::null()).stderr(Stdio::piped());
        let child = command.spawn()?;
        // The command holds the end of the worker, which would never close.
        drop(command);
        let start = serde_json::to_string(&self.start)? + "\n";
        // A worker that has ended already is seen to have done so.
        let _ = (&ours).write_all(start.as_bytes());
        Ok((child, ours))
    }

    /// Writes to standard output, where nothing is to come after it but what is printed.
    pub(crate) fn print(&mut self, text: &str) -> Result<(), Failure> {
        self.progress = None;
        outcome::print(text)
    }

    /// Writes to standard output what need not be text.
    fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.progress = None;
        outcome::write(bytes)
    }

    /// Writes to standard error.
    pub(crate) fn say(&mut self, text: &str) {
        self.progress = None;
        outcome::say(text);
    }
}

/// A directory for what is of no use afterwards.
pub(crate) fn scratch() -> Result<TempDir, Failure> {
    TempDir::with_prefix("afresh-").map_err(began)
}

fn copy_of_stdin() -> io::Result<NamedTempFile> {
    let mut file = NamedTempFile::with_prefix("afresh-")?;
    io::copy(&mut io::stdin().lock(), &mut file)?;
    Ok(file)
}

fn began(error: io::Error) -> Failure {
    Failure::Usage(format!("failed to begin: {error}"))
}

/// What the worker says, as it says it, until it has ended.
fn notes(channel: UnixStream) -> mpsc::Receiver<Note> {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(channel).lines() {
            // What was cut off was not said.
            let Some(note) = line.ok().and_then(|line| serde_json::from_str(&line).ok()) else { return };
            if send.send(note).is_err() {
                return;
            }
        }
    });
    receive
}

/// Reads standard error to its end, and keeps the last bytes.
fn tail(stderr: Option<ChildStderr>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
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

/// Three quarters of the memory that is free now: what is left is for the rest of the machine. `None` where nobody says.
pub(crate) fn available_memory() -> Option<u64> {
    let lines = BufReader::new(File::open("/proc/meminfo").ok()?).lines();
    let line = lines.map_while(Result::ok).find(|line| line.starts_with("MemAvailable:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes.saturating_mul(1024) / 4 * 3)
}
