//! What `check` says of single steps: of bugs that heal by themselves, of windows with damage, and of knobs in between.

use super::deposit;
use afresh_tests::Folder;

/// A folder with a trace `t.jsonl` of these lines.
fn folder(lines: &[&str]) -> Folder {
    let folder = Folder::default();
    folder.write("t.jsonl", &(lines.join("\n") + "\n"));
    folder
}

#[test]
fn a_bug_that_heals_by_itself_is_found_at_its_step() {
    // The transfer must be refused, because the deposit comes later. The deposit then makes up for it.
    let lines = |system: &str| {
        [
            format!(r#"{{"afresh":{{"format":1,"system":"{system}","complete":true}}}}"#),
            r#"{"in":{"id":"m-1","from":"shop","body":{"transfer":{"account":"a","to":"b","amount":5,"on":2}}}}"#
                .into(),
            deposit(2, "a", 5, 1),
        ]
    };
    let folder = folder(&lines("ledger+refused-transfer").each_ref().map(String::as_str));
    let done = folder.run(&["check", "t.jsonl"]);
    assert!(done.code == Some(1) && done.stdout.contains("money-is-conserved at 1 step"), "{}", done.stdout);
    let folder = self::folder(&lines("ledger").each_ref().map(String::as_str));
    assert!(!folder.ok(&["check", "t.jsonl"]).contains("properties"));
    // With less work, less is said.
    for jobs in ["1", "2"] {
        let said = folder.ok(&["check", "t.jsonl", "--budget", "400", "--jobs", jobs]);
        assert!(said.contains("properties after 1 of 2 stimuli"), "{said}");
    }
}

#[test]
fn the_number_of_threads_changes_no_verdict_on_a_damaged_window() {
    let view = r#"{"balance":5,"held":0,"captured":0,"fees":0,"payments":{}}"#;
    let folder = folder(&[
        r#"{"afresh":{"format":1,"system":"ledger"}}"#,
        r#"{"n":5,"fault":{"damage":{"key":"a","what":"checkpoints"}}}"#,
        r#"{"n":6,"knob":{"scrub":{"by":"ops"}}}"#,
        &format!(r#"{{"n":7,"cause":6,"view":{{"key":"a","value":{view}}}}}"#),
    ]);
    let two = folder.ok(&["check", "t.jsonl", "--jobs", "2"]);
    assert_eq!(folder.ok(&["check", "t.jsonl", "--jobs", "1"]), two);
}

#[test]
fn knobs_on_a_trace_without_outputs_send_only_what_is_new() {
    let trace = r#"{"afresh":{"format":1,"system":"ledger","complete":true}}"#;
    let deposits = [deposit(1, "a-1", 500, 1), deposit(2, "a-1", 50, 2), deposit(3, "a-2", 70, 3)];
    let folder = folder(&[&[trace], &deposits.each_ref().map(String::as_str)[..]].concat());
    folder.ok(&["reflow", "t.jsonl", "--slot", "a-1/balance", "--output", "one.jsonl"]);
    let said = folder.ok(&["trigger", "one.jsonl", "--all", "--output", "two.jsonl"]);
    assert!(said.contains("nothing"), "{said}");
    folder.ok(&["replay", "two.jsonl"]);
    folder.ok(&["check", "two.jsonl"]);
    // What was recorded later is compared all the same: here another version must have sent it.
    folder.write("other.jsonl", &folder.read("one.jsonl").replace(r#""balance":550"#, r#""balance":549"#));
    let said = folder.ok(&["trigger", "other.jsonl", "--all", "--dry-run"]);
    assert!(said.contains("a-1/balance"), "{said}");
}

/// A window of one key lacks messages of others. What these caused tells nothing of the messages that are there.
#[test]
fn a_repeated_rejection_in_a_window_of_one_key_is_no_difference() {
    let rejected = |at: u32| {
        let body = r#"{"deposit":{"account":"a-3","amount":-5,"on":1}}"#;
        format!(r#"{{"at":"2026-03-14T09:00:0{at}Z","in":{{"id":"m-1","from":"bank","body":{body}}}}}"#)
    };
    let at = |at: u32, line: String| line.replacen('{', &format!(r#"{{"at":"2026-03-14T09:00:0{at}Z","#), 1);
    let transfer = r#"{"transfer":{"account":"a-0","to":"a-3","amount":1,"on":3}}"#;
    let folder = folder(&[
        r#"{"afresh":{"format":1,"system":"ledger","complete":true}}"#,
        &rejected(0),
        &at(0, deposit(2, "a-0", 50, 2)),
        &rejected(1),
        &at(2, format!(r#"{{"in":{{"id":"m-3","from":"bank","body":{transfer}}}}}"#)),
        &at(3, deposit(4, "a-3", 7, 4)),
        &at(4, deposit(6, "a-3", 7, 6)),
    ]);
    folder.ok(&["replay", "t.jsonl", "--record", "r.jsonl"]);
    assert_eq!(folder.run(&["import", "r.jsonl", "--into", "sqlite:s.db"]).code, Some(0));
    let words = ["export", "sqlite:s.db", "--since", "2026-03-14T09:00:01Z", "--key", "a-3", "--output", "w.jsonl"];
    assert_eq!(folder.run(&words).code, Some(0));
    folder.ok(&["check", "w.jsonl"]);
    folder.ok(&["replay", "w.jsonl"]);
}

/// The network loses nothing, and a node that is paused takes nothing.
#[test]
fn a_paused_node_ends_no_check() {
    let folder = folder(&[
        r#"{"afresh":{"format":1,"system":"chord","complete":true}}"#,
        r#"{"n":1,"at":50,"fault":{"pause":{"node":"n0"}}}"#,
        r#"{"n":2,"at":100,"timer":{"node":"n3","name":"Stabilize"}}"#,
        r#"{"n":3,"at":300,"fault":{"resume":{"node":"n0"}}}"#,
    ]);
    for command in ["replay", "check", "show"] {
        folder.ok(&[command, "t.jsonl"]);
    }
}

#[test]
fn the_walk_of_a_run_with_a_calm_phase_is_shown() {
    let folder = Folder::default();
    let world = "replica+forget-on-restart";
    assert_eq!(folder.run(&["run", world, "--seed", "70009", "--output", "t.jsonl"]).code, Some(1));
    assert!(folder.read("t.jsonl").contains(r#""fault":"calm""#));
    folder.ok(&["shrink", "t.jsonl"]);
    assert!(folder.ok(&["show", "--walk", "t.min.jsonl.walk"]).contains("runs"));
}
