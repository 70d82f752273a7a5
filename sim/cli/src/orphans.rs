//! Processes that a worker has left behind: a program that did not end with it, and what that program has started.
//!
//! A worker may be killed while its programs run. Linux then makes this process their parent, because it has asked for
//! that, and it ends them.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::process::{Child, Command};
use std::sync::{Mutex, PoisonError};

use rustix::process::{
    Pid, Signal, WaitOptions, getpid, kill_process, kill_process_group, set_child_subreaper, waitpid,
};

/// The workers that run now. No other child of this process is its own.
static WORKERS: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// Starts a worker.
pub(crate) fn spawn(command: &mut Command) -> io::Result<Child> {
    let mut workers = WORKERS.lock().unwrap_or_else(PoisonError::into_inner);
    // Without this, the processes that a worker leaves behind are nobody's. They mostly end by themselves even so.
    let _ = set_child_subreaper(Some(getpid()));
    let child = command.spawn()?;
    workers.insert(child.id());
    Ok(child)
}

/// Ends all processes that were left behind by `worker`, which has ended.
pub(crate) fn end(worker: &Child) {
    let mut workers = WORKERS.lock().unwrap_or_else(PoisonError::into_inner);
    workers.remove(&worker.id());
    end_but(&workers);
}

/// Ends all processes that this process has started, workers included, and what they have started.
///
/// As long as the caller has the guard, no thread gets past [`wait`], so none says that a process ended too early.
pub(crate) fn end_all() -> impl Sized {
    let mut workers = WORKERS.lock().unwrap_or_else(PoisonError::into_inner);
    workers.clear();
    end_but(&workers);
    workers
}

/// Waits for ever if this process is about to end with all that it has started.
pub(crate) fn wait() {
    drop(WORKERS.lock());
}

/// Ends all children of this process but these.
fn end_but(workers: &BTreeSet<u32>) {
    // A process that is ended may have children of its own, which are children of this process then.
    for _ in 0..ROUNDS {
        let left: Vec<Pid> = children().into_iter().filter(|pid| !workers.contains(&number(*pid))).collect();
        if left.is_empty() {
            return;
        }
        for pid in left {
            let _ = kill_process_group(pid, Signal::KILL);
            let _ = kill_process(pid, Signal::KILL);
            let _ = waitpid(Some(pid), WaitOptions::empty());
        }
    }
}

/// How often to look for further children.
const ROUNDS: usize = 100;

/// The children of this process; none if the system does not tell.
fn children() -> Vec<Pid> {
    let Ok(tasks) = fs::read_dir("/proc/self/task") else { return Vec::new() };
    let of_task = |task: io::Result<fs::DirEntry>| fs::read_to_string(task.ok()?.path().join("children")).ok();
    let lists = tasks.filter_map(of_task);
    lists
        .flat_map(|list| list.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)).collect::<Vec<_>>())
        .collect()
}

fn number(pid: Pid) -> u32 {
    pid.as_raw_nonzero().get().unsigned_abs()
}
