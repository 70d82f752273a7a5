//! Tests of windows: values that a window cannot derive are counted apart and are not bugs.

use afresh_tests::Folder;
use insta::assert_snapshot;

use super::{deposit, found, json};

const HEADER: &str = r#"{"afresh":{"format":1,"system":"ledger","complete":false}}"#;

fn view(kind: &str, key: &str, balance: i64, after: &str) -> String {
    let value = format!(r#"{{"balance":{balance},"held":0,"captured":0,"fees":0,"payments":{{}}}}"#);
    format!(r#"{{"{kind}":{{"key":"{key}","value":{value}{after}}}}}"#)
}

/// A folder with a window of these events.
fn window(events: &[String]) -> Folder {
    let folder = Folder::default();
    folder.write("window.jsonl", &(format!("{HEADER}\n{}\n", events.join("\n"))));
    folder
}

#[test]
fn what_it_does_not_say_is_counted_apart() {
    let folder = window(&[
        view("opening", "a-1", 100, r#","after":10"#),
        deposit(1, "a-1", 5, 20),
        view("view", "a-1", 105, ""),
        // Nothing is known about this key.
        deposit(2, "a-2", 5, 21),
        view("view", "a-2", 70_000, ""),
        // This message is from before the opening, which may already include it.
        deposit(3, "a-1", 5, 7),
        view("view", "a-1", 70_000, ""),
        // Both keys have learned from their views.
        deposit(4, "a-1", 5, 22),
        view("view", "a-1", 70_005, ""),
        deposit(5, "a-2", 5, 22),
        view("view", "a-2", 70_005, ""),
    ]);
    assert_snapshot!(folder.ok(&["check", "window.jsonl"]), @"
    window.jsonl: ok: 6 stimuli, 2 keys
      compared 4 steps, each recomputed from the first message; 3 recorded views, 2 of them also compared with the one before
      messages: 1 late, 0 duplicate, 0 revised, 0 withdrawn; `update` never ran, so this check did not test it
      not derivable from this window: balance 1 time, captured 1 time, fees 1 time, held 1 time, payments 1 time, state 2 times, view 1 time
    ");
    let said = folder.ok(&["replay", "window.jsonl"]);
    assert!(said.starts_with("window.jsonl: as recorded in 3 observations"), "{said}");
    let shown = folder.ok(&["show", "window.jsonl", "--views"]);
    assert!(shown.contains("70005"), "{shown}");
}

#[test]
fn a_divergence_names_the_view_that_its_key_rests_on() {
    let folder = window(&[
        deposit(1, "a-1", 5, 20),
        view("view", "a-1", 100, ""),
        deposit(2, "a-1", 5, 21),
        view("view", "a-1", 110, ""),
    ]);
    let report = json(&folder, 1, &["check", "window.jsonl"]);
    assert_eq!(found(&report), [("recorded/balance".to_owned(), 1), ("recorded-step/balance".to_owned(), 1)]);
    let said = report["check"][0]["findings"][0]["first"]["found"].as_str().expect("a text").to_owned();
    assert!(said.ends_with("which rests on the view of event 2"), "{said}");
    assert_eq!(folder.run(&["replay", "window.jsonl"]).code, Some(1));
}

#[test]
fn what_it_says_is_held_against_the_record() {
    let opening = view("opening", "a-1", 100, r#","after":10"#);
    let folder = window(&[opening, deposit(1, "a-1", 5, 20), view("view", "a-1", 104, "")]);
    let report = json(&folder, 1, &["check", "window.jsonl"]);
    assert_eq!(found(&report), [("recorded/balance".to_owned(), 1)]);
    assert_eq!(folder.run(&["replay", "window.jsonl"]).code, Some(1));
}

#[test]
fn a_flow_that_was_on_before_it_is_turned_on_at_its_beginning() {
    let migrate = r#"{"knob":{"migrate":{"flow":"fees-v2","on":true,"by":"ops","why":"on since May"}}}"#;
    let payment = |kind: &str, id: u32, on: u32| {
        let body = format!(r#"{{"{kind}":{{"account":"a-1","payment":"p-1","amount":50000,"on":{on}}}}}"#);
        format!(r#"{{"in":{{"id":"m-{id}","from":"shop","body":{body}}}}}"#)
    };
    let opening = view("opening", "a-1", 90_000, r#","after":10"#);
    let events = [migrate.to_owned(), opening, payment("hold", 1, 20), payment("capture", 2, 21)];
    let folder = window(&events);
    folder.ok(&["replay", "window.jsonl", "--record", "recorded.jsonl"]);
    let recorded = folder.read("recorded.jsonl");
    assert!(recorded.contains(r#""captured":50000,"fees":700"#), "{recorded}");
    folder.ok(&["check", "recorded.jsonl"]);
    // If the flow is not turned on at the beginning, the record differs.
    folder.write("without.jsonl", &recorded.replace(r#""on":true"#, r#""on":false"#));
    assert_eq!(folder.run(&["check", "without.jsonl"]).code, Some(1));
}
