//! Tests of the line in the report of `afresh check` that says how often the dangerous paths ran.

use afresh_tests::Folder;
use insta::assert_snapshot;

use super::{LATE_CAPTURE, deposit, json};

/// A revision of the deposit `m-{n}`: another amount or, without one, a withdrawal.
fn revision(n: u64, revision: u32, amount: Option<i64>, on: i64) -> String {
    let head = format!(r#"{{"in":{{"id":"m-{n}","from":"bank","revision":{revision}"#);
    match amount {
        None => format!(r#"{head},"withdrawn":true}}}}"#),
        Some(amount) => {
            format!(r#"{head},"body":{{"deposit":{{"account":"a-1","amount":{amount},"on":{on}}}}}}}}}"#)
        }
    }
}

#[test]
fn it_says_how_often_the_dangerous_paths_ran() {
    let folder = Folder::default();
    let mut events = LATE_CAPTURE.map(str::to_owned).to_vec();
    events.extend([
        deposit(5, "a-1", 10, 20),
        deposit(6, "a-1", 10, 15),
        deposit(6, "a-1", 10, 15),
        revision(5, 2, Some(30), 20),
        revision(6, 2, None, 15),
    ]);
    folder.trace("in.jsonl", "ledger", &events);
    assert_snapshot!(folder.ok(&["check", "in.jsonl"]), @"
    in.jsonl: ok: 9 stimuli, 1 key
      compared 8 steps, each recomputed from the first message; 8 of them restated
      messages: 2 late, 1 duplicate, 1 revised, 1 withdrawn; `update` ran 4 times: 3 `Done`, 1 `FoldAgain`
    ");
    let coverage = &json(&folder, 0, &["check", "in.jsonl"])["check"][0]["coverage"];
    let counts = ["late", "duplicate", "revised", "withdrawn", "updated", "folded_again"];
    assert_eq!(counts.map(|count| coverage[count].as_u64()), [2, 1, 1, 1, 3, 1].map(Some));
}

#[test]
fn it_says_that_update_never_ran() {
    let folder = Folder::default();
    folder.trace("in.jsonl", "ledger", &[deposit(1, "a-1", 5, 1), deposit(2, "a-1", 5, 2)]);
    assert_snapshot!(folder.ok(&["check", "in.jsonl"]), @"
    in.jsonl: ok: 2 stimuli, 1 key
      compared 2 steps, each recomputed from the first message; 2 of them restated
      no message was late, duplicate, revised or withdrawn; `update` never ran, so this check did not test it
    ");
    // A duplicate changes nothing, so `update` has nothing to do.
    folder.trace("in.jsonl", "ledger", &[deposit(1, "a-1", 5, 1), deposit(1, "a-1", 5, 1)]);
    assert_snapshot!(folder.ok(&["check", "in.jsonl"]), @"
    in.jsonl: ok: 2 stimuli, 1 key
      compared 1 step, each recomputed from the first message; 1 of them restated
      messages: 0 late, 1 duplicate, 0 revised, 0 withdrawn; `update` never ran, so this check did not test it
    ");
}

#[test]
fn it_says_that_update_computed_nothing() {
    let folder = Folder::default();
    let patch = |revision: u32, text: &str| {
        format!(
            r#"{{"in":{{"id":"m-1","from":"e","revision":{revision},"body":{{"document":"d","at":0,"insert":"{text}"}}}}}}"#
        )
    };
    folder.trace("in.jsonl", "document", &[patch(1, "a"), patch(2, "b")]);
    assert_snapshot!(folder.ok(&["check", "in.jsonl"]), @"
    in.jsonl: ok: 2 stimuli, 1 key
      compared 2 steps, each recomputed from the first message; 2 of them restated
      messages: 0 late, 0 duplicate, 1 revised, 0 withdrawn; `update` ran 1 time and returned `FoldAgain`, so this check tested no state that it computed
    ");
}

#[test]
fn where_nothing_was_compared_it_says_no_more() {
    let folder = Folder::default();
    let header = r#"{"afresh":{"format":1,"system":"ledger","complete":false}}"#;
    folder.write("in.jsonl", &format!("{header}\n{}\n", deposit(1, "a-1", 5, 1)));
    assert_snapshot!(folder.ok(&["check", "in.jsonl"]), @"
    in.jsonl: nothing could be compared: 1 stimulus, 1 key
      compared 0 steps, each recomputed from the first message
      not derivable from this window: state 1 time
    ");
}
