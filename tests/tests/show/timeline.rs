//! Tests of the lines that describe each event.

use afresh_tests::Folder;
use insta::assert_snapshot;

use super::folder;

#[test]
fn what_was_recorded_is_so_now() {
    assert_snapshot!(folder().ok(&["show", "recorded.jsonl"]));
}

#[test]
fn what_is_another_now_is_marked() {
    assert_snapshot!(folder().ok(&["show", "recorded.jsonl", "--system", "ledger+late-capture", "--range", "10.."]));
}

#[test]
fn views_before_and_after_and_as_they_should_be() {
    let words = ["show", "in.jsonl", "--system", "ledger+late-capture", "--views", "--range", "2.."];
    assert_snapshot!(folder().ok(&words));
}

#[test]
fn a_view_before_is_that_of_the_moment_wherever_the_range_begins() {
    let folder = folder();
    let all = folder.json("show", &["show", "in.jsonl", "--views"]);
    let last = folder.json("show", &["show", "in.jsonl", "--views", "--range", "5", "--key", "a-1"]);
    let of = |shown: &serde_json::Value, number: u32| {
        let events = shown["events"].as_array().unwrap();
        let event = events.iter().find(|event| event["number"] == number).unwrap();
        event["views"].as_array().unwrap().iter().find(|view| view["key"] == "a-1").unwrap().clone()
    };
    assert_eq!(of(&all, 5), of(&last, 5));
    assert_eq!(of(&last, 5)["before"]["view"]["balance"], 350);
    assert_eq!(of(&last, 5)["after"]["view"]["balance"], 250);
    assert_eq!(of(&all, 1)["before"], "nothing");
}

#[test]
fn damage_is_seen_where_it_happens() {
    let folder = Folder::default();
    let damage = r#"{"fault":{"damage":{"key":"a-1","what":"default"}}}"#;
    let scrub = r#"{"knob":{"scrub":{"by":"ops"}}}"#;
    folder.trace("in.jsonl", "ledger", &[super::MESSAGES[0], damage, scrub]);
    assert_snapshot!(folder.ok(&["show", "in.jsonl", "--views", "--range", "2.."]));
}

#[test]
fn a_window_counts_revisions_from_elsewhere() {
    let folder = Folder::default();
    folder.write(
        "in.jsonl",
        &[
            r#"{"afresh":{"format":1,"system":"ledger","complete":false}}"#,
            r#"{"opening":{"key":"a-1","value":{"balance":10,"held":0,"captured":0,"fees":0,"payments":{}}}}"#,
            super::MESSAGES[0],
            r#"{"cause":2,"out":{"id":"a-1/balance","to":"statements","revision":17,"body":{"statement":{"balance":510,"held":0}}}}"#,
            r#"{"cause":2,"view":{"key":"a-2","value":{"balance":1,"held":0,"captured":0,"fees":0,"payments":{}}}}"#,
            "",
        ]
        .join("\n"),
    );
    let shown = folder.json("show", &["show", "in.jsonl"]);
    assert_eq!((&shown["complete"], &shown["summary"]["gone"]), (&false.into(), &0.into()), "{shown}");
}
