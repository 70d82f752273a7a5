//! Tests of a single run: its record, and that a replay of the record is the same run.

use std::fs;

use afresh_tests::Folder;

#[test]
fn a_run_without_a_bug() {
    let folder = Folder::default();
    insta::assert_snapshot!(folder.ok(&["run", "ledger", "--seed", "7"]));
    assert_eq!(folder.files(), [""; 0]);
    let run = folder.json("run", &["run", "ledger", "--seed", "7"]);
    assert_eq!((run["system"].as_str(), run["seed"].as_u64()), (Some("ledger"), Some(7)));
    assert_eq!(run["findings"].as_array().map(Vec::len), Some(0));
}

#[test]
fn a_run_with_a_bug() {
    let folder = Folder::default();
    let done = folder.run(&["run", "ledger+late-capture", "--seed", "17", "--output", "t.jsonl"]);
    assert_eq!((done.code, done.stderr.as_str()), (Some(1), ""));
    insta::assert_snapshot!(done.stdout);
    // A check of the trace finds the same.
    let check = folder.run(&["check", "t.jsonl"]);
    assert_eq!(check.code, Some(1));
    let of_bug = |text: &str| text[text.find("  incremental").expect("a finding")..].to_owned();
    assert_eq!(of_bug(&check.stdout), of_bug(&done.stdout));
}

#[test]
fn the_same_seed_is_the_same_bytes_and_another_is_not() {
    let folder = Folder::default();
    let run = |system: &str, seed: &str| folder.run(&["run", system, "--seed", seed, "--output", "-"]).stdout;
    for system in ["ledger", "orderbook", "document"] {
        assert_eq!(run(system, "3"), run(system, "3"));
        assert_ne!(run(system, "3"), run(system, "4"));
    }
}

#[test]
fn the_record_is_the_run() {
    let folder = Folder::default();
    for system in ["ledger", "ledger+fees-stay", "orderbook", "document", "document+range-overflow"] {
        for seed in 0..20 {
            let file = format!("{system}-{seed}.jsonl");
            folder.run(&["run", system, "--seed", &seed.to_string(), "--output", &file]);
            // The replay is identical to the byte, including crashes, restarts, damage and settlements.
            let again = folder.run(&["replay", &file, "--record", "again.jsonl", "--force"]);
            assert_eq!(again.code, Some(0), "{system}, seed {seed}: {}", again.stdout);
            let [before, after] = [&file, "again.jsonl"].map(|name| stripped(&folder.read(name)));
            assert_eq!(before, after, "{system}, seed {seed}");
        }
    }
}

/// Returns the lines of a trace without the header, without event numbers, and without the views that only the record
/// of a replay has.
fn stripped(trace: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for line in trace.lines().skip(1).filter(|line| !line.contains("\"view\":")) {
        let from = line.find("\"at\":").unwrap_or(0);
        // A conflict names an event by its number.
        let line = line[from..].split("conflict: event ").next().unwrap_or_default();
        lines.push(line.to_owned());
    }
    lines
}

#[test]
fn what_is_there_is_not_overwritten() {
    let folder = Folder::default();
    folder.write("t.jsonl", "mine");
    let refused = folder.refused(&["run", "ledger", "--seed", "7", "--output", "t.jsonl"]);
    assert!(refused.contains("t.jsonl"), "{refused}");
    assert_eq!(folder.read("t.jsonl"), "mine");
    folder.ok(&["run", "ledger", "--seed", "7", "--output", "t.jsonl", "--force"]);
    assert!(fs::metadata(folder.path("t.jsonl")).expect("it is there").len() > 1000);
}

#[test]
fn what_cannot_be_run_is_refused() {
    let folder = Folder::default();
    insta::assert_snapshot!(folder.refused(&["run", "lodger", "--seed", "7"]));
    let refused = folder.refused(&["run", "ledger", "--seed", "-7"]);
    assert!(refused.contains("--seed"), "{refused}");
}
