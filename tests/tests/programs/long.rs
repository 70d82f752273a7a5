//! Programs whose answers are long.

use std::fs;

use afresh_tests::{Folder, root};

use super::has;

/// The states of a whole history are asked for in one line, whose length has a limit.
#[test]
fn answers_that_are_too_long_together_are_no_failure() {
    if !has("python3") {
        return;
    }
    let folder = Folder::default();
    folder
        .write("afresh.py", &fs::read_to_string(root().join("examples/orders/python/afresh.py")).expect("the helper"));
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
