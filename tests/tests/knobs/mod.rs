//! Tests of `afresh reflow`, `trigger`, `migrate` and `scrub`: knobs turned on traces.

mod code;
mod files;
mod names;
mod plans;
mod waiting;

use afresh_tests::{Folder, without_numbers};

/// A payment that is captured and reversed, and an amount that every ledger rejects.
pub(crate) const MESSAGES: [&str; 5] = [
    r#"{"in":{"id":"m-1","from":"bank","body":{"deposit":{"account":"a-1","amount":5000,"on":1}}}}"#,
    r#"{"in":{"id":"m-2","from":"shop","body":{"hold":{"account":"a-1","payment":"p-1","amount":2000,"on":2}}}}"#,
    r#"{"in":{"id":"m-3","from":"shop","body":{"capture":{"account":"a-1","payment":"p-1","amount":1500,"on":3}}}}"#,
    r#"{"in":{"id":"m-4","from":"bank","body":{"deposit":{"account":"a-2","amount":-5,"on":4}}}}"#,
    r#"{"in":{"id":"m-5","from":"shop","body":{"reverse":{"account":"a-1","payment":"p-1","on":5}}}}"#,
];

/// A folder with the first `count` of these messages as `trace.jsonl`, including everything that `system` recorded.
pub(crate) fn recorded(system: &str, count: usize) -> Folder {
    let folder = Folder::default();
    folder.trace("in.jsonl", system, &MESSAGES[..count]);
    folder.ok(&["replay", "in.jsonl", "--record", "trace.jsonl"]);
    folder
}

/// Returns the lines that `name` has after those of `trace.jsonl`, with which it must begin.
pub(crate) fn added(folder: &Folder, name: &str) -> String {
    let (before, after) = (folder.read("trace.jsonl"), folder.read(name));
    without_numbers(after.strip_prefix(&before).expect("the trace, byte for byte, and more"))
}
