//! Tests of output that only a terminal gets: colours, and a progress bar for long work.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use afresh_tests::{Done, Folder};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::{LATE_CAPTURE, deposit};

/// Opens a pseudoterminal. Returns the end that a program writes to and the end that reads its output.
fn terminal() -> (File, File) {
    let reader = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&reader).and_then(|()| unlockpt(&reader)).expect("it is ours");
    let name = ptsname(&reader, Vec::new()).expect("it has a name").into_string().expect("ASCII");
    (OpenOptions::new().read(true).write(true).open(name).expect("it opens"), File::from(reader))
}

/// Returns everything written to a terminal, once all programs that could write to it have ended.
fn written(mut reader: File) -> String {
    let mut bytes = Vec::new();
    // Reading from a terminal that is closed ends with an error.
    let _ = reader.read_to_end(&mut bytes);
    String::from_utf8(bytes).expect("UTF-8")
}

fn command(folder: &Folder, words: &[&str]) -> std::process::Command {
    let mut command = folder.command(words);
    command.env_remove("NO_COLOR").env_remove("CLICOLOR").env_remove("CI").env("TERM", "xterm-256color");
    command
}

/// Runs `afresh` with `words`, and feeds it a trace with a pause in it.
fn fed_slowly(folder: &Folder, words: &[&str], stderr: Stdio, pause: Duration) -> Child {
    let (first, rest) = (folder.read("long.jsonl"), deposit(2, "a-1", 5, 2) + "\n");
    let mut child = command(folder, words).stdin(Stdio::piped()).stderr(stderr).spawn().expect("the binary runs");
    let mut stdin = child.stdin.take().expect("it reads");
    stdin.write_all(first.as_bytes()).expect("it takes the trace");
    thread::sleep(pause);
    stdin.write_all(rest.as_bytes()).expect("it takes the rest");
    child
}

#[test]
fn long_work_shows_how_far_it_is_on_a_terminal_and_nowhere_else() {
    let folder = Folder::default();
    folder.trace("long.jsonl", "ledger", &[deposit(1, "a-1", 5, 1)]);
    for (name, unit) in [("check", "%"), ("replay", "B read")] {
        let words = [name, "-"];
        let pause = Duration::from_millis(600);
        let piped = fed_slowly(&folder, &words, Stdio::piped(), pause).wait_with_output();
        let piped = Done::from(piped.expect("it ends"));
        assert_eq!((piped.code, piped.stderr.as_str()), (Some(0), ""), "{words:?}");
        // On a busy machine the program may begin so late that the pause is over soon, so a longer one is tried.
        let pauses = (0..8).map(|times| pause * 2_u32.pow(times));
        let mut tried = pauses.map(|pause| {
            let (stderr, reader) = terminal();
            let child = fed_slowly(&folder, &words, Stdio::from(stderr), pause);
            (written(reader), Done::from(child.wait_with_output().expect("it ends")))
        });
        let (shown, done) = tried.find(|(shown, _)| !shown.is_empty()).expect("a bar is shown");
        // The bar is drawn and removed again, and the findings do not change.
        assert!(shown.contains(unit) && shown.ends_with("\u{1b}[2K"), "{words:?}: {shown:?}");
        assert_eq!((done.code, done.stdout), (Some(0), piped.stdout));
    }
}

#[test]
fn nothing_is_left_of_short_work() {
    let folder = Folder::default();
    folder.trace("short.jsonl", "ledger", &[deposit(1, "a-1", 5, 1)]);
    for words in [["check", "short.jsonl"], ["replay", "short.jsonl"]] {
        let (stderr, reader) = terminal();
        let child = command(&folder, &words).stderr(Stdio::from(stderr)).spawn().expect("the binary runs");
        // Short work shows nothing at all, but on a busy machine no work is short.
        let shown = written(reader);
        assert!(shown.is_empty() || shown.ends_with("\u{1b}[2K"), "{words:?}: {shown:?}");
        assert_eq!(child.wait_with_output().expect("it ends").status.code(), Some(0));
    }
}

#[test]
fn a_terminal_has_colours_and_a_pipe_has_none() {
    let folder = Folder::default();
    folder.trace("bug.jsonl", "ledger+late-capture", &LATE_CAPTURE);
    let (stdout, reader) = terminal();
    let child = command(&folder, &["check", "bug.jsonl"]).stdout(Stdio::from(stdout)).spawn().expect("the binary runs");
    let shown = written(reader).replace("\r\n", "\n");
    child.wait_with_output().expect("it ends");
    assert!(shown.contains("\u{1b}[31m"), "{shown:?}");
    let piped = folder.run(&["check", "bug.jsonl"]).stdout;
    assert!(!piped.contains('\u{1b}'), "{piped:?}");
    // Without its colours, the output of a terminal equals that of a pipe.
    let mut plain = String::new();
    for (place, part) in shown.split('\u{1b}').enumerate() {
        plain += if place == 0 { part } else { part.split_once('m').expect("a colour").1 };
    }
    assert_eq!(plain, piped);
}

#[test]
fn a_long_body_is_cut_on_a_terminal_alone() {
    let folder = Folder::default();
    let account = "a".repeat(200);
    folder.trace("long.jsonl", "ledger", &[deposit(1, &account, 5, 1)]);
    let body = format!(r#"{{"deposit":{{"account":"{account}","amount":5,"on":1}}}}"#);
    let shown = |words: &[&str]| {
        let (stdout, reader) = terminal();
        let child = command(&folder, words).stdout(Stdio::from(stdout)).spawn().expect("the binary runs");
        let shown = written(reader);
        assert_eq!(child.wait_with_output().expect("it ends").status.code(), Some(0));
        shown
    };
    let words = ["show", "long.jsonl", "--full"];
    assert!(!shown(&words[..2]).contains(&body) && shown(&words[..2]).contains("aaaa…"));
    assert!(shown(&words).contains(&body));
    assert!(folder.ok(&words[..2]).contains(&body));
}
