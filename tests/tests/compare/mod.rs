//! Tests of comparing two versions of a system on the same messages.

mod command_line;
mod expect;
mod explore;
mod shrink;
mod types;

use afresh_tests::Folder;
use serde_json::Value;

use crate::cli::{LATE_CAPTURE, json};

/// A folder with a trace on which `ledger+late-capture` differs from `ledger`.
fn late_capture() -> Folder {
    let folder = Folder::default();
    folder.trace("in.jsonl", "ledger+late-capture", &LATE_CAPTURE);
    folder
}

/// Returns the differences on the only trace of a comparison that exits with `code`: the signature of each, its count,
/// and the number of keys that differ in it at the end.
fn differences(folder: &Folder, code: i32, words: &[&str]) -> Vec<(String, u64, Option<u64>)> {
    let report = json(folder, code, words);
    let findings = report["compare"]["traces"][0]["findings"].as_array().expect("findings").clone();
    let finding = |finding: &Value| {
        let name = |field: &str| finding["signature"][field].as_str().unwrap_or_default().to_owned();
        let signature =
            finding["signature"].as_str().map_or_else(|| name("check") + "/" + &name("part"), str::to_owned);
        (signature, finding["count"].as_u64().expect("a count"), finding["differ_at_end"].as_u64())
    };
    findings.iter().map(finding).collect()
}
