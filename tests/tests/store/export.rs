//! `afresh export` writes a part of a journal as a trace that can be read.

use afresh_tests::Folder;
use serde_json::Value;

use super::{TRACE, URL, folder, stdout_of};

/// Four messages, a minute apart: to the keys a, a and b, b, and a again, with what the system did.
const EVENTS: [&str; 10] = [
    r#"{"n":1,"at":"2026-03-14T09:00:00Z","in":{"id":"m-1","from":"bank","body":{"deposit":{"account":"a","amount":5,"on":1}}}}"#,
    r#"{"n":2,"cause":1,"out":{"id":"a/balance","to":"statements","body":{"statement":{"balance":5,"held":0}}}}"#,
    r#"{"n":3,"at":"2026-03-14T09:01:00Z","in":{"id":"m-2","from":"bank","body":{"deposit":{"account":"b","amount":7,"on":1}}}}"#,
    r#"{"n":4,"cause":3,"out":{"id":"b/balance","to":"statements","body":{"statement":{"balance":7,"held":0}}}}"#,
    r#"{"n":5,"cause":4,"settled":{"id":"b/balance"}}"#,
    r#"{"n":6,"at":"2026-03-14T09:02:00Z","knob":{"by":"ann","trigger":{"keys":["b"]}}}"#,
    r#"{"n":7,"at":"2026-03-14T09:03:00Z","in":{"id":"m-3","from":"bank","body":{"deposit":{"account":"b","amount":-1,"on":1}}}}"#,
    r#"{"n":8,"cause":7,"rejected":{"why":"an amount is positive"}}"#,
    r#"{"n":9,"at":"2026-03-14T09:04:00Z","in":{"id":"m-1","from":"bank","revision":2,"withdrawn":true}}"#,
    r#"{"n":10,"cause":2,"settled":{"id":"a/balance"}}"#,
];

fn exported(words: &[&str]) -> (bool, Vec<String>) {
    let folder = Folder::default();
    folder.trace("t.jsonl", "ledger", &EVENTS);
    stdout_of(&folder, &["import", "t.jsonl", "--into", "sqlite:t.db"]);
    let text = stdout_of(&folder, &[&["export", "sqlite:t.db"], words].concat());
    let mut lines = text.lines().map(str::to_owned);
    let header: Value = serde_json::from_str(&lines.next().expect("a header")).expect("a header is JSON");
    (header["afresh"]["complete"] == true, lines.collect())
}

/// The numbers of the events that are exported, and whether the trace is complete.
fn numbers(words: &[&str]) -> (bool, Vec<u64>) {
    let (complete, lines) = exported(words);
    let number =
        |line: &String| serde_json::from_str::<Value>(line).expect("a line is JSON")["n"].as_u64().expect("a number");
    (complete, lines.iter().map(number).collect())
}

#[test]
fn the_whole_journal_is_exported() {
    let (complete, lines) = exported(&[]);
    assert!(complete);
    assert_eq!(lines, EVENTS);
}

#[test]
fn a_time_cuts_at_a_stimulus() {
    let all = |numbers: std::ops::RangeInclusive<u64>| numbers.collect::<Vec<_>>();
    assert_eq!(numbers(&["--until", "2026-03-14T09:01:30Z"]), (true, all(1..=5)));
    assert_eq!(numbers(&["--until", "2026-03-14T09:01:00Z"]), (true, all(1..=2)));
    assert_eq!(numbers(&["--since", "2026-03-14T09:01:00Z"]), (false, all(3..=10)));
    assert_eq!(
        numbers(&["--since", "2026-03-14T10:00:30+01:00", "--until", "2026-03-14T09:03:00Z"]),
        (false, all(3..=6))
    );
    assert_eq!(numbers(&["--since", "2027-01-01T00:00:00Z"]), (false, vec![]));
    assert_eq!(numbers(&["--until", "2020-01-01T00:00:00Z"]), (true, vec![]));
}

#[test]
fn a_cause_that_is_left_out_is_dropped() {
    let (_, lines) = exported(&["--since", "2026-03-14T09:03:00Z"]);
    assert_eq!(lines[..2], EVENTS[6..8]);
    assert_eq!(lines[3], r#"{"n":10,"settled":{"id":"a/balance"}}"#);
}

#[test]
fn a_key_keeps_what_concerns_it() {
    // The withdrawal has no body. The knob can concern any key.
    assert_eq!(numbers(&["--key", "a"]), (false, vec![1, 2, 6, 9, 10]));
    assert_eq!(numbers(&["--key", "b"]), (false, vec![3, 4, 5, 6, 7, 8]));
    assert_eq!(numbers(&["--key", "a", "--key", "b"]), (false, (1..=10).collect()));
    // The key exists, and nothing of it is in the part.
    assert_eq!(numbers(&["--key", "b", "--until", "2026-03-14T09:00:30Z"]), (false, vec![]));
    assert_eq!(numbers(&["--key", "b", "--until", "2026-03-14T09:02:00Z"]), (false, vec![3, 4, 5]));
}

#[test]
fn a_part_of_a_long_journal_can_be_read() {
    let folder = folder();
    let until = ["--until", "2026-03-14T09:00:03Z", "--output", "a.jsonl"];
    stdout_of(&folder, &[&["export", URL], &until[..]].concat());
    assert!(folder.read(TRACE).starts_with(&folder.read("a.jsonl")));
    folder.ok(&["check", "a.jsonl"]);
    folder.ok(&["replay", "a.jsonl"]);
    stdout_of(&folder, &["export", URL, "--key", "a-1", "--output", "b.jsonl"]);
    folder.ok(&["show", "b.jsonl"]);
    stdout_of(&folder, &["export", URL, "--since", "2026-03-14T09:00:03Z", "--output", "c.jsonl"]);
    folder.ok(&["check", "c.jsonl"]);
}

#[test]
fn usage_is_checked() {
    let folder = folder();
    let said = folder.refused(&["export", URL, "--since", "yesterday"]);
    assert!(said.contains("such as \"2026-03-14T09:26:53Z\""), "{said}");
    let said = folder.refused(&["export", URL, "--system", "ledger"]);
    assert!(said.contains("--key"), "{said}");
    let said = folder.refused(&["export", URL, "--key", "a", "--system", "leger"]);
    assert!(said.contains("ledger"), "{said}");
    let said = folder.refused(&["export", URL, "--key", "a", "--system", "replica"]);
    assert!(said.contains("which has no keys: `--key` applies only to systems with keys"), "{said}");
    let said = folder.refused(&["export", URL, "--key", "a-1", "--key", "a_2", "--output", "copy.jsonl"]);
    assert!(said.contains("unknown key `a_2`: expected ") && said.contains("did you mean `a-"), "{said}");
    assert!(!folder.path("copy.jsonl").exists());
    folder.write("copy.jsonl", "");
    let said = folder.refused(&["export", URL, "--output", "copy.jsonl"]);
    assert!(said.contains("already exists"), "{said}");
}
