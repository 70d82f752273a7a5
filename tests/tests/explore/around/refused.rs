//! Tests of traces from which no run can be drawn.

use afresh_tests::Folder;

use super::kept;

const DEPOSIT: &str = r#"{"in":{"id":"m-1","from":"bank","body":{"deposit":{"account":"a-1","amount":5,"on":1}}}}"#;
const LATER: &str = r#"{"in":{"id":"m-2","from":"bank","body":{"gift":{"account":"a-1","amount":7,"on":2}}}}"#;

#[test]
fn what_cannot_be_explored_around_is_refused() {
    let (folder, trace) = (Folder::default(), kept("ledger-small.jsonl"));
    folder.trace("none.jsonl", "ledger", &[r#"{"fault":{"restart":{"node":"app"}}}"#]);
    folder.trace("later.jsonl", "ledger", &[DEPOSIT, LATER]);
    folder.trace("document.jsonl", "document", &[r#"{"in":{"id":"m-1","from":"ann","body":{"text":"a"}}}"#]);
    std::fs::create_dir(folder.path("empty")).expect("a folder");
    for (words, why) in [
        (&["replica", "--from", &trace][..], "replica is a world of nodes, and `--from` applies only to systems"),
        (&["lodger", "--from", &trace], "unknown system `lodger`"),
        (&["ledger", "--from", "no.jsonl"], "no.jsonl: cannot be read: No such file"),
        (&["ledger", "--from", "none.jsonl"], "none.jsonl: holds no messages, so there is nothing to send"),
        (&["ledger", "--from", "empty"], "empty: cannot be read: the folder has no file named `*.jsonl`"),
        (&["ledger", "--from", "-", "-"], "standard input can be read only once"),
        (&["ledger", "--from", "later.jsonl"], "later.jsonl:3:46: unknown variant `gift`"),
        (&["ledger", "--from", &trace, "document.jsonl"], "document.jsonl:2:"),
        (&["ledger", "--from", &trace, "--messages", "0"], "expected a number from 1"),
        (&["ledger", "--mix"], "--from <TRACE>"),
        (&["ledger", "--whole"], "--from <TRACE>"),
    ] {
        for command in [&["explore", "--seeds", "0..2"][..], &["run", "--seed", "1"]] {
            // An option with several values is not followed by the system.
            let refused = folder.refused(&[command, words].concat());
            assert!(refused.contains(why), "{command:?} {words:?}: {refused}");
        }
    }
    folder.ok(&["explore", "ledger", "--seeds", "0..2", "--from", "later.jsonl", "--skip-unreadable"]);
}
