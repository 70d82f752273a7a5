//! `afresh replay`: what was recorded, and what is so now.

use afresh_tests::Folder;
use insta::assert_snapshot;

use super::{LATE_CAPTURE, copy, json};

/// A folder with a trace that `ledger+late-capture` recorded; carried along, as that ledger had it in production.
fn folder() -> Folder {
    let folder = Folder::default();
    folder.trace("in.jsonl", "ledger+late-capture", &LATE_CAPTURE);
    let record = ["--policy", "incremental", "--record", "recorded.jsonl"];
    folder.ok(&[&["replay", "in.jsonl"][..], &record].concat());
    folder
}

#[test]
fn a_verdict_is_one_line_with_the_digest() {
    let folder = folder();
    assert_snapshot!(folder.ok(&["replay", "in.jsonl"]), @r"in.jsonl: runs; nothing was recorded to compare; 4 stimuli, 1 key, digest 57257c78d20b0cf4ae44c71e38864334");
    assert_snapshot!(folder.ok(&["replay", "recorded.jsonl", "--policy", "incremental"]), @r"recorded.jsonl: as recorded in 7 observations; 4 stimuli, 1 key, digest fb2fac078c1004816a24e6d2d80d0fa1");
    for name in ["ledger.jsonl", "orderbook.jsonl", "document.jsonl", "ledger-window.jsonl", "orderbook-window.jsonl"] {
        copy(&folder, name);
        let said = folder.ok(&["replay", name]);
        assert!(said.starts_with(&format!("{name}: as recorded in ")) && said.lines().count() == 1, "{said}");
    }
}

#[test]
fn it_stops_after_an_event() {
    let folder = folder();
    let all = json(&folder, 1, &["replay", "recorded.jsonl"]);
    let first = all["replay"]["first"]["event"].as_u64().expect("an event");
    let until = |event: u64, code| {
        json(&folder, code, &["replay", "recorded.jsonl", "--until", &event.to_string()])["replay"].clone()
    };
    assert_eq!(until(first - 1, 0)["differences"], 0);
    assert_eq!(until(first, 1)["first"], all["replay"]["first"]);
    assert_eq!(until(1000, 1), all["replay"]);
    let one = until(1, 0);
    assert_eq!((&one["events"], &one["stimuli"]), (&1.into(), &1.into()));
    assert_eq!(until(1, 0)["digest"], one["digest"]);
    assert_ne!(one["digest"], all["replay"]["digest"]);
}

#[test]
fn what_is_recorded_is_as_recorded() {
    let folder = folder();
    let traces = ["ledger.jsonl", "orderbook-hash-order.jsonl", "document-long.jsonl", "ledger-migration.jsonl"];
    for name in traces {
        copy(&folder, name);
        // A correct version of the system, where the trace is of another: that one is not even itself twice.
        let system = name.split(['-', '.']).next().expect("a name");
        let replay = |words: &[&str]| folder.ok(&[&["replay", "--system", system], words].concat());
        replay(&[name, "--record", "one"]);
        let digest = |said: &str| said.split_once("digest ").expect("a digest").1.to_owned();
        let (again, fresh) = (replay(&["one"]), replay(&[name]));
        assert!(again.starts_with("one: as recorded"), "{again}");
        assert_eq!(digest(&again), digest(&fresh));
        replay(&[name, "--record", "two"]);
        replay(&["one", "--record", "three"]);
        assert!(folder.read("one") == folder.read("two") && folder.read("one") == folder.read("three"), "{name}");
        for name in ["one", "two", "three"] {
            std::fs::remove_file(folder.path(name)).expect("it was there");
        }
    }
}

#[test]
fn the_policy_decides_whether_the_bug_of_production_shows_again() {
    let folder = folder();
    copy(&folder, "ledger-production.jsonl");
    let said = folder.ok(&["replay", "ledger-production.jsonl", "--policy", "incremental"]);
    assert!(said.contains("as recorded"), "{said}");
    assert_eq!(folder.run(&["replay", "ledger-production.jsonl"]).code, Some(1));
}

#[test]
fn the_report_for_programs() {
    let folder = folder();
    let report = json(&folder, 1, &["replay", "recorded.jsonl"]);
    let first = &report["replay"]["first"];
    assert_eq!((&first["event"], &first["line"], &first["key"]), (&10.into(), &11.into(), &"a-1".into()), "{first}");
    assert_eq!((&first["versus"]["left"], &first["versus"]["right"]), (&"recorded".into(), &"now".into()));
}
