//! The process in which systems run, and the one that looks after it.
//!
//! A system under test may do anything: never return, abort, overflow its stack, exit, eat all memory, flood the terminal.
//! So `run`, `explore`, `check` and `shrink` run it in a process of their own, the worker, which is this program once more, with
//! the same words. Whatever it has to say goes over a socket to the supervisor, which prints it, sees how the worker ends, and starts
//! another that goes on where that one was. What a search has learned is in its walk, so to survive a system and to survive
//! a kill are the same.
//!
//! | file | holds |
//! | --- | --- |
//! | `channel.rs` | what the two say to each other |
//! | `supervise.rs` | starts a worker and follows it to its end |
//! | `death.rs` | how a worker can end, and which bug that is |
//! | `watch.rs` | the time that a run may take |

mod channel;
mod death;
mod supervise;
mod watch;

pub(super) use channel::{Note, begin, is_at, is_one, send, start, was_at};
pub(super) use death::Death;
pub(super) use supervise::{End, Phase, Supervisor, available_memory, scratch};
pub(super) use watch::{Watched, measure, watch};

use std::ffi::OsString;
use std::path::Path;

/// What makes a process a worker, as its first word.
const MARK: &str = "--worker";

/// The words of this process, whether it is a worker or not, and whether it is one.
pub(super) fn words() -> (Vec<OsString>, bool) {
    let mut words: Vec<_> = std::env::args_os().collect();
    let is_worker = words.get(1).is_some_and(|word| word == MARK);
    if is_worker {
        words.remove(1);
    }
    (words, is_worker)
}

/// What the program is called: a system of one's own has a command line of its own.
pub(super) fn program() -> OsString {
    let called = std::env::args_os().next();
    called.as_deref().and_then(|called| Path::new(called).file_name()).map_or_else(|| "afresh".into(), Into::into)
}
