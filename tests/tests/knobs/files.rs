//! Tests of the output of a knob: nothing is overwritten without `--force`, and a file is complete or absent.

use std::fs::File;
use std::io::Write;
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

#[test]
fn of_many_knobs_at_once_none_is_lost() {
    let folder = recorded("ledger", 3);
    let trace = folder.read("trace.jsonl");
    let knob = || folder.command(&[&TRIGGER[..], &["--in-place"]].concat()).spawn().unwrap();
    let knobs: Vec<_> = (0..32).map(|_| knob()).collect();
    let done = knobs.into_iter().map(|knob| afresh_tests::Done::from(knob.wait_with_output().unwrap()));
    let (turned, refused): (Vec<_>, Vec<_>) = done.partition(|done| done.code == Some(0));
    for done in refused {
        assert!(done.code == Some(2) && done.stderr.contains("is being written by another process"), "{}", done.stderr);
    }
    let added = folder.read("trace.jsonl").lines().count() - trace.lines().count();
    assert!(!turned.is_empty() && added == turned.len(), "{added} of {} knobs are in the trace", turned.len());
}

#[test]
fn a_signal_leaves_nothing_beside_the_output() {
    let folder = recorded("ledger", 3);
    let import = ["import", "-", "--system", "ledger", "--map", "id=.id", "--map", "from==b", "--map", "body=.b"];
    let import = [&import[..], &["--read-as", "json", "-o", "out.jsonl"]].concat();
    let scrub = ["scrub", "-", "--all", "-o", "out.jsonl"].to_vec();
    let row =
        |n: u64| format!("{{\"id\":\"{n}\",\"b\":{{\"deposit\":{{\"account\":\"a\",\"amount\":5,\"on\":1}}}}}}\n");
    let rows: String = (0..40_000).map(row).collect();
    let header = folder.read("trace.jsonl").lines().next().unwrap().to_owned() + "\n";
    let event = |n: u64| format!("{}\n", crate::cli::deposit(n, "a", 5, 1));
    let trace = header + &(1..40_000).map(event).collect::<String>();
    let before = folder.files();
    for (words, input) in [(import, rows), (scrub, trace)] {
        for signal in ["-TERM", "-KILL"] {
            let mut child = folder.command(&words).stdin(Stdio::piped()).spawn().unwrap();
            // A pipe and its readers hold less than this, so the output has been started when all of it is taken.
            assert!(input.len() > 2 << 20);
            child.stdin.as_mut().unwrap().write_all(input.as_bytes()).unwrap();
            assert!(
                std::process::Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success()
            );
            assert_eq!(child.wait_with_output().unwrap().status.code(), None, "{words:?}");
            assert_eq!(folder.files(), before, "{words:?}");
        }
    }
}
