//! Tests of a reflow of everything that is rejected, quarantined or not settled.

use afresh_tests::Folder;
use serde_json::{Value, json};

use super::recorded;

/// Deposits and holds, of which three are rejected: two from `shop`, one of them about `b`, and one from `bank`.
const MESSAGES: [&str; 5] = [
    r#"{"at":"2026-03-14T09:00:00Z","in":{"id":"m-1","from":"bank","body":{"deposit":{"account":"a","amount":100,"on":1}}}}"#,
    r#"{"at":"2026-03-14T10:00:00Z","in":{"id":"m-2","from":"shop","body":{"hold":{"account":"a","payment":"p","amount":0,"on":2}}}}"#,
    r#"{"at":"2026-03-14T11:00:00Z","in":{"id":"m-3","from":"shop","body":{"capture":{"account":"a","payment":"p","amount":10,"on":3}}}}"#,
    r#"{"at":"2026-03-14T12:00:00Z","in":{"id":"m-4","from":"shop","body":{"deposit":{"account":"b","amount":0,"on":4}}}}"#,
    r#"{"at":"2026-03-14T13:00:00Z","in":{"id":"m-5","from":"bank","body":{"deposit":{"account":"a","amount":-1,"on":5}}}}"#,
];

/// The knob for what is selected in a trace of [`MESSAGES`].
fn knob(folder: &Folder, words: &[&str]) -> Value {
    let report = folder.json("knob", &[&["reflow", "trace.jsonl", "--dry-run"], words].concat());
    report["knob"].clone()
}

#[test]
fn rejected_messages_are_selected_by_sender_key_and_time() {
    let folder = Folder::default();
    folder.trace("trace.jsonl", "ledger", &MESSAGES);
    for (words, ids) in [
        (&[][..], &["m-2", "m-4", "m-5"][..]),
        (&["--from", "shop"], &["m-2", "m-4"]),
        (&["--key", "a"], &["m-2", "m-5"]),
        (&["--since", "2026-03-14T12:00:00Z"], &["m-4", "m-5"]),
        (&["--until", "2026-03-14T13:00:00+01:00"], &["m-2", "m-4"]),
        (&["--from", "bank", "--key", "b"], &[]),
    ] {
        let knob = knob(&folder, &[&["--rejected"], words].concat());
        let messages = knob["reflow_in"]["messages"].as_array().unwrap();
        let found: Vec<_> = messages.iter().map(|message| message["id"].as_str().unwrap()).collect();
        assert_eq!(found, ids, "{words:?}");
    }
    let told = folder.ok(&["reflow", "trace.jsonl", "--rejected", "--key", "b", "--from", "bank", "--dry-run"]);
    assert!(told.starts_with("trace.jsonl: reflow nothing in by operator\n"), "{told}");
}

#[test]
fn a_conflict_is_not_reflowed() {
    let folder = Folder::default();
    folder.trace("trace.jsonl", "ledger", &[MESSAGES[0], &MESSAGES[0].replace("100", "200")]);
    assert_eq!(knob(&folder, &["--rejected"]), json!({"reflow_in": {"messages": [], "by": "operator"}}));
}

#[test]
fn outputs_that_are_not_settled_are_sent_again() {
    let folder = Folder::default();
    let settled = r#"{"settled":{"id":"a/balance"}}"#;
    folder.trace("trace.jsonl", "ledger", &[MESSAGES[0]]);
    let all = knob(&folder, &["--unsettled"]);
    assert_eq!(all["reflow_out"]["outputs"], json!([{"key": "a", "slot": "balance"}]));
    assert_eq!(knob(&folder, &["--unsettled", "--to", "nobody"])["reflow_out"]["outputs"], json!([]));
    let recorded = recorded("ledger", 1);
    let trace = recorded.read("trace.jsonl") + &settled.replace("a/", "a-1/") + "\n";
    recorded.write("trace.jsonl", &trace);
    assert_eq!(knob(&recorded, &["--unsettled"])["reflow_out"]["outputs"], json!([]));
}

#[test]
fn quarantined_keys_are_triggered() {
    let folder = Folder::default();
    let events = [("d", 1, "insert", r#""text""#), ("d", 2, "delete", "4294967295"), ("e", 3, "insert", r#""text""#)];
    let lines = events.map(|(key, hour, edit, value)| {
        let body = format!(r#"{{"document":"{key}","at":2,"{edit}":{value}}}"#)
            .replace(r#""at":2,"insert"#, r#""at":0,"insert"#);
        format!(r#"{{"at":"2026-03-14T0{hour}:00:00Z","in":{{"id":"m-{hour}","from":"editor","body":{body}}}}}"#)
    });
    folder.trace("trace.jsonl", "document+range-overflow", &lines);
    for (words, keys) in [
        (&[][..], json!(["d"])),
        (&["--key", "d"], json!(["d"])),
        (&["--key", "e"], json!([])),
        (&["--since", "2026-03-14T02:00:00Z"], json!(["d"])),
        (&["--until", "2026-03-14T01:59:59Z"], json!([])),
    ] {
        let knob = knob(&folder, &[&["--quarantined"], words].concat());
        assert_eq!(knob["trigger"]["keys"], keys, "{words:?}");
    }
    // Under the correct version, with the recorded trace as its journal, the key comes back.
    folder.ok(&["replay", "trace.jsonl", "--record", "recorded.jsonl"]);
    let fixed = ["reflow", "recorded.jsonl", "--quarantined", "--system", "document", "--output", "out.jsonl"];
    let report = folder.json("knob", &fixed);
    assert_eq!((&report["knob"]["trigger"]["keys"], &report["start"]), (&json!(["d"]), &json!("journal")), "{report}");
    assert_eq!(report["plan"]["sends"].as_array().unwrap().len(), 1, "{report}");
    assert_eq!((&report["plan"]["returns"], &report["done"]["as_planned"]), (&json!(["d"]), &json!(true)), "{report}");
    let told = folder.ok(&["reflow", "recorded.jsonl", "--quarantined", "--system", "document", "--dry-run"]);
    assert!(told.contains("  plan: 1 sent, 1 back from quarantine; 1 key recomputed\n"), "{told}");
    assert!(told.contains("    back from quarantine d\n"), "{told}");
}

#[test]
fn conditions_are_of_what_they_are_about() {
    let folder = Folder::default();
    folder.trace("trace.jsonl", "ledger", &MESSAGES);
    for words in [
        &["--rejected", "--to", "bank"][..],
        &["--unsettled", "--from", "bank"],
        &["--message", "m-2", "--key", "a"],
        &["--rejected", "--unsettled"],
        &["--rejected", "--since", "yesterday"],
    ] {
        folder.refused(&[&["reflow", "trace.jsonl", "--dry-run"], words].concat());
    }
}
