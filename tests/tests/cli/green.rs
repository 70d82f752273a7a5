//! Traces of which something false was once said: a bug was not told, or a right record was told as wrong.

use afresh_tests::Folder;

/// A folder with a trace `t.jsonl` of these events. With `complete`, it is no window.
fn trace(system: &str, complete: bool, events: &[&str]) -> Folder {
    let folder = Folder::default();
    let header = format!(r#"{{"afresh":{{"format":1,"system":"{system}","complete":{complete}}}}}"#);
    folder.write("t.jsonl", &([&[&*header], events].concat().join("\n") + "\n"));
    folder
}

const DEPOSIT: &str = r#"{"in":{"id":"m-1","from":"bank","body":{"deposit":{"account":"a-1","amount":100,"on":1}}}}"#;

/// A capture that is reversed: with the bug `receipt-stays`, its receipt stays.
const REVERSED: [&str; 3] = [
    r#"{"in":{"id":"m-2","from":"shop","body":{"hold":{"account":"a-1","payment":"p","amount":50,"on":2}}}}"#,
    r#"{"in":{"id":"m-3","from":"shop","body":{"capture":{"account":"a-1","payment":"p","amount":50,"on":3}}}}"#,
    r#"{"in":{"id":"m-4","from":"shop","body":{"reverse":{"account":"a-1","payment":"p","on":4}}}}"#,
];

#[test]
fn the_number_of_threads_changes_no_verdict() {
    let message = |kind: &str, number: u32, from: &str| {
        let payment = r#""account":"a","payment":"p","amount":50"#;
        format!(r#"{{"in":{{"id":"m-{number}","from":"{from}","body":{{"{kind}":{{{payment},"on":{number}}}}}}}}}"#)
    };
    // The last two change nothing that a view shows, and what they hide does not follow from the view before.
    let events = [
        message("hold", 1, "shop"),
        message("capture", 2, "shop"),
        message("hold", 3, "pos"),
        message("hold", 4, "pos"),
        message("hold", 5, "pos"),
    ];
    let folder = trace("ledger", true, &events.each_ref().map(String::as_str));
    folder.run(&["replay", "t.jsonl", "--record", "r.jsonl"]);
    let checked = |jobs: &str| folder.ok(&["check", "r.jsonl", "--jobs", jobs]);
    let one = checked("1");
    for jobs in ["2", "3", "4", "5"] {
        assert_eq!(checked(jobs), one, "{jobs} threads");
    }
}

#[test]
fn a_deployment_hides_nothing_that_comes_later() {
    let deploy = r#"{"fault":{"deploy":{"node":"app","system":"ledger+receipt-stays"}}}"#;
    let folder = trace("ledger+receipt-stays", true, &[&[DEPOSIT, deploy], &REVERSED[..]].concat());
    let done = folder.run(&["check", "t.jsonl"]);
    assert!(done.code == Some(1) && done.stdout.contains("outputs/receipt"), "{}", done.stdout);
    // Another key is not in doubt because of the deployment either.
    let deploy = r#"{"fault":{"deploy":{"node":"app","system":"ledger+refused-transfer"}}}"#;
    let other = DEPOSIT.replace("a-1", "a-9");
    let transfer =
        r#"{"in":{"id":"t-1","from":"bank","body":{"transfer":{"account":"a-1","to":"a-2","amount":500,"on":3}}}}"#;
    let deposit = DEPOSIT.replace("m-1", "m-2");
    let folder = trace("ledger+refused-transfer", true, &[&other, deploy, &deposit, transfer]);
    let done = folder.run(&["check", "t.jsonl"]);
    assert!(done.code == Some(1) && done.stdout.contains("money-is-conserved"), "{}", done.stdout);
    // What the version before has sent wrong is no fault of this one.
    let deploy = r#"{"fault":{"deploy":{"node":"app","system":"ledger"}}}"#;
    let folder = trace("ledger+receipt-stays", true, &[&[DEPOSIT], &REVERSED[..], &[deploy]].concat());
    folder.ok(&["check", "t.jsonl", "--system", "ledger"]);
}

#[test]
fn a_key_that_a_reflow_has_healed_is_compared_again() {
    let damage = r#"{"fault":{"damage":{"key":"a-1","what":"default"}}}"#;
    let reflow = r#"{"knob":{"reflow_in":{"messages":[{"from":"bank","id":"m-1"}],"by":"ops"}}}"#;
    let events = [&[DEPOSIT, damage, reflow], &REVERSED[..]].concat();
    let done = trace("ledger+receipt-stays", true, &events).run(&["check", "t.jsonl"]);
    assert!(done.code == Some(1) && done.stdout.contains("outputs/receipt"), "{}", done.stdout);
    trace("ledger", true, &events).ok(&["check", "t.jsonl"]);
    // A reflow of a message of another key heals nothing here.
    let other = DEPOSIT.replace("a-1", "a-9").replace("m-1", "m-9");
    let reflow = reflow.replace("m-1", "m-9");
    let events = [&[DEPOSIT, &*other, damage, &*reflow], &REVERSED[..]].concat();
    let said = trace("ledger", true, &events).ok(&["check", "t.jsonl"]);
    assert!(said.contains("because a fault had damaged the key"), "{said}");
}

const OPENING: &str =
    r#"{"opening":{"key":"KEY","value":{"balance":99,"held":0,"captured":0,"fees":0,"payments":{}},"after":4}}"#;

const VIEW: &str = r#"{"view":{"key":"KEY","value":{"balance":0,"held":0,"captured":0,"fees":0,"payments":{}}}}"#;

#[test]
fn a_message_from_before_a_window_may_move_to_another_key() {
    // Its revision before was a deposit to a-2, so this is what the correct ledger recorded.
    let moved =
        r#"{"in":{"id":"m-2","from":"bank","revision":2,"body":{"deposit":{"account":"a-1","amount":50,"on":9}}}}"#;
    let opening = OPENING.replace("KEY", "a-2");
    let view = VIEW.replace("KEY", "a-2");
    let withdrawn = r#"{"out":{"id":"a-2/balance","to":"statements","revision":2,"withdrawn":true}}"#;
    let later = r#"{"in":{"id":"m-4","from":"bank","body":{"deposit":{"account":"a-2","amount":5,"on":10}}}}"#;
    let then = view.replace("\"balance\":0", "\"balance\":5");
    let events = [&OPENING.replace("KEY", "a-1"), &opening, moved, withdrawn, &view, later, &then];
    let folder = trace("ledger", false, &events);
    for command in ["check", "replay"] {
        let said = folder.ok(&[command, "t.jsonl"]);
        assert!(said.contains("not derivable"), "{command}: {said}");
    }
}

#[test]
fn a_message_from_before_a_window_may_come_again_and_then_change() {
    let message = |revision: u32, amount: u32, on: u32| {
        let body = format!(r#"{{"deposit":{{"account":"a-1","amount":{amount},"on":{on}}}}}"#);
        format!(r#"{{"in":{{"id":"m-1","from":"bank","revision":{revision},"body":{body}}}}}"#)
    };
    let view = VIEW.replace("KEY", "a-1").replace("\"balance\":0", "\"balance\":50");
    let opening = OPENING.replace("KEY", "a-1");
    let (repeated, revised) = (message(1, 99, 4), message(2, 50, 21));
    let folder = trace("ledger", false, &[&opening, &repeated, &revised, &view]);
    for command in ["check", "replay"] {
        let said = folder.ok(&[command, "t.jsonl"]);
        assert!(said.contains("not derivable"), "{command}: {said}");
    }
    // The revision of a message that the opening does not include is compared.
    let folder = trace("ledger", false, &[&opening, &message(1, 99, 5), &revised, &view]);
    assert!(folder.run(&["check", "t.jsonl"]).stdout.contains("recorded/balance"));
}

#[test]
fn a_knob_of_another_version_leaves_a_trace_that_replays() {
    let folder = trace("ledger+receipt-stays", true, &REVERSED);
    for (knob, file) in [("reflow --unsettled", "reflow.jsonl"), ("trigger --all", "trigger.jsonl")] {
        let words: Vec<_> = knob.split(' ').collect();
        let done =
            folder.run(&[&[words[0], "t.jsonl"], &words[1..], &["--system", "ledger", "--output", file]].concat());
        assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
        assert!(
            done.stdout.contains("the version that it names ran it, and then ledger was deployed"),
            "{}",
            done.stdout
        );
        folder.ok(&["replay", file]);
    }
    assert!(folder.read("trigger.jsonl").contains("\"withdrawn\":true"), "the trigger repairs what was sent");
}
