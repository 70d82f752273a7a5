//! What a worker and its supervisor say to each other: lines of JSON, over a socket that the worker has as its standard
//! input when it begins.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, Signal, getppid, set_parent_process_death_signal, setrlimit};
use serde::{Deserialize, Serialize};

use super::{Death, watch};

/// What a worker is told before it begins.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Start {
    /// The process of its supervisor, without which it is of no use.
    pub(crate) supervisor: u32,
    /// Whether anybody looks at its progress.
    pub(crate) shows_progress: bool,
    /// What is on the standard input of the supervisor.
    pub(crate) stdin: Option<PathBuf>,
    /// The most memory that it may have, in bytes.
    pub(crate) memory: Option<u64>,
    /// The most time that a run may take, where that is known.
    pub(crate) timeout: Option<Duration>,
    /// Whether it is not the first: what is there already was written by the one before.
    pub(crate) again: bool,
    /// How the one before ended in the run that it had begun.
    pub(crate) death: Option<Death>,
    /// At which event of that, where this is known.
    pub(crate) died_at: Option<u64>,
    /// Of a search: where it writes at which event it is. A note would wake its supervisor for each.
    pub(crate) place: Option<PathBuf>,
    /// Whether it is asked to stop, and not killed, when its supervisor is: it has something to put away.
    pub(crate) puts_away: bool,
    /// Of a search: the walk, where the user wants none.
    pub(crate) walk: Option<PathBuf>,
    /// Of a search: the bug, where the original itself has ended a worker.
    pub(crate) bug: Option<String>,
    /// Of a search: the number of the last run that may begin.
    pub(crate) last_run: Option<u64>,
    /// Do one thing at a time, so that it is known what ended the worker.
    pub(crate) serial: bool,
    /// Of a check: the traces that have ended a worker, by their place.
    pub(crate) dead: BTreeMap<usize, Death>,
}

/// What a worker says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Note {
    /// For standard output.
    Print(String),
    /// For standard output, as it is.
    Write(Vec<u8>),
    /// For standard error.
    Say(String),
    /// What it is doing now, for people.
    Doing(String),
    /// This fraction of a thing was done.
    Did(f64),
    /// It runs the original, to see which bug it shows.
    Aims,
    /// It searches, and its walk says where it is.
    Searches,
    /// It searches, and runs several candidates at a time.
    SearchesAhead,
    /// It begins with the thing at this place.
    Begins(usize),
    /// How long a run may take, now that the original was measured.
    Measured(Duration),
    /// A run takes too long; it ends itself.
    Hangs,
    /// All is done; it exits with its code.
    Done,
}

static START: OnceLock<Start> = OnceLock::new();
static CHANNEL: OnceLock<Mutex<UnixStream>> = OnceLock::new();
static PLACE: OnceLock<File> = OnceLock::new();

/// Makes this process a worker: takes the channel from its standard input, and does as it is told there.
pub(crate) fn begin() -> io::Result<()> {
    // What is started from here must not hold the channel open, nor read from it.
    let channel = UnixStream::from(rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?);
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    let mut line = String::new();
    BufReader::new(&channel).read_line(&mut line)?;
    let start: Start = serde_json::from_str(&line)?;
    set_parent_process_death_signal(Some(if start.puts_away { Signal::TERM } else { Signal::KILL }))?;
    let supervisor = getppid().map(|pid| pid.as_raw_nonzero().get().unsigned_abs());
    if supervisor != Some(start.supervisor) {
        return Err(io::Error::other("its supervisor has ended"));
    }
    if let Some(stdin) = &start.stdin {
        rustix::stdio::dup2_stdin(File::open(stdin)?)?;
    }
    if let Some(memory) = start.memory {
        setrlimit(Resource::Data, Rlimit { current: Some(memory), maximum: Some(memory) })?;
    }
    if let Some(place) = &start.place {
        let _ = PLACE.set(File::create(place)?);
    }
    watch::begin(start.timeout);
    let _ = CHANNEL.set(Mutex::new(channel));
    let _ = START.set(start);
    Ok(())
}

/// Writes at which event it is, so that this is known should it end there.
pub(crate) fn is_at(event: Option<u64>) {
    if let Some(place) = PLACE.get() {
        // Where it cannot be written it is not known.
        let _ = place.write_all_at(&event.unwrap_or(0).to_le_bytes(), 0);
    }
}

/// At which event a worker was that has written it there.
pub(crate) fn was_at(place: &Path) -> Option<u64> {
    let written = std::fs::read(place).ok()?;
    Some(u64::from_le_bytes(*written.first_chunk()?)).filter(|event| *event > 0)
}

/// Whether this process is a worker.
pub(crate) fn is_one() -> bool {
    START.get().is_some()
}

/// What this process was told, if it is a worker.
pub(crate) fn start() -> Option<&'static Start> {
    START.get()
}

/// Says `note` to the supervisor, if this process is a worker.
pub(crate) fn send(note: &Note) {
    let Some(Ok(mut channel)) = CHANNEL.get().map(Mutex::lock) else { return };
    let line = serde_json::to_string(note).unwrap_or_default() + "\n";
    // Without its supervisor this process has ended.
    let _ = channel.write_all(line.as_bytes());
}
