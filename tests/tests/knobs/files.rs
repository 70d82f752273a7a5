//! Tests of the output of a knob: nothing is overwritten without `--force`, and a file is complete or absent.

use std::fs::File;
use std::process::Stdio;

use afresh_tests::without_numbers;

use super::{added, recorded};

const TRIGGER: [&str; 3] = ["trigger", "trace.jsonl", "--all"];

/// The line that the knob adds to the trace, without its number.
const KNOB: &str = "{\"knob\":{\"trigger\":{\"by\":\"operator\"}}}\n";

#[test]
fn nothing_is_overwritten_unasked() {
    let folder = recorded("ledger", 3);
    folder.write("out.jsonl", "precious");
    let output = [&TRIGGER[..], &["--output", "out.jsonl"]].concat();
    folder.refused(&output);
    assert_eq!(folder.read("out.jsonl"), "precious");
    folder.ok(&[&output[..], &["--force"]].concat());
    assert_eq!(added(&folder, "out.jsonl"), KNOB);
}

#[test]
fn a_dry_run_writes_nothing() {
    let folder = recorded("ledger", 3);
    let (files, trace) = (folder.files(), folder.read("trace.jsonl"));
    let report = folder.json("knob", &[&TRIGGER[..], &["--dry-run"]].concat());
    assert!(report.get("done").is_none());
    assert_eq!((folder.files(), folder.read("trace.jsonl")), (files, trace));
}

#[test]
fn a_trace_is_replaced_only_in_place_and_not_while_it_is_recorded() {
    let folder = recorded("ledger", 3);
    let trace = folder.read("trace.jsonl");
    let in_place = [&TRIGGER[..], &["--in-place"]].concat();
    folder.refused(&[&TRIGGER[..], &["--output", "trace.jsonl"]].concat());
    let recorder = File::open(folder.path("trace.jsonl")).unwrap();
    recorder.lock().unwrap();
    folder.refused(&in_place);
    assert_eq!(folder.read("trace.jsonl"), trace);
    // Unlocks instead of closing: until a process that another test starts at this time has begun, it holds the file
    // open too.
    recorder.unlock().unwrap();
    folder.ok(&in_place);
    assert_eq!(without_numbers(&folder.read("trace.jsonl")), without_numbers(&trace) + KNOB);
}

#[test]
fn streams_carry_the_trace_and_nothing_else() {
    let folder = recorded("ledger", 3);
    let trace = folder.read("trace.jsonl");
    let mut command = folder.command(&["trigger", "-", "--all", "--output", "-"]);
    command.stdin(Stdio::from(File::open(folder.path("trace.jsonl")).unwrap()));
    let done = afresh_tests::Done::from(command.output().unwrap());
    assert_eq!((done.code, without_numbers(&done.stdout)), (Some(0), without_numbers(&trace) + KNOB));
    assert!(done.stderr.starts_with("standard input: trigger all keys"), "{}", done.stderr);
    folder.refused(&["trigger", "-", "--all", "--in-place"]);
}

#[test]
fn a_last_line_that_is_cut_off_is_not_gone_on_from() {
    let folder = recorded("ledger", 3);
    let whole = folder.read("trace.jsonl");
    folder.write("torn.jsonl", &(whole.clone() + r#"{"in":{"id":"m-"#));
    let words = ["trigger", "torn.jsonl", "--all", "--output", "out.jsonl"];
    folder.refused(&words);
    folder.ok(&[&words[..], &["--torn"]].concat());
    assert_eq!(without_numbers(&folder.read("out.jsonl")), without_numbers(&whole) + KNOB);

    folder.write("open.jsonl", whole.trim_end());
    folder.ok(&["trigger", "open.jsonl", "--all", "--in-place"]);
    assert_eq!(without_numbers(&folder.read("open.jsonl")), without_numbers(&whole) + KNOB);
}
