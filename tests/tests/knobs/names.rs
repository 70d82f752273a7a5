//! Tests of the names of keys, messages and flows in knobs.

use super::recorded;

#[test]
fn what_is_not_there_is_refused() {
    let folder = recorded("ledger", 5);
    for (words, said) in [
        (&["reflow", "--message", "m-1", "--message", "m-9"][..], "unknown message `m-9`: expected `m-1`, "),
        (&["reflow", "--message", "m-1@shop"], "unknown message `m-1@shop`: expected `m-2@shop`, "),
        (
            &["reflow", "--slot", "a-1/balance", "--slot", "a-1/balanse"],
            "unknown output `a-1/balanse`: expected `a-1/balance`",
        ),
        (&["trigger", "--key", "a-1", "--key", "a-8", "--key", "a-9"], "unknown key `a-8`: expected `a-1`\n"),
        (&["scrub", "--key", "a-\u{1b}"], "unknown key `a-\\u{1b}`: expected `a-1`\n"),
        (
            &["migrate", "--all", "--on", "--flow", "fees-2"],
            "unknown flow `fees-2`: expected `fees-v2`\n  help: did you mean `fees-v2`? ",
        ),
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
fn a_flow_that_the_trace_migrates_is_known() {
    let folder = recorded("ledger", 1);
    let text = folder.read("trace.jsonl") + "{\"knob\":{\"migrate\":{\"flow\":\"old\",\"on\":true,\"by\":\"ops\"}}}\n";
    folder.write("trace.jsonl", &text);
    folder.ok(&["migrate", "trace.jsonl", "--flow", "old", "--all", "--off", "--dry-run"]);
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
