//! Tests of the command line from end to end: the arguments, the output, and the files afterwards.

mod bad_input;
mod check;
mod control;
mod edited;
mod excluded;
mod exhausted;
mod foreign;
mod green;
mod import;
mod kept;
mod many;
mod passwords;
mod paths;
mod replay;
mod screen;
mod steps;
mod streams;
mod terminal;
mod unreadable;
mod windows;

use afresh_tests::{Folder, root};

/// Returns the line of a deposit, as message `m-{n}` with event time `on`.
pub(crate) fn deposit(n: u64, account: &str, amount: i64, on: i64) -> String {
    format!(
        r#"{{"in":{{"id":"m-{n}","from":"bank","body":{{"deposit":{{"account":"{account}","amount":{amount},"on":{on}}}}}}}}}"#
    )
}

/// A payment that is released, and a late capture of it: a trace that shows the bug of `ledger+late-capture`.
pub(crate) const LATE_CAPTURE: [&str; 4] = [
    r#"{"in":{"id":"m-1","from":"bank","body":{"deposit":{"account":"a-1","amount":500,"on":1}}}}"#,
    r#"{"in":{"id":"m-2","from":"shop","body":{"hold":{"account":"a-1","payment":"p-1","amount":200,"on":2}}}}"#,
    r#"{"in":{"id":"m-3","from":"shop","body":{"release":{"account":"a-1","payment":"p-1","on":9}}}}"#,
    r#"{"in":{"id":"m-4","from":"shop","body":{"capture":{"account":"a-1","payment":"p-1","amount":150,"on":5}}}}"#,
];

/// A folder with that trace, and with the record that the ledger with the bug made of it from its carried states.
pub(crate) fn recorded() -> Folder {
    let folder = Folder::default();
    folder.trace("in.jsonl", "ledger+late-capture", &LATE_CAPTURE);
    folder.ok(&["replay", "in.jsonl", "--record", "recorded.jsonl"]);
    folder
}

/// Copies a kept trace of the repository.
pub(crate) fn copy(folder: &Folder, name: &str) {
    let kept = root().join("fixtures/traces").join(name);
    std::fs::copy(&kept, folder.path(name)).unwrap_or_else(|error| panic!("{}: {error}", kept.display()));
}

/// Returns the report of a run with `--format json` that exits with `code`.
pub(crate) fn json(folder: &Folder, code: i32, words: &[&str]) -> serde_json::Value {
    let done = folder.run(&[words, &["--format", "json"]].concat());
    assert_eq!(done.code, Some(code), "{words:?}: {}", done.stderr);
    assert_eq!(done.stdout.lines().count(), 1, "a report is one line");
    let report: serde_json::Value = serde_json::from_str(&done.stdout).expect("a report is JSON");
    assert_eq!(report["afresh"], 1, "the version of the report");
    report
}

/// Returns the signatures that `afresh check` found in the first trace, with their counts.
pub(crate) fn found(report: &serde_json::Value) -> Vec<(String, u64)> {
    let findings = report["check"][0]["findings"].as_array().expect("findings");
    let finding = |finding: &serde_json::Value| {
        let name = |field: &str| finding["signature"][field].as_str().unwrap_or_default().to_owned();
        let signature =
            finding["signature"].as_str().map_or_else(|| name("check") + "/" + &name("part"), str::to_owned);
        (signature, finding["count"].as_u64().expect("a count"))
    };
    findings.iter().map(finding).collect()
}
