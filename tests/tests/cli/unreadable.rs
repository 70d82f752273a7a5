//! Tests of messages whose bodies this version of a system cannot read, such as those of a later version.

use afresh_tests::Folder;
use insta::assert_snapshot;

use super::{LATE_CAPTURE, deposit, json};

/// A message that only a later version of the ledger can read.
const LATER: &str = r#"{"n":7,"in":{"id":"m-2","from":"bank","body":{"gift":{"account":"a-1","amount":7,"on":2}}}}"#;

fn folder() -> Folder {
    let folder = Folder::default();
    folder.trace("in.jsonl", "ledger", &[deposit(1, "a-1", 5, 1), LATER.to_owned(), deposit(3, "a-1", 6, 3)]);
    folder
}

#[test]
fn the_error_says_how_to_go_on() {
    assert_snapshot!(folder().refused(&["check", "in.jsonl"]), @"
    afresh: in.jsonl:3:52: unknown variant `gift`, expected one of `deposit`, `hold`, `capture`, `release`, `reverse`, `transfer`, `credit`
      help: correct the value; if another version of the system wrote it, name that version with `--system NAME`; `--skip-unreadable` counts such messages as rejected, and such outputs and views as different
    ");
}

#[test]
fn it_counts_as_rejected_with_its_reason() {
    let folder = folder();
    let skip = "--skip-unreadable";
    folder.ok(&["check", "in.jsonl", skip]);
    folder.ok(&["replay", "in.jsonl", skip, "--record", "out.jsonl"]);
    let record = folder.read("out.jsonl");
    let lines: Vec<_> = record.lines().collect();
    // The message is in the record as it was recorded, and the rest of the trace was run.
    assert_eq!(lines[4], LATER.replace("\"n\":7", "\"n\":4"));
    assert_snapshot!(lines[5], @r#"{"n":5,"cause":4,"rejected":{"why":"unreadable: unknown variant `gift`, expected one of `deposit`, `hold`, `capture`, `release`, `reverse`, `transfer`, `credit`"}}"#);
    assert!(lines[8].contains(r#""balance":11"#), "{record}");
    // A record with the rejection is as recorded.
    folder.ok(&["replay", "out.jsonl", skip]);
    folder.ok(&["check", "out.jsonl", skip]);
    let shown = json(&folder, 0, &["show", "in.jsonl", skip]);
    let mut events = shown["show"]["events"].as_array().expect("events").iter();
    let event = events.find(|event| event["number"] == 7).expect("the message is shown");
    assert_eq!(event["body"]["gift"]["amount"], 7, "{shown}");
    folder.ok(&["scrub", "in.jsonl", skip, "--all", "--output", "scrubbed.jsonl"]);
    assert!(folder.read("scrubbed.jsonl").contains(LATER));
    folder.ok(&["trigger", "out.jsonl", skip, "--all", "--output", "triggered.jsonl"]);
}

#[test]
fn a_body_of_another_type_is_json_all_the_same() {
    let folder = Folder::default();
    folder.trace("in.jsonl", "ledger", &[r#"{"in":{"id":"m-1","from":"bank","body":5}}"#]);
    folder.run(&["replay", "in.jsonl", "--skip-unreadable", "--record", "out.jsonl"]);
    let record = folder.read("out.jsonl");
    assert!(
        record.contains("unreadable: expected the name of a variant") && !record.contains("is not JSON"),
        "{record}"
    );
}

#[test]
fn a_recorded_output_or_view_that_cannot_be_read_is_a_difference() {
    let folder = Folder::default();
    let skip = "--skip-unreadable";
    let output = r#"{"n":2,"cause":1,"out":{"id":"a-1/balance","to":"statements","body":{"gift":{"amount":7}}}}"#;
    let view = r#"{"n":3,"view":{"key":"a-1","value":{"gifts":7}}}"#;
    folder.trace("in.jsonl", "ledger", &[deposit(1, "a-1", 5, 1), output.to_owned(), view.to_owned()]);
    let error = folder.refused(&["check", "in.jsonl"]);
    assert!(error.contains("`--skip-unreadable` counts such messages as rejected, and such outputs"), "{error}");

    for command in ["check", "replay"] {
        let done = folder.run(&[command, "in.jsonl", skip]);
        assert_eq!(done.code, Some(1), "{}", done.stderr);
        assert!(done.stdout.contains("this version cannot read the recorded output a-1/balance (unknown variant"));
        assert!(done.stdout.contains("this version cannot read the recorded view of a-1 (unknown field"));
    }
    let shown = folder.run(&["show", "in.jsonl", skip, "--full"]).stdout;
    let lines: Vec<_> = shown.lines().filter(|line| line.starts_with(['-', '+'])).take(4).collect();
    assert_snapshot!(lines.join("\n"), @r#"
    -      2  out         a-1/balance to statements {"gift":{"amount":7}} caused by 1
    +         out         a-1/balance to statements {"statement":{"balance":5,"held":0}} caused by 1
    -      3  view        [a-1] {"gifts":7}
    +         view        [a-1] {"balance":5,"held":0,"captured":0,"fees":0,"payments":{}}
    "#);
    // A window that does not have the messages before it cannot tell.
    folder.write("window.jsonl", &format!("{{\"afresh\":{{\"format\":1,\"system\":\"ledger\"}}}}\n{view}\n"));
    folder.ok(&["check", "window.jsonl", skip]);
}

#[test]
fn it_can_be_shrunk_away() {
    let folder = Folder::default();
    let lines = LATE_CAPTURE.iter().copied().chain([LATER]).collect::<Vec<_>>();
    folder.trace("in.jsonl", "ledger+late-capture", &lines);
    assert!(folder.refused(&["shrink", "in.jsonl", "--output", "small.jsonl"]).contains("--skip-unreadable"));
    let done = folder.run(&["shrink", "in.jsonl", "--skip-unreadable", "--output", "small.jsonl"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(!folder.read("small.jsonl").contains("gift"));
}

#[test]
fn only_its_body_may_be_unreadable() {
    let folder = Folder::default();
    for wrong in [
        LATER.replace("\"id\"", "\"di\""),
        LATER.replace("\"on\":2", "\"on\":2,\"on\":3"),
        LATER.replace("\"in\"", "\"inn\""),
    ] {
        folder.trace("in.jsonl", "ledger", &[wrong]);
        assert_eq!(folder.refused(&["check", "in.jsonl"]), folder.refused(&["check", "in.jsonl", "--skip-unreadable"]));
    }
}
