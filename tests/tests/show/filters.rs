//! Tests of the conditions that select events.

use super::folder;

/// Returns the numbers of the events shown. An event that was not recorded appears as its kind after a plus.
fn shown(trace: &str, words: &[&str]) -> String {
    let report = folder().json("show", &[&["show", trace], words].concat());
    let events = report["events"].as_array().unwrap().iter().map(|event| match &event["number"] {
        serde_json::Value::Null => format!("+{}", event["kind"].as_str().unwrap()),
        number => number.to_string(),
    });
    events.collect::<Vec<_>>().join(" ")
}

#[test]
fn by_key_with_those_that_messages_were_routed_to() {
    assert_eq!(shown("in.jsonl", &["--key", "a-2"]), "5 +out");
    assert_eq!(shown("in.jsonl", &["--key", "a-3"]), "6 +rejected");
    assert_eq!(shown("in.jsonl", &["--key", "a-2", "--key", "a-3"]), "5 +out 6 +rejected");
    assert_eq!(shown("in.jsonl", &["--key", "nobody"]), "");
}

#[test]
fn by_message_with_what_it_caused() {
    assert_eq!(shown("in.jsonl", &["--message", "m-6"]), "6 +rejected");
    assert_eq!(shown("in.jsonl", &["--message", "m-5@bank", "--message", "m-1"]), "1 +out 5 +out +out +out");
    assert_eq!(shown("in.jsonl", &["--message", "m-5@shop"]), "");
    assert_eq!(shown("recorded.jsonl", &["--message", "m-1"]), "1 2 3");
    assert_eq!(shown("recorded.jsonl", &["--message", "a-2/balance"]), "17");
}

#[test]
fn by_kind_and_range_and_all_at_once() {
    assert_eq!(shown("recorded.jsonl", &["--kind", "in", "--kind", "rejected"]), "1 4 7 10 14 20 21");
    assert_eq!(shown("recorded.jsonl", &["--range", "4..6"]), "4 5 6");
    assert_eq!(shown("recorded.jsonl", &["--range", "4..17", "--kind", "out", "--key", "a-1"]), "5 8 11 12 15 16");
    assert_eq!(shown("in.jsonl", &["--kind", "out", "--range", "..1"]), "+out");
}

#[test]
fn what_is_no_condition_is_refused() {
    let folder = folder();
    for [condition, value] in [["--kind", "inn"], ["--range", "9..3"], ["--range", "0"], ["--range", "all"]] {
        let said = folder.refused(&["show", "in.jsonl", condition, value]);
        assert!(said.contains(value), "{said}");
    }
}
