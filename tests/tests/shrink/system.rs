//! Tests of shrinking a trace with a system instead of a command: the result is a trace to keep.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;

use serde_json::Value;

use super::bench::{Bench, Done, run};

/// A folder with a trace of 300 messages. A capture arrives after the release of the same payment, but belongs before
/// it. That shows the bug of `ledger+late-capture`, which treats the late capture as the newest message.
fn bench(system: &str) -> Bench {
    let header = format!("{{\"afresh\":{{\"format\":1,\"system\":\"{system}\",\"complete\":true}}}}\n");
    let line = |number: u64| {
        let (kind, payment, amount, on) = match number {
            61 => ("hold", r#""payment":"p-1","#, r#""amount": 70,"#, 610),
            142 => ("release", r#""payment":"p-1","#, "", 1420),
            180 => ("capture", r#""payment":"p-1","#, r#""amount":70,"#, 1000),
            _ => ("deposit", "", r#""amount":5,"#, number * 10),
        };
        let body = format!(r#"{{"{kind}":{{"account":"a-1",{payment}{amount}"on":{on}}}}}"#);
        format!(r#"{{"in":{{"id":"m-{number}","from":"bank","body":{body}}}}}"#) + "\n"
    };
    Bench::new(header + &(1..=300).map(line).collect::<String>())
}

const BUGGY: &str = "ledger+late-capture";

fn shrink(bench: &Bench, options: &[&str]) -> Done {
    run(bench.command(["trace.log"].iter().chain(options).map(OsStr::new)))
}

fn check(bench: &Bench, options: &[&str]) -> Done {
    run(bench.check(options))
}

#[test]
fn the_result_is_a_trace_to_keep() {
    let bench = bench(BUGGY);
    let done = shrink(&bench, &[]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(done.stdout.starts_with("300 → "), "{}", done.stdout);
    assert!(done.stdout.contains("1-minimal"), "{}", done.stdout);
    assert!(done.stdout.contains("shows incremental/balance"), "{}", done.stdout);

    let text = |name| String::from_utf8(bench.read(name)).expect("text");
    let result = text("trace.min.log");
    assert!(result.lines().count() < 8, "{result}");
    let header = result.lines().next().expect("a header");
    assert!(header.contains(r#""shows":"incremental/balance""#), "{header}");
    // The events keep their numbers, and every value is as simple as it can be.
    let messages: Vec<_> = result.lines().skip(1).collect();
    insta::assert_snapshot!(messages.join("\n"));

    let back = check(&bench, &["trace.min.log"]);
    assert_eq!(back.code, Some(1), "{}", back.stdout);
    assert!(back.stdout.contains("kept for incremental/balance, which is back"), "{}", back.stdout);
    let clean = check(&bench, &["trace.min.log", "--system", "ledger"]);
    assert_eq!(clean.code, Some(0), "{}", clean.stdout);
    assert!(clean.stdout.contains("which does not show"), "{}", clean.stdout);
}

#[test]
fn another_system_and_another_bug_can_be_named() {
    let bench = bench("ledger");
    let clean = shrink(&bench, &[]);
    assert_eq!(clean.code, Some(3));
    assert!(clean.stderr.contains("shows no bug"), "{}", clean.stderr);
    assert_eq!(bench.files(), ["trace.log"]);

    let other = shrink(&bench, &["--system", BUGGY, "--signature", "panic/no such"]);
    assert_eq!(other.code, Some(3));
    assert!(other.stderr.contains("panic/no such") && other.stderr.contains("incremental/balance"), "{}", other.stderr);
    assert_eq!(bench.files(), ["trace.log"]);

    let done = shrink(&bench, &["--system", BUGGY, "--signature", "incremental/captured", "--format", "json"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let report: Value = serde_json::from_str(&done.stdout).expect("JSON");
    let shrink = &report["shrink"];
    assert_eq!(report["afresh"], 1);
    assert_eq!(shrink["signature"], "incremental/captured");
    assert_eq!(shrink["one_minimal"], true);
    assert_eq!((&shrink["input"], &shrink["output"]), (&"trace.log".into(), &"trace.min.log".into()));
    let result = String::from_utf8(bench.read("trace.min.log")).expect("text");
    assert_eq!(shrink["left"].as_array().map(Vec::len), Some(result.lines().count() - 1));
    assert_eq!(shrink["runs"].as_u64(), Some(bench.walk().runs.len() as u64));
}

#[test]
fn a_walk_goes_on_where_it_was_cut_and_only_for_the_same_bug() {
    let bench = bench(BUGGY);
    shrink(&bench, &[]);
    let (walk, result) = (bench.read("trace.min.log.walk"), bench.read("trace.min.log"));
    let seen: BTreeSet<_> = bench.walk().runs.iter().map(|(intent, _)| intent.candidate.to_string()).collect();
    assert_eq!(seen.len() + 1, bench.walk().runs.len(), "only the original is run twice");
    for part in [3, 2] {
        fs::write(bench.path("trace.min.log.walk"), &walk[..walk.len() / part]).expect("written");
        assert_eq!(shrink(&bench, &["--resume"]).code, Some(0));
        assert_eq!(bench.read("trace.min.log.walk"), walk);
        assert_eq!(bench.read("trace.min.log"), result);
    }
    let other = shrink(&bench, &["--resume", "--signature", "incremental/captured"]);
    assert!(other.code == Some(2) && other.stderr.contains("another command, system or bug"), "{}", other.stderr);
    let taken = shrink(&bench, &[]);
    assert!(taken.code == Some(2) && taken.stderr.contains("--force"), "{}", taken.stderr);
}

#[test]
fn a_trace_that_cannot_be_read_is_refused_with_its_place() {
    let bench = bench(BUGGY);
    let text = String::from_utf8(bench.read("trace.log")).expect("text").replacen("\"amount\":", "\"amuont\":", 1);
    fs::write(bench.path("trace.log"), text).expect("written");
    let done = shrink(&bench, &[]);
    assert_eq!(done.code, Some(2));
    assert!(done.stderr.contains("trace.log:") && done.stderr.contains("amuont"), "{}", done.stderr);
    assert_eq!(bench.files(), ["trace.log"]);
    let unknown = shrink(&bench, &["--system", "nothing"]);
    assert!(unknown.code == Some(2) && unknown.stderr.contains("nothing"), "{}", unknown.stderr);
}

#[test]
fn a_trace_comes_and_goes_by_standard_streams() {
    let bench = bench(BUGGY);
    let mut command = bench.command(["-"].into_iter().map(OsStr::new));
    command.stdin(fs::File::open(bench.path("trace.log")).expect("it opens"));
    let done = run(command);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(done.stdout.starts_with("{\"afresh\":"), "{}", done.stdout);
    assert!(done.stderr.contains("1-minimal"), "{}", done.stderr);
}

#[test]
fn a_difference_from_the_record_is_refused_with_the_reason() {
    let trace = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/traces/ledger-production.jsonl");
    let bench = Bench::new(fs::read(trace).expect("it is kept"));
    let checked = check(&bench, &["trace.log"]);
    assert!(checked.stdout.contains("recorded/balance"), "{}", checked.stdout);
    let done = shrink(&bench, &["--signature", "recorded/balance"]);
    assert_eq!(done.code, Some(3), "{}", done.stderr);
    assert!(done.stderr.contains("recorded/balance is a difference from the record, which cannot be shrunk"));
    assert!(done.stderr.contains("afresh shrink TRACE -- CMD {}"), "{}", done.stderr);
}

#[test]
fn a_system_that_differs_from_run_to_run_is_shrunk_as_flaky() {
    let trace = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/traces/orderbook-hash-order.jsonl");
    let bench = Bench::new(fs::read(trace).expect("it is kept"));
    let done = shrink(&bench, &["--flaky", "--verbatim"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(done.stdout.contains("the result showed the bug in "), "{}", done.stdout);
}
