//! The protocol between a worker and its supervisor: lines of JSON over a socket.
//!
//! The supervisor sends one [`Start`]. The worker sends a [`Note`] whenever it has something to report, until it ends.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use afresh_trace::format::files::Identity;
use serde::{Deserialize, Serialize};

use super::Death;

/// The first and only message to a worker: its limits and its task.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Start {
    /// The process id of the supervisor. The worker ends if this is not its parent.
    pub(crate) supervisor: u32,
    /// Whether the supervisor shows the current activity on a terminal.
    pub(crate) shows_progress: bool,
    /// A file with the standard input of the supervisor, if the task reads it.
    pub(crate) stdin: Option<PathBuf>,
    /// The limit of memory, in bytes.
    pub(crate) memory: Option<u64>,
    /// The time limit of a run; `None` until the original was measured.
    pub(crate) timeout: Option<Duration>,
    /// Whether the worker is asked to stop if the supervisor ends, so that it can clean up; otherwise it is killed.
    pub(crate) puts_away: bool,
    /// The work to do.
    pub(crate) task: Task,
}

/// The work of a worker.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Task {
    /// `run`, `explore`, `check` or `compare`.
    Things(Things),
    /// `shrink`.
    Search(Search),
}

/// The task of `run`, `explore`, `check` and `compare`: to do several things that do not depend on each other.
///
/// Each thing has a *place*: 0 for the only run of `run`, the seed for `explore`, and the index of the trace for
/// `check` and `compare`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Things {
    /// Whether to do one thing at a time, to find out which of them ends the worker.
    pub(crate) serial: bool,
    /// The things that ended an earlier worker, by their place. They are reported, and not done again.
    pub(crate) dead: BTreeMap<usize, Death>,
    /// The file to which `run` writes each event before it happens.
    pub(crate) ahead: Option<PathBuf>,
}

/// The task of `shrink`: to search for a smaller input that still shows the bug.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Search {
    /// The walk, which is a temporary file if the user wants none.
    pub(crate) walk: PathBuf,
    /// The file to which the worker writes the number of the event that is being run; see [`Place`](super::Place).
    pub(crate) place: PathBuf,
    /// The bug, if running the original has ended an earlier worker.
    pub(crate) bug: Option<String>,
    /// The number of the last run that may begin. With 0, the worker only reports what the walk says.
    pub(crate) last_run: Option<u64>,
    /// Whether to run one candidate at a time, to find out which of them ends the worker.
    pub(crate) serial: bool,
    /// Whether an earlier worker has begun the walk, so that this one continues it.
    pub(crate) again: bool,
    /// The result that earlier workers of this search have written, if they have.
    pub(crate) result: Option<Identity>,
    /// How the last run in the walk ended the worker before.
    pub(crate) death: Option<Death>,
    /// The number of the event that the worker before was running when it ended, if known.
    pub(crate) died_at: Option<u64>,
}

/// A report of a worker to its supervisor.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Note {
    /// Print this text to standard output.
    Print(String),
    /// Write these bytes to standard output unchanged.
    Write(Vec<u8>),
    /// Print this text to standard error.
    Say(String),
    /// Show this activity as the current one.
    Doing(String),
    /// This fraction of one thing was done since the last such note.
    Did(f64),
    /// A phase of the task begins.
    Enters(Phase),
    /// The original was measured: this is the time limit of a run.
    Measured(Duration),
    /// The result was written, as this file.
    Saved(Identity),
    /// The worker cannot go on, for a reason that is not the system.
    Fails(String),
    /// A run exceeded its time limit. The worker kills itself now.
    Hangs,
    /// The task is done. The exit code of the worker is that of the subcommand.
    Done,
}

/// The phase of a task. It decides what the end of a worker means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Phase {
    /// The worker reads its input. Every worker begins here.
    Reads,
    /// [`Things`]: it does the thing at this place.
    At(usize),
    /// [`Search`]: it runs the original, to find out which bug it shows.
    Aims,
    /// [`Search`]: it runs one candidate at a time, and the walk says which.
    Searches,
    /// [`Search`]: it runs several candidates at a time, so the walk does not say which one ended it.
    SearchesAhead,
}
