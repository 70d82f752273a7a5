//! Programs whose keys send messages to each other.

use afresh_tests::Folder;

use super::{has, with_helper};

/// A system that notes the messages of each key. A message can name another key, to which it is passed on.
const PIPE: &str = r#"
from afresh import serve

class Pipe:
    name = "pipe"
    def keys(self, body):
        return [body["key"]]
    def apply(self, key, state, message, flows):
        state = state or {"log": [], "sent": {}}
        state["log"].append(message["id"])
        if "to" in message["body"]:
            state["sent"]["pass-" + message["id"]] = {"key": message["body"]["to"]}
        return state
    def view(self, key, state):
        return {"log": state["log"] if state else []}
    def outputs(self, key, state, flows):
        return dict(state["sent"]) if state else {}
    def route(self, key, slot, body):
        return body

serve(Pipe())
"#;

/// A folder with the system and a second version of the same code.
fn pipe() -> Folder {
    let folder = with_helper();
    folder.write("pipe.py", PIPE);
    let versions =
        "[systems.pipe]\ncommand = \"python3 pipe.py\"\n\n[systems.pipe.versions]\n\"pipe+2\" = \"python3 pipe.py\"\n";
    folder.write("afresh.toml", versions);
    folder
}

#[test]
fn a_deploy_keeps_the_order_of_messages_between_keys() {
    if !has("python3") {
        return;
    }
    let folder = pipe();
    let message = |id: u32, body: &str| format!(r#"{{"in":{{"id":"{id}","from":"x","body":{body}}}}}"#);
    folder.trace(
        "in.jsonl",
        "pipe",
        &[
            message(1, r#"{"key":"c"}"#),
            message(2, r#"{"key":"c"}"#),
            message(3, r#"{"key":"b"}"#),
            message(4, r#"{"key":"a","to":"b"}"#),
        ],
    );
    folder.ok(&["replay", "in.jsonl", "--record", "recorded.jsonl"]);
    folder.ok(&["trigger", "recorded.jsonl", "--all", "--system", "pipe+2", "--output", "deployed.jsonl"]);
    folder.ok(&["replay", "deployed.jsonl"]);
    folder.ok(&["check", "deployed.jsonl"]);
}

#[test]
fn laws_say_nothing_of_messages_between_keys_without_positions() {
    if !has("python3") {
        return;
    }
    let folder = pipe();
    let message = |id: u32, more: &str| format!(r#"{{"in":{{"id":"{id}","from":"x",{more}}}}}"#);
    folder.trace(
        "in.jsonl",
        "pipe",
        &[
            message(1, r#""body":{"key":"a"}"#),
            message(2, r#""body":{"key":"b"}"#),
            message(1, r#""revision":2,"body":{"key":"a","to":"b"}"#),
        ],
    );
    folder.ok(&["check", "in.jsonl", "--laws"]);
}

/// A service asks after a restart where an output goes, without the state that called for it.
#[test]
fn where_an_output_goes_is_asked_alone_too() {
    if !has("python3") {
        return;
    }
    let folder = with_helper();
    folder.write(
        "sends.py",
        r#"
import json, sys

mode = sys.argv[1]

def goes(state):
    return {"to": "even" if state % 2 == 0 else "odd"} if mode == "state" else {"to": "bank"}

def answer(question, messages):
    (kind, ask), = question.items()
    if kind == "place":
        return {"keys": ["k"]}
    if kind == "fold":
        state, states = ask.get("state", 0), []
        for number, index in enumerate(ask["messages"], 1):
            state += messages[index]["body"]
            if number in ask["after"]:
                states.append({"state": state})
        return {"states": states}
    if kind == "look":
        body = {"sum": ask.get("state", 0)} if mode != "state" else {}
        return {"view": ask.get("state", 0), "outputs": {"sum": {"body": body} | goes(ask.get("state", 0))}}
    if mode == "error":
        return {"error": "unknown question"}
    return {"to": "downstream"} if mode == "wrong" else {"to": "bank"}

for line in sys.stdin:
    asked = json.loads(line)
    if "afresh" in asked:
        print('{"afresh":{"protocol":1,"name":"sends"}}', flush=True)
    else:
        answers = [answer(question, asked["messages"]) for question in asked["questions"]]
        print(json.dumps({"batch": asked["batch"], "answers": answers}), flush=True)
"#,
    );
    let message = |n: u32| format!(r#"{{"in":{{"id":"m-{n}","from":"a","body":{n}}}}}"#);
    folder.trace("in.jsonl", "sends", &[message(1), message(2), message(3)]);
    let check = |mode: &str| folder.run(&["check", "in.jsonl", "--program", &format!("sends=python3 sends.py {mode}")]);
    let right = check("right");
    assert_eq!(right.code, Some(0), "{}{}", right.stdout, right.stderr);
    for mode in ["wrong", "error", "state"] {
        let done = check(mode);
        let told = "asked where the output in slot sum goes, the program answers otherwise";
        assert!(done.code == Some(1) && done.stdout.contains(told), "{mode}: {}", done.stdout);
        assert!(done.stdout.contains("determinism"), "{mode}: {}", done.stdout);
    }
}

/// The messages before the window may mean something else to another version.
#[test]
fn a_key_of_a_window_is_not_derivable_after_a_deploy() {
    if !has("python3") {
        return;
    }
    let folder = with_helper();
    folder.write(
        "shop.py",
        r#"
import sys
from afresh import serve

class Shop:
    name = "shop"
    def keys(self, body):
        return [body["item"]]
    def position(self, body):
        return body["on"]
    def apply(self, key, state, message, flows):
        return {"left": (state or {"left": 0})["left"] + message["body"]["count"] * int(sys.argv[1])}
    def view(self, key, state):
        return state or {"left": 0}
    def outputs(self, key, state, flows):
        return {"left": state} if state else {}
    def learn(self, key, state, view):
        return view if state is None else None

serve(Shop())
"#,
    );
    let versions = "[systems.shop]\ncommand = \"python3 shop.py 1\"\n\n[systems.shop.versions]\n\"shop+2\" = \"python3 shop.py 2\"\n";
    folder.write("afresh.toml", versions);
    let window = |deploy: &str| {
        let lines = [
            r#"{"afresh":{"format":1,"system":"shop"}}"#,
            r#"{"n":3,"opening":{"key":"tea","value":{"left":5},"after":1}}"#,
            deploy,
            r#"{"n":5,"in":{"id":"2","from":"x","body":{"count":1,"item":"tea","on":2}}}"#,
            r#"{"n":6,"cause":5,"out":{"id":"tea/left","to":"downstream","revision":2,"body":{"left":12}}}"#,
            r#"{"n":7,"cause":5,"view":{"key":"tea","value":{"left":12}}}"#,
        ];
        folder.write("window.jsonl", &(lines.join("\n") + "\n"));
        folder.run(&["check", "window.jsonl"])
    };
    let done = window(r#"{"n":4,"fault":{"deploy":{"node":"app","system":"shop+2"}}}"#);
    assert!(done.code == Some(0) && done.stdout.contains("not derivable"), "{}", done.stdout);
    // Without the deploy, the record is wrong.
    assert_eq!(window(r#"{"n":4,"fault":{"restart":{"node":"app"}}}"#).code, Some(1));
}
