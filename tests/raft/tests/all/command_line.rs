//! Groups on the command line: run, replayed, checked, shrunk and shown by name.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// Runs `raft-group` in a folder. Returns its exit code and its output.
fn run(folder: &Path, words: &str) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_raft-group"));
    let done = command.args(words.split(' ')).current_dir(folder).output().expect("the binary runs");
    assert!(done.stderr.is_empty(), "{words}: {}", String::from_utf8_lossy(&done.stderr));
    (done.status.code(), String::from_utf8(done.stdout).expect("text"))
}

#[test]
fn a_group_is_explored_and_its_runs_replay() {
    let folder = TempDir::new().expect("a folder");
    let run = |words| run(folder.path(), words);
    let (code, explored) = run("explore raft --seeds 0..10");
    assert_eq!(code, Some(0), "{explored}");
    assert!(explored.starts_with("raft: ok: 10 runs"), "{explored}");
    assert_eq!(run("run raft-of-five --seed 3 --output t.jsonl").0, Some(0));
    let (code, replayed) = run("replay t.jsonl");
    assert_eq!(code, Some(0), "{replayed}");
    assert!(replayed.starts_with("t.jsonl: as recorded") && replayed.contains("5 nodes"), "{replayed}");
}

#[test]
fn what_is_found_comes_with_commands_of_this_program() {
    let folder = TempDir::new().expect("a folder");
    let (code, explored) = run(folder.path(), "explore raft+applies-twice --seeds 1..2");
    assert_eq!(code, Some(1), "{explored}");
    let commands = folder.path().join("findings/applied-once/commands.txt");
    let commands = std::fs::read_to_string(commands).expect("commands");
    assert!(commands.contains("\nraft-group check shrunk.jsonl\n"), "{commands}");
    assert!(commands.contains("\nraft-group run raft+applies-twice --seed 1\n"), "{commands}");
}

#[test]
fn a_mistake_is_found_shrunk_and_shown() {
    let folder = TempDir::new().expect("a folder");
    let run = |words| run(folder.path(), words);
    assert_eq!(run("run raft+applies-twice --seed 1 --output t.jsonl").0, Some(1));
    let (code, shrunk) = run("shrink t.jsonl --output small.jsonl");
    assert_eq!(code, Some(0), "{shrunk}");
    let (code, checked) = run("check small.jsonl");
    assert_eq!(code, Some(1), "{checked}");
    assert!(checked.contains("kept for applied-once, which is back"), "{checked}");
    assert_eq!(run("check small.jsonl --system raft").0, Some(0));
    let (code, shown) = run("show small.jsonl");
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("MsgAppend") && shown.contains("applied-once at 1 step"), "{shown}");
}
