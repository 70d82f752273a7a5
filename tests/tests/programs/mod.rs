//! Tests of systems that are programs in other languages.
//!
//! They need `python3`. Where it is missing, they say so and test nothing.

mod answers;
mod commands;
mod config;
mod init;
mod ledger;
mod long;
mod misbehave;
mod routes;
mod versions;

use std::process::Command;

use afresh_tests::Folder;

/// Returns whether a program is there. If it is not, says that the test is skipped.
fn has(program: &str) -> bool {
    let runs = |argument| Command::new(program).arg(argument).output().is_ok_and(|output| output.status.success());
    // Go has no option `--version`.
    let is_there = runs("--version") || runs("version");
    if !is_there {
        println!("skipped: {program} is not installed");
    }
    is_there
}

/// A folder with the helper for programs in Python.
fn with_helper() -> Folder {
    let folder = Folder::default();
    let helper = afresh_tests::root().join("examples/orders/python/afresh.py");
    folder.write("afresh.py", &std::fs::read_to_string(helper).expect("the example is there"));
    folder
}

/// Messages of the order service, on which its planted bug shows at the last one.
const ORDERS: [&str; 4] = [
    r#"{"in":{"id":"m-1","from":"shop","body":{"order":"o-1","change":1,"item":"tea","count":2,"price":450}}}"#,
    r#"{"in":{"id":"m-2","from":"shop","body":{"order":"o-1","change":3,"item":"tea","count":5,"price":450}}}"#,
    r#"{"in":{"id":"m-3","from":"bank","body":{"order":"o-1","change":4,"paid":900}}}"#,
    r#"{"in":{"id":"m-4","from":"shop","body":{"order":"o-1","change":2,"item":"tea","count":1,"price":450}}}"#,
];

/// A folder with the order service in Python, its `afresh.toml` and a trace `in.jsonl`.
fn orders() -> Folder {
    let folder = Folder::default();
    for name in ["afresh.py", "orders.py", "afresh.toml"] {
        let path = afresh_tests::root().join("examples/orders/python").join(name);
        folder.write(name, &std::fs::read_to_string(path).expect("the example is there"));
    }
    folder.trace("in.jsonl", "orders", &ORDERS);
    folder
}
