//! Programs whose answers are long, or not alike.

use super::{has, with_helper};

/// The states of a whole history are asked for in one line, whose length has a limit.
#[test]
fn answers_that_are_too_long_together_are_no_failure() {
    if !has("python3") {
        return;
    }
    let folder = with_helper();
    folder.write(
        "large.py",
        r#"
from afresh import serve

class Large:
    def keys(self, body):
        return [body["key"]]
    def apply(self, key, state, message, flows):
        return {"count": (state or {"count": 0})["count"] + 1, "large": "x" * 3_000_000}
    def view(self, key, state):
        return state["count"]
    def outputs(self, key, state, flows):
        return {}

serve(Large())
"#,
    );
    let message = |n: u32| format!(r#"{{"in":{{"id":"m-{n}","from":"a","body":{{"key":"k"}}}}}}"#);
    folder.trace("in.jsonl", "large", &(0..24).map(message).collect::<Vec<_>>());
    let done = folder.run(&["check", "in.jsonl", "--program", "large=python3 large.py"]);
    assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
}

/// A position that was forgotten for one kind of message would put all of that kind before the others.
#[test]
fn positions_are_for_all_messages_or_for_none() {
    if !has("python3") {
        return;
    }
    let folder = with_helper();
    folder.write(
        "some.py",
        r#"
from afresh import serve

class Some:
    def keys(self, body):
        return [body["key"]] if "key" in body else []
    def position(self, body):
        return body.get("on")
    def apply(self, key, state, message, flows):
        return (state or 0) + 1
    def view(self, key, state):
        return state
    def outputs(self, key, state, flows):
        return {}

serve(Some())
"#,
    );
    let messages = [r#"{"key":"k","on":1}"#, "{}", r#"{"key":"k","on":2}"#, r#"{"key":"k"}"#];
    let message = |(n, body): (usize, &&str)| format!(r#"{{"in":{{"id":"m-{n}","from":"a","body":{body}}}}}"#);
    let events: Vec<_> = messages.iter().enumerate().map(message).collect();
    folder.trace("some.jsonl", "some", &events);
    let program = ["--program", "some=python3 some.py"];
    let done = folder.run(&[&["check", "some.jsonl"], &program[..]].concat());
    assert!(done.code == Some(1) && done.stdout.contains("event 4"), "{}{}", done.stdout, done.stderr);
    assert!(done.stdout.contains("some messages have a position, and others have none"), "{}", done.stdout);
    // A message of no key needs none.
    folder.trace("some.jsonl", "some", &events[..3]);
    folder.ok(&[&["check", "some.jsonl"], &program[..]].concat());
}
