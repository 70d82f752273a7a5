//! Tests of the output of a timeline.

use std::io::{BufRead, BufReader};

use afresh_tests::Folder;

#[test]
fn nothing_in_a_body_reaches_a_terminal() {
    let folder = Folder::default();
    let evil = r#"{"in":{"id":"m\u001b[2J","from":"bank\u009b31m","body":{"deposit":{"account":"a\u202e\u0007","amount":5,"on":1}}}}"#;
    folder.trace("in.jsonl", "ledger", &[evil]);
    let text = folder.ok(&["show", "in.jsonl", "--views"]);
    assert!(text.chars().all(|character| character == '\n' || !character.is_control() && character != '\u{202e}'));
    assert!(text.contains(r"m\u{1b}[2J from bank\u{9b}31m"), "{text}");
    let done = folder.ok(&["trigger", "in.jsonl", "--all", "--output", "out.jsonl", "--why", "\u{1b}[1m"]);
    assert!(done.chars().all(|character| character == '\n' || !character.is_control() && character != '\u{202e}'));
}

#[test]
fn an_empty_name_can_be_seen() {
    let folder = Folder::default();
    let message = r#"{"in":{"id":"","from":"","body":{"document":"","at":0,"insert":"x"}}}"#;
    folder.trace("in.jsonl", "document", &[message]);
    let text = folder.ok(&["show", "in.jsonl"]);
    assert!(text.contains(r#"in          "" from "" [""] {"#), "{text}");
    assert!(text.contains(r#"rejected    [""] "the document has no name""#), "{text}");
    assert!(folder.refused(&["show", "in.jsonl", "--key", "a"]).contains(r#"expected `""`"#));
}

#[test]
fn a_closed_pipe_ends_it_quietly() {
    let folder = Folder::default();
    let deposit = |n: u32| {
        format!(r#"{{"in":{{"id":"m-{n}","from":"bank","body":{{"deposit":{{"account":"a","amount":1,"on":{n}}}}}}}}}"#)
    };
    folder.trace("in.jsonl", "ledger", &(1..=20_000).map(deposit).collect::<Vec<_>>());
    let mut child = folder.command(&["show", "in.jsonl"]).spawn().expect("the binary runs");
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert_eq!(first, "in.jsonl: the whole history of ledger\n");
    let done = child.wait_with_output().unwrap();
    assert_eq!((done.status.code(), done.stderr.len()), (Some(0), 0));
}

#[test]
fn a_bad_line_is_said_with_its_place() {
    let folder = Folder::default();
    folder.trace("in.jsonl", "ledger", &[super::MESSAGES[0], r#"{"in":{"id":"m-2"}}"#]);
    for command in [&["show", "in.jsonl", "--format", "json"][..], &["trigger", "in.jsonl", "--all", "--output", "out"]]
    {
        let said = folder.refused(command);
        assert!(said.starts_with("afresh: in.jsonl:3:"), "{said}");
    }
}

#[test]
fn the_digest_is_of_the_trace_and_of_all_of_it() {
    let folder = super::folder();
    let digest = |words: &[&str]| folder.json("show", words)["summary"]["digest"].as_str().map(str::to_owned);
    let whole = digest(&["show", "in.jsonl"]).expect("all of it was read");
    assert!(folder.ok(&["show", "in.jsonl"]).ends_with(&format!("\ndigest {whole}\n")));
    // The digest does not depend on the selected events or on the spacing of the JSON, but on each message.
    assert_eq!(digest(&["show", "in.jsonl", "--kind", "out"]).as_ref(), Some(&whole));
    let text = folder.read("in.jsonl");
    folder.write("spaced.jsonl", &text.replace(r#""amount":500"#, r#""amount": 500"#));
    folder.write("other.jsonl", &text.replace(r#""amount":500"#, r#""amount":501"#));
    assert_eq!(digest(&["show", "spaced.jsonl"]).as_ref(), Some(&whole));
    assert_ne!(digest(&["show", "other.jsonl"]).expect("all of it was read"), whole);
    assert_eq!(digest(&["show", "in.jsonl", "--range", "..2"]), None);
}
