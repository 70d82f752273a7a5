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

#[test]
fn a_right_view_need_not_follow_from_one_that_does_not_show_everything() {
    let folder = Folder::default();
    let say = |id: u64, kind: &str, amount: &str| {
        let body = format!(r#"{{"{kind}":{{"account":"a-1","payment":"p"{amount},"on":{id}}}}}"#);
        format!(r#"{{"in":{{"id":"m-{id}","from":"shop","body":{body}}}}}"#)
    };
    let view = |balance: i64, held: i64| {
        let payments = if held > 0 { format!(r#"{{"p":{held}}}"#) } else { "{}".to_owned() };
        let value = format!(r#"{{"balance":{balance},"held":{held},"captured":0,"fees":0,"payments":{payments}}}"#);
        format!(r#"{{"view":{{"key":"a-1","value":{value}}}}}"#)
    };
    // The hold that comes again has no effect, because the payment is closed. No view shows that it is.
    let events = |last| {
        let hold = |id| say(id, "hold", r#","amount":5"#);
        vec![hold(1), view(0, 5), say(2, "release", ""), view(0, 0), hold(3), view(0, last)]
    };
    folder.trace("foreign.jsonl", "ledger", &events(0));
    folder.ok(&["check", "foreign.jsonl"]);
    folder.trace("foreign.jsonl", "ledger", &events(4));
    let flagged = found(&json(&folder, 1, &["check", "foreign.jsonl"]));
    assert!(flagged.iter().any(|(signature, _)| signature.starts_with("recorded-step/")), "{flagged:?}");
}
