//! Tests of the plan of each knob, and of its effects.

use afresh_tests::without_numbers;
use insta::assert_snapshot;

use super::{added, recorded};

#[test]
fn a_scrub_heals_what_is_carried() {
    let folder = afresh_tests::Folder::default();
    let damage = r#"{"fault":{"damage":{"key":"a-1","what":{"stale":1}}}}"#;
    folder.trace("trace.jsonl", "ledger", &[super::MESSAGES[0], super::MESSAGES[1], damage]);
    assert_snapshot!(folder.ok(&["scrub", "trace.jsonl", "--all", "--output", "out.jsonl"]));
    assert_eq!(
        added(&folder, "out.jsonl"),
        "{\"knob\":{\"scrub\":{\"by\":\"operator\"}}}\n\
         {\"cause\":4,\"healed\":{\"key\":\"a-1\",\"parts\":[\"held\",\"payments\"]}}\n"
    );
}

#[test]
fn a_migration_there_and_back() {
    let folder = recorded("ledger", 3);
    let on = ["migrate", "trace.jsonl", "--flow", "fees-v2", "--key", "a-1", "--on", "--output", "on.jsonl"];
    assert_snapshot!(folder.ok(&on));
    let off = ["migrate", "on.jsonl", "--flow", "fees-v2", "--key", "a-1", "--off", "--output", "off.jsonl"];
    assert_snapshot!(folder.ok(&off));
    // The knobs and their effects form an ordinary trace.
    for name in ["on.jsonl", "off.jsonl"] {
        folder.ok(&["replay", name]);
        folder.ok(&["check", name]);
    }
}

#[test]
fn a_healthy_key_has_nothing_to_do() {
    let folder = recorded("ledger", 5);
    for knob in [&["trigger", "--all"][..], &["scrub", "--all"], &["reflow", "--message", "m-2"]] {
        let report = folder.json("knob", &[knob, &["trace.jsonl", "--output", "out.jsonl", "--force"]].concat());
        assert_eq!(report["start"], "run");
        assert_eq!(report["plan"]["keys"], 1);
        for nothing in ["sends", "heals", "quarantines", "refusals", "returns", "admissions"] {
            assert_eq!(report["plan"][nothing].as_array().unwrap().len(), 0, "{report}");
        }
        assert_eq!(added(&folder, "out.jsonl").lines().count(), 1, "the knob alone");
    }
}

#[test]
fn a_flow_that_changes_nothing_yet_is_said_to_change() {
    let folder = recorded("ledger", 1);
    let migrate =
        |name: &str, words: &[&str]| folder.ok(&[&["migrate", name, "--flow", "fees-v2", "--all"], words].concat());
    let told = migrate("trace.jsonl", &["--on", "--output", "out.jsonl"]);
    assert!(told.contains("  plan: the flow changes, and nothing is sent; 1 key recomputed\n"), "{told}");
    assert!(told.contains("done as planned"), "{told}");
    let told = migrate("out.jsonl", &["--on", "--dry-run"]);
    assert!(told.contains("  plan: nothing to do; 1 key recomputed\n"), "{told}");
}

#[test]
fn an_output_is_sent_again_as_it_is() {
    let folder = recorded("ledger", 3);
    let report = folder.json("knob", &["reflow", "trace.jsonl", "--slot", "a-1/balance", "--output", "out.jsonl"]);
    assert_eq!(report["plan"]["sends"][0]["before"], report["plan"]["sends"][0]["body"]);
    assert_eq!(report["done"]["as_planned"], true);
    let again = added(&folder, "out.jsonl").lines().last().unwrap().replace("\"cause\":11,", "");
    let first = folder.read("trace.jsonl").lines().rfind(|line| line.contains("a-1/balance")).unwrap().to_owned();
    assert_eq!(again, without_numbers(&first).trim_end().replace("\"cause\":7,", ""));
}

#[test]
fn a_message_that_is_not_taken_is_said_so_before() {
    let folder = recorded("ledger", 5);
    let report = folder.json("knob", &["reflow", "trace.jsonl", "--message", "m-4", "--output", "out.jsonl"]);
    let refusal = serde_json::json!([
        { "message": { "from": "bank", "id": "m-4" }, "revision": 1, "why": "an amount of -5 is not positive" }
    ]);
    assert_eq!(report["plan"]["refusals"], refusal);
    assert_eq!(report["done"]["events"][1]["kind"], "rejected");
    assert_eq!(report["done"]["as_planned"], true);
}
