//! Answers that are wrong in ways that once passed, and right ones that once did not.

use afresh_tests::{Done, Folder};

use super::{has, with_helper};

/// A program that adds up numbers. Its mode says what it does wrong, if anything.
const SUMS: &str = r#"
import json, sys

mode = sys.argv[1] if len(sys.argv) > 1 else ""
high = 0

def fold(ask, messages):
    state, states = ask.get("state", 0), []
    for number, index in enumerate(ask["messages"], 1):
        if messages[index]["body"] == 0:
            raise ZeroDivisionError("division by zero")
        state += messages[index]["body"]
        if number in ask["after"]:
            states.append({"state": state})
    if mode == "fewer" and len(states) > 1:
        states.pop()
    if mode == "more":
        states.append({"state": state})
    return {"states": states}

def answer(question, messages):
    global high
    (kind, ask), = question.items()
    if kind == "place":
        body = messages[ask]["body"]
        if mode == "remembers" and body < high:
            return {"reject": "smaller than what came before"}
        high = body
        return {"keys": ["k"]}
    if kind == "fold":
        return fold(ask, messages)
    if kind == "look":
        return {"view": ask.get("state", 0), "outputs": {"sum": {"body": ask.get("state", 0)}}}
    return {"to": "downstream"}

def safe(question, messages):
    try:
        return answer(question, messages)
    except ZeroDivisionError as error:
        return {"error": str(error)}

for line in sys.stdin:
    asked = json.loads(line)
    if "afresh" in asked:
        print('{"afresh":{"protocol":1,"name":"sums"}}', flush=True)
    else:
        answers = [safe(question, asked["messages"]) for question in asked["questions"]]
        print(json.dumps({"batch": asked["batch"], "answers": answers}), flush=True)
"#;

/// A folder with the program and a trace of these numbers.
fn sums(numbers: &[i64]) -> Folder {
    let folder = Folder::default();
    folder.write("sums.py", SUMS);
    let message = |(n, number): (usize, &i64)| format!(r#"{{"in":{{"id":"m-{n}","from":"a","body":{number}}}}}"#);
    folder.trace("in.jsonl", "sums", &numbers.iter().enumerate().map(message).collect::<Vec<_>>());
    folder
}

fn check(folder: &Folder, mode: &str) -> Done {
    folder.run(&["check", "in.jsonl", "--program", &format!("sums=python3 sums.py {mode}")])
}

#[test]
fn the_number_of_states_must_be_the_one_asked_for() {
    if !has("python3") {
        return;
    }
    let folder = sums(&[1, 2, 3, 4]);
    let right = check(&folder, "");
    assert_eq!(right.code, Some(0), "{}{}", right.stdout, right.stderr);
    for mode in ["fewer", "more"] {
        let done = check(&folder, mode);
        assert!(done.code == Some(1) && done.stdout.contains("the number of its states is"), "{mode}: {}", done.stdout);
    }
}

#[test]
fn a_program_that_remembers_earlier_messages_is_found() {
    if !has("python3") {
        return;
    }
    let folder = sums(&[10, 9, 12]);
    let done = check(&folder, "remembers");
    assert!(done.code == Some(1) && done.stdout.contains("determinism"), "{}", done.stdout);
    assert!(done.stdout.contains("asked about this message again, the program answers otherwise"), "{}", done.stdout);
}

/// An error without the states so far does not say at which message the code failed.
#[test]
fn a_failure_concerns_only_the_message_that_it_is_about() {
    if !has("python3") {
        return;
    }
    let folder = sums(&[1, 2, 0]);
    folder.run(&["replay", "in.jsonl", "--record", "recorded.jsonl", "--program", "sums=python3 sums.py"]);
    let recorded = folder.read("recorded.jsonl");
    let outputs = recorded.lines().filter(|line| line.contains(r#""out":"#)).count();
    assert_eq!(outputs, 2, "{recorded}");
    let quarantined = recorded.lines().position(|line| line.contains(r#""quarantined":"#));
    assert!(quarantined > recorded.lines().position(|line| line.contains(r#""id":"m-2""#)), "{recorded}");
}

/// The last message of a key is one that comes at the end, also if a revision has moved it there.
#[test]
fn a_right_update_is_not_told_of_a_message_at_the_end() {
    if !has("python3") {
        return;
    }
    let folder = with_helper();
    folder.write(
        "level.py",
        r#"
from afresh import serve

class Level:
    name = "level"
    def keys(self, body):
        return [body["key"]]
    def position(self, body):
        return body["at"]
    def apply(self, key, state, message, flows):
        body = message["body"]
        return {"count": (state or {"count": 0})["count"] + 1, "level": body["n"], "at": body["at"]}
    def view(self, key, state):
        return state
    def outputs(self, key, state, flows):
        return {}
    def update(self, key, state, change, flows):
        if "late" in change:
            # Later messages are there, so the level stays.
            state["count"] += 1
            return state
        if "withdrawn" in change and change["withdrawn"]["body"]["at"] != state["at"]:
            state["count"] -= 1
            return state
        return None

serve(Level())
"#,
    );
    let message = |id: u32, more: &str| format!(r#"{{"in":{{"id":"{id}","from":"x",{more}}}}}"#);
    folder.trace(
        "in.jsonl",
        "level",
        &[
            message(1, r#""body":{"key":"a","n":10,"at":1}"#),
            message(2, r#""body":{"key":"a","n":20,"at":2}"#),
            message(1, r#""revision":2,"body":{"key":"a","n":30,"at":3}"#),
        ],
    );
    let done = folder.run(&["check", "in.jsonl", "--program", "level=python3 level.py"]);
    assert!(done.code == Some(0) && done.stdout.contains("1 revised"), "{}{}", done.stdout, done.stderr);
}

/// `null` is a state and a view, and no way to say nothing.
#[test]
fn null_is_an_answer() {
    if !has("python3") {
        return;
    }
    let folder = Folder::default();
    let extended = SUMS.replace(r#""name":"sums"}"#, r#""name":"sums","answers":["restate"]}"#).replace(
        r#"    return {"to": "downstream"}"#,
        r#"    if kind == "restate":
        return {"view": None if mode == "null" else sum(messages[index]["body"] for index in ask["messages"])}
    return {"to": "downstream"}"#,
    );
    folder.write("sums.py", &extended);
    folder.trace("in.jsonl", "sums", &[r#"{"in":{"id":"m-1","from":"a","body":5}}"#]);
    let right = check(&folder, "");
    assert_eq!(right.code, Some(0), "{}{}", right.stdout, right.stderr);
    let done = check(&folder, "null");
    assert!(done.code == Some(1) && done.stdout.contains("restated"), "{}", done.stdout);
}

#[test]
fn a_program_that_is_late_for_some_keys_is_asked_about_the_others() {
    if !has("python3") {
        return;
    }
    let folder = with_helper();
    folder.write(
        "late.py",
        r#"
import time
from afresh import serve

class Late:
    def keys(self, body):
        return [body["key"]]
    def apply(self, key, state, message, flows):
        if key.startswith("h"):
            time.sleep(3600)
        return (state or 0) + 1
    def view(self, key, state):
        return state
    def outputs(self, key, state, flows):
        return {}

serve(Late())
"#,
    );
    folder.write("afresh.toml", "[systems.late]\ncommand = \"python3 late.py\"\ntimeout = 3\n");
    let message = |n: usize, key: &str| format!(r#"{{"in":{{"id":"m-{n}","from":"a","body":{{"key":"{key}"}}}}}}"#);
    let keys = ["a", "h1", "h2", "h3", "b"];
    folder.trace("in.jsonl", "late", &keys.iter().zip(0..).map(|(key, n)| message(n, key)).collect::<Vec<_>>());
    let done = folder.run(&["replay", "in.jsonl", "--record", "recorded.jsonl"]);
    assert!(folder.read("recorded.jsonl").contains(r#""view":{"key":"b","value":1}"#), "{}", done.stderr);
    assert!(done.code != Some(2), "{}", done.stderr);
}
