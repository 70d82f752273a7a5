//! Tests of campaigns that are stopped or killed while they shrink: their searches end too, and nothing is lost.

use std::fs::{self, File};
use std::process::Child;

use afresh_tests::evil::{HANGS, WAITS};
use afresh_tests::{Done, Folder};
use rustix::process::{Pid, Signal, kill_process};

use super::record::{done, files};

/// Starts to shrink the finding of a campaign. Returns when the search is in the run that `variable` stops.
fn in_a_run(folder: &Folder, variable: &str) -> Child {
    assert!(done(files(folder, &["--no-shrink"])).stdout.contains("not yet shrunk"));
    let path = folder.path("in-a-run");
    let mut child = files(folder, &[]).env(variable, &path).spawn().expect("the binary runs");
    while !path.exists() {
        assert_eq!(child.try_wait().expect("its state is known"), None, "it ended before that run");
        std::thread::yield_now();
    }
    child
}

fn stopped(child: Child) -> String {
    kill_process(Pid::from_child(&child), Signal::TERM).expect("a signal is sent");
    let stopped = Done::from(child.wait_with_output().expect("it ends"));
    assert_eq!((stopped.code, stopped.stderr.as_str()), (Some(1), ""));
    stopped.stdout
}

/// The search hangs in its first run. Without the request to stop, it ends only when the limit of that run is over.
#[test]
fn a_signal_ends_the_shrinking() {
    let folder = Folder::default();
    let said = stopped(in_a_run(&folder, HANGS));
    assert!(said.contains("not yet shrunk"), "{said}");
    assert!(done(files(&folder, &[])).stdout.contains(" → 1 stimulus, "));
}

/// A search that is killed instead leaves no report of the best so far.
#[test]
fn a_signal_is_passed_on_to_the_search_which_keeps_the_best_so_far() {
    let folder = Folder::default();
    let said = stopped(in_a_run(&folder, WAITS));
    assert!(said.contains("  8 → ") && !said.contains("not yet shrunk"), "{said}");
    let report: serde_json::Value =
        serde_json::from_str(&folder.read("findings/nothing/shrink.json")).expect("a report");
    assert_eq!(report["shrink"]["one_minimal"], false);
    assert!(done(files(&folder, &[])).stdout.contains(" → 1 stimulus, "));
}

/// Otherwise the search would take its run for one that hangs, and go on.
#[test]
fn a_search_ends_with_the_campaign_that_was_killed() {
    let folder = Folder::default();
    let mut child = in_a_run(&folder, WAITS);
    child.kill().expect("it is running");
    child.wait().expect("it ends");
    let path = folder.path("findings/nothing/walk.jsonl");
    File::open(&path).expect("a walk").lock().expect("the search releases it when it ends");
    let walk = fs::read_to_string(path).expect("text");
    assert!(!walk.contains("hang"), "{walk}");
    assert!(done(files(&folder, &[])).stdout.contains(" → 1 stimulus, "));
}
