//! Tests of the names of keys, messages and flows in knobs.

use super::recorded;

#[test]
fn what_is_not_there_is_refused() {
    let folder = recorded("ledger", 5);
    for (words, said) in [
        (&["reflow", "--message", "m-1", "--message", "m-9"][..], "there is no message m-9\n"),
        (&["reflow", "--message", "m-1@shop"], "there is no message m-1@shop\n"),
        (&["reflow", "--slot", "a-1/balance", "--slot", "a-1/tip"], "there is no output a-1/tip\n"),
        (&["trigger", "--key", "a-1", "--key", "a-8", "--key", "a-9"], "there is no key a-8, no key a-9\n"),
        (&["scrub", "--key", "a-\u{1b}"], "there is no key a-\\u{1b}\n"),
    ] {
        for result in [&["--dry-run"][..], &["--output", "out.jsonl"]] {
            let heard = folder.refused(&[words, &["trace.jsonl"], result].concat());
            assert!(heard.starts_with(&format!("afresh: trace.jsonl: {said}")), "{heard}");
        }
    }
}

#[test]
fn a_message_of_two_senders_needs_its_sender() {
    let folder = afresh_tests::Folder::default();
    let other = super::MESSAGES[0].replace("bank", "branch");
    folder.trace("trace.jsonl", "ledger", &[super::MESSAGES[0], &other]);
    let said = folder.refused(&["reflow", "trace.jsonl", "--message", "m-1", "--dry-run"]);
    assert!(said.contains("m-1@bank, m-1@branch"), "{said}");
    let report = folder.json("knob", &["reflow", "trace.jsonl", "--message", "m-1@branch", "--dry-run"]);
    assert_eq!(report["knob"]["reflow_in"]["messages"], serde_json::json!([{ "from": "branch", "id": "m-1" }]));
}

#[test]
fn a_flow_may_be_turned_for_keys_to_come() {
    let folder = recorded("ledger", 1);
    let words = ["migrate", "trace.jsonl", "--flow", "fees-v2", "--key", "a-77", "--on", "--dry-run"];
    assert_eq!(folder.json("knob", &words)["plan"]["keys"], 0);
}

#[test]
fn half_a_knob_is_refused() {
    let folder = recorded("ledger", 1);
    for words in [
        &["trigger", "--dry-run"][..],
        &["trigger", "--all"],
        &["trigger", "--all", "--key", "a-1", "--dry-run"],
        &["reflow", "--message", "m-1", "--slot", "a-1/balance", "--dry-run"],
        &["migrate", "--flow", "f", "--all", "--dry-run"],
        &["migrate", "--flow", "f", "--all", "--on", "--off", "--dry-run"],
        &["scrub", "--all", "--dry-run", "--output", "out.jsonl"],
        &["scrub", "--all", "--force"],
    ] {
        folder.refused(&[words, &["trace.jsonl"]].concat());
    }
}
