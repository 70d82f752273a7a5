//! A window of a history: what it does not say is counted apart, and is no bug.

use afresh_tests::Folder;

use super::{deposit, found, json};

const HEADER: &str = r#"{"afresh":{"format":1,"system":"ledger","complete":false}}"#;

fn view(kind: &str, key: &str, balance: i64, after: &str) -> String {
    let value = format!(r#"{{"balance":{balance},"held":0,"captured":0,"fees":0,"payments":{{}}}}"#);
    format!(r#"{{"{kind}":{{"key":"{key}","value":{value}{after}}}}}"#)
}

/// A folder with a window of these events.
fn window(events: &[String]) -> Folder {
    let folder = Folder::default();
    folder.write("window.jsonl", &(format!("{HEADER}\n{}\n", events.join("\n"))));
    folder
}

#[test]
fn what_it_says_is_held_against_the_record() {
    let opening = view("opening", "a-1", 100, r#","after":10"#);
    let folder = window(&[opening, deposit(1, "a-1", 5, 20), view("view", "a-1", 104, "")]);
    let report = json(&folder, 1, &["check", "window.jsonl"]);
    assert_eq!(found(&report), [("recorded/balance".to_owned(), 1)]);
    assert_eq!(folder.run(&["replay", "window.jsonl"]).code, Some(1));
}
