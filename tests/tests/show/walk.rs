//! Tests of the steps of a search.

use std::fs::File;

use afresh_tests::{Done, Folder};
use insta::assert_snapshot;

use super::MESSAGES;

/// A folder with a shrunk file of 40 lines, two of which are needed.
fn shrunk() -> Folder {
    let folder = Folder::default();
    let lines: String =
        (1..=40).map(|n| if n == 9 || n == 31 { format!("need {n}\n") } else { format!("ping {n}\n") }).collect();
    folder.write("log.txt", &lines);
    folder.ok(&["shrink", "log.txt", "--", "sh", "-c", r#"[ "$(grep -c need "$0")" = 2 ]"#, "{}"]);
    folder
}

#[test]
fn each_step_is_shown_with_what_it_removed() {
    assert_snapshot!(shrunk().ok(&["show", "--walk", "log.min.txt.walk"]));
}

/// A walk on standard input has no name from which its original could be derived.
#[test]
fn a_walk_is_read_from_standard_input() {
    let folder = shrunk();
    let play = |words: &[&str]| -> Done {
        let walk = File::open(folder.path("log.min.txt.walk")).expect("a walk");
        folder.command(&[&["show", "--walk", "-"], words].concat()).stdin(walk).output().expect("it runs").into()
    };
    let played = play(&["log.txt"]);
    assert_eq!((played.code, played.stdout), (Some(0), folder.ok(&["show", "--walk", "log.min.txt.walk"])));
    let unnamed = play(&[]);
    assert!(unnamed.code == Some(2) && unnamed.stderr.contains("pass the original as TRACE"), "{}", unnamed.stderr);
    let twice = play(&["-"]);
    assert!(twice.code == Some(2) && twice.stderr.contains("both"), "{}", twice.stderr);
}

#[test]
fn steps_are_for_programs_too_and_add_up() {
    let folder = shrunk();
    let played = folder.json("walk", &["show", "--walk", "log.min.txt.walk"]);
    assert_eq!((&played["input"], &played["before"]), (&"log.txt".into(), &40.into()));
    let mut left = 40;
    for step in played["steps"].as_array().expect("steps") {
        assert_eq!(step["before"], left);
        let removed = step["removed"]
            .as_array()
            .expect("stretches")
            .iter()
            .map(|stretch| stretch.as_array().expect("lines").len());
        left -= removed.sum::<usize>();
        assert_eq!(step["after"], left);
    }
    assert_eq!(left, 2);
    assert_eq!(played["steps"][0]["removed"][0][0]["text"], "ping 36");
}

#[test]
fn the_walk_of_a_trace_names_events() {
    let folder = Folder::default();
    folder.trace("in.jsonl", "ledger+late-capture", &MESSAGES);
    folder.ok(&["shrink", "in.jsonl"]);
    assert_snapshot!(folder.ok(&["show", "--walk", "in.min.jsonl.walk"]));
    // The walk also fits the same trace under another version of the system.
    folder.trace("other.jsonl", "ledger", &MESSAGES);
    let named = folder.ok(&["show", "other.jsonl", "--walk", "in.min.jsonl.walk"]);
    assert!(named.starts_with("other.jsonl: 6 messages\n"), "{named}");
}

#[test]
fn what_a_walk_is_about_has_to_be_there() {
    let folder = shrunk();
    folder.write("other.txt", "ping\n");
    std::fs::copy(folder.path("log.min.txt.walk"), folder.path("walk")).expect("copied");
    let cases: [&[&str]; 3] = [
        &["show", "other.txt", "--walk", "log.min.txt.walk"],
        &["show", "--walk", "walk"],
        &["show", "--walk", "log.txt"],
    ];
    assert_snapshot!(cases.map(|words| folder.refused(words)).concat());
    let usage = folder.refused(&["show", "log.txt", "--walk", "walk", "--views"]);
    assert!(usage.contains("cannot be used with"), "{usage}");
    let usage = folder.refused(&["show"]);
    assert!(usage.contains("TRACE"), "{usage}");
}
