//! Tests of a history that another system recorded: each recorded step and each recorded view is checked.

use afresh_tests::Folder;
use serde_json::Value;

use super::{deposit, found, json};

/// Writes a trace of deposits with recorded views, in which the views of the messages in `wrong` are off by `off`.
fn recorded(folder: &Folder, wrong: std::ops::Range<u64>, off: i64) {
    let mut events = Vec::new();
    for n in 1..=40 {
        events.push(deposit(n, "a-1", 5, n as i64));
        let balance = 5 * n as i64 + if wrong.contains(&n) { off } else { 0 };
        let value = format!(r#"{{"balance":{balance},"held":0,"captured":0,"fees":0,"payments":{{}}}}"#);
        events.push(format!(r#"{{"view":{{"key":"a-1","value":{value}}}}}"#));
    }
    folder.trace("foreign.jsonl", "ledger", &events);
}

fn first(report: &Value, signature: &str) -> Value {
    let place = found(report).iter().position(|(found, _)| found == signature).expect("it was found");
    report["check"][0]["findings"][place]["first"]["event"].clone()
}

#[test]
fn the_steps_flag_the_edges_of_what_was_overwritten_and_the_views_every_row() {
    let folder = Folder::default();
    recorded(&folder, 11..21, 7);
    let report = json(&folder, 1, &["check", "foreign.jsonl"]);
    let mut flagged = found(&report);
    flagged.sort();
    assert_eq!(flagged, [("recorded-step/balance".to_owned(), 2), ("recorded/balance".to_owned(), 10)]);
    // Both begin where the overwritten stretch begins.
    assert_eq!((first(&report, "recorded-step/balance"), first(&report, "recorded/balance")), (22.into(), 22.into()));
    let coverage = &report["check"][0]["coverage"];
    assert_eq!((&coverage["recorded"], &coverage["recorded_steps"]), (&40.into(), &39.into()));
}

#[test]
fn an_error_that_is_carried_to_the_end_is_one_wrong_step() {
    let folder = Folder::default();
    recorded(&folder, 31..41, -3);
    let mut flagged = found(&json(&folder, 1, &["check", "foreign.jsonl"]));
    flagged.sort();
    assert_eq!(flagged, [("recorded-step/balance".to_owned(), 1), ("recorded/balance".to_owned(), 10)]);
}

#[test]
fn one_row_is_wrong_by_itself_and_its_neighbour_does_not_follow_from_it() {
    let folder = Folder::default();
    recorded(&folder, 20..21, 1);
    let mut flagged = found(&json(&folder, 1, &["check", "foreign.jsonl"]));
    flagged.sort();
    assert_eq!(flagged, [("recorded-step/balance".to_owned(), 2), ("recorded/balance".to_owned(), 1)]);
    recorded(&folder, 0..0, 1);
    folder.ok(&["check", "foreign.jsonl"]);
}
