//! The worker: the process that runs the system under test.
//!
//! A system under test may do anything: never return, abort, overflow its stack, exit, use all memory, or flood the
//! terminal. So `run`, `explore`, `check` and `shrink` run it in a process of its own, the worker. The worker is the
//! same program with the same arguments, after [`MARK`]. It sends its output and its progress to the
//! supervisor, which starts another worker if the system has ended this one.
//!
//! | file | contents |
//! | --- | --- |
//! | `protocol.rs` | the messages between a worker and its supervisor |
//! | `watch.rs` | the time limit of a run |
//! | `waits.rs` | the time in which a run waits for a processor, which does not count |
//! | `place.rs` | the file with the number of the event that is being run |
//! | `death.rs` | the ways in which a worker can end, and the bug that each one stands for |

mod death;
mod place;
mod protocol;
mod waits;
mod watch;

pub(crate) use death::Death;
pub(crate) use place::Place;
pub(crate) use protocol::{Note, Phase, Search, Start, Task, Things};
pub(crate) use watch::Watched;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Mutex};

use rustix::process::{Resource, Rlimit, Signal, getppid, set_parent_process_death_signal, setrlimit};
use watch::Watch;

/// The memory in bytes that a worker needs before it runs a system.
const NEEDED: usize = 16 << 20;

/// The first argument of a worker.
pub(crate) const MARK: &str = "--worker";

/// Returns the arguments of this process without [`MARK`], and whether it is a worker.
pub(crate) fn words() -> (Vec<OsString>, bool) {
    let mut words: Vec<_> = std::env::args_os().collect();
    let is_worker = words.get(1).is_some_and(|word| word == MARK);
    if is_worker {
        words.remove(1);
    }
    (words, is_worker)
}

/// Returns the name by which users call this program, which may be a `main` of their own.
pub(crate) fn program() -> OsString {
    let called = std::env::args_os().next();
    called.as_deref().and_then(|called| Path::new(called).file_name()).map_or_else(|| "afresh".into(), Into::into)
}

/// This process as a worker: its task, and its connection to the supervisor.
#[derive(Debug)]
pub(crate) struct Worker {
    start: Start,
    channel: Channel,
    watch: Watch,
}

/// A worker and its task, in the type of the subcommand.
#[derive(Debug)]
pub(crate) struct Work<'w, T> {
    /// The worker.
    pub(crate) worker: &'w Worker,
    /// The task of the worker.
    pub(crate) task: &'w T,
}

impl Worker {
    /// Makes this process a worker: reads the start from its standard input, and sets its limits.
    ///
    /// # Errors
    ///
    /// Fails if there is no supervisor, or if a limit cannot be set.
    pub(crate) fn begin() -> io::Result<Self> {
        // Processes that this worker starts must neither hold the channel open nor read from it.
        let channel = UnixStream::from(rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?);
        rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
        let mut line = String::new();
        BufReader::new(&channel).read_line(&mut line)?;
        let start: Start = serde_json::from_str(&line)?;
        let channel = Channel(Arc::new(Mutex::new(channel)));
        let fails = channel.clone();
        Self::with(start, channel).inspect_err(|error| fails.send(&Note::Fails(exhausted(error))))
    }

    /// Makes this process the worker that `start` describes.
    fn with(start: Start, channel: Channel) -> io::Result<Self> {
        end_with(start.supervisor, if start.puts_away { Signal::TERM } else { Signal::KILL })?;
        if let Some(stdin) = &start.stdin {
            rustix::stdio::dup2_stdin(File::open(stdin)?)?;
        }
        if let Some(memory) = start.memory {
            setrlimit(Resource::Data, Rlimit { current: Some(memory), maximum: Some(memory) })?;
        }
        let watch = Watch::begin(start.timeout, channel.clone())?;
        let tells = channel.clone();
        on_exhaustion(move |why| tells.send(&Note::Fails(why)));
        // If there is no memory before the system has begun, the system is not to blame.
        Vec::<u8>::new().try_reserve_exact(NEEDED).map_err(|_| io::ErrorKind::OutOfMemory)?;
        Ok(Self { start, channel, watch })
    }

    /// Returns the task of `run`, `explore`, `check` and `compare`, or `None` if the task is another one.
    pub(crate) fn things(&self) -> Option<Work<'_, Things>> {
        let Task::Things(task) = &self.start.task else { return None };
        Some(Work { worker: self, task })
    }

    /// Returns the task of `shrink`, or `None` if the task is another one.
    pub(crate) fn search(&self) -> Option<Work<'_, Search>> {
        let Task::Search(task) = &self.start.task else { return None };
        Some(Work { worker: self, task })
    }

    /// Returns the file with the standard input of the supervisor, if the task reads it.
    pub(crate) fn stdin(&self) -> Option<&Path> {
        self.start.stdin.as_deref()
    }

    /// Returns whether the supervisor shows the current activity on a terminal.
    pub(crate) fn shows_progress(&self) -> bool {
        self.start.shows_progress
    }

    /// Sends `note` to the supervisor.
    pub(crate) fn send(&self, note: &Note) {
        self.channel.send(note);
    }

    /// Tells the supervisor that a phase of the task begins.
    pub(crate) fn enters(&self, phase: Phase) {
        self.send(&Note::Enters(phase));
    }

    /// Does `work` within the time limit of a run.
    pub(crate) fn watch<R>(&self, work: impl FnOnce() -> R) -> R {
        self.watch.time(work).0
    }

    /// Does `work`, which runs the original. If there is no time limit yet, sets it by the time that this took.
    pub(crate) fn measure<R>(&self, work: impl FnOnce() -> R) -> R {
        let (done, took) = self.watch.time(work);
        self.watch.set_limit(took);
        done
    }
}

/// Sends `signal` to this process when its parent ends.
///
/// # Errors
///
/// Fails if the process `parent` is not the parent of this process any more, because it has already ended.
pub(crate) fn end_with(parent: u32, signal: Signal) -> io::Result<()> {
    set_parent_process_death_signal(Some(signal))?;
    let now = getppid().map(|pid| pid.as_raw_nonzero().get().unsigned_abs());
    if now == Some(parent) { Ok(()) } else { Err(io::Error::other("the process that started it has ended")) }
}

/// Ends the process with exit code 2 if a thread cannot be started, after it has told why. It is no bug of the system.
pub(crate) fn on_exhaustion(tell: impl Fn(String) + Send + Sync + 'static) {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if let Some(why) = panic.payload_as_str().filter(|why| why.contains("failed to spawn thread")) {
            tell(exhausted(&why));
            std::process::exit(2);
        }
        before(panic);
    }));
}

/// Returns the error that this process has too few threads or too little memory.
pub(crate) fn exhausted(why: &dyn std::fmt::Display) -> String {
    format!(
        "there are too few threads or too little memory to begin: {why}\n  help: raise the limits (`ulimit -u`, `ulimit \
         -v`, `--memory`), end other processes, or use `--jobs 1`"
    )
}

/// The connection of a worker to its supervisor.
#[derive(Clone, Debug)]
struct Channel(Arc<Mutex<UnixStream>>);

impl Channel {
    fn send(&self, note: &Note) {
        let Ok(mut channel) = self.0.lock() else { return };
        let line = serde_json::to_string(note).unwrap_or_default() + "\n";
        // If the supervisor has ended, the system is about to end this process too.
        let _ = channel.write_all(line.as_bytes());
    }
}
