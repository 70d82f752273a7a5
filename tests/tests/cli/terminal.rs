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

/// Runs `afresh` with `words`, and feeds it a trace so slowly that the work takes long on any machine.
fn fed_slowly(folder: &Folder, words: &[&str], stderr: Stdio) -> Child {
    let (first, rest) = (folder.read("long.jsonl"), deposit(2, "a-1", 5, 2) + "\n");
    let mut child = command(folder, words).stdin(Stdio::piped()).stderr(stderr).spawn().expect("the binary runs");
    let mut stdin = child.stdin.take().expect("it reads");
    stdin.write_all(first.as_bytes()).expect("it takes the trace");
    thread::sleep(Duration::from_millis(600));
    stdin.write_all(rest.as_bytes()).expect("it takes the rest");
    child
}

#[test]
fn long_work_shows_how_far_it_is_on_a_terminal_and_nowhere_else() {
    let folder = Folder::default();
    folder.trace("long.jsonl", "ledger", &[deposit(1, "a-1", 5, 1)]);
    for (name, unit) in [("check", "%"), ("replay", "B read")] {
        let words = [name, "-"];
        let piped = Done::from(fed_slowly(&folder, &words, Stdio::piped()).wait_with_output().expect("it ends"));
        assert_eq!((piped.code, piped.stderr.as_str()), (Some(0), ""), "{words:?}");
        let (stderr, reader) = terminal();
        let child = fed_slowly(&folder, &words, Stdio::from(stderr));
        let shown = written(reader);
        let done = Done::from(child.wait_with_output().expect("it ends"));
        // The bar is drawn and removed again, and the findings do not change.
        assert!(shown.contains(unit) && shown.ends_with("\u{1b}[2K"), "{words:?}: {shown:?}");
        assert_eq!((done.code, done.stdout), (Some(0), piped.stdout));
    }
}

#[test]
fn short_work_shows_nothing() {
    let folder = Folder::default();
    folder.trace("short.jsonl", "ledger", &[deposit(1, "a-1", 5, 1)]);
    for words in [["check", "short.jsonl"], ["replay", "short.jsonl"]] {
        let (stderr, reader) = terminal();
        let child = command(&folder, &words).stderr(Stdio::from(stderr)).spawn().expect("the binary runs");
        assert_eq!(written(reader), "", "{words:?}");
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
