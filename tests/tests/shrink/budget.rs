//! Tests of a search with a budget of runs or time: it stops with the best trace so far, and can be resumed.

use super::bench::{Bench, Done, run};

#[test]
fn so_many_runs_and_no_more() {
    let whole = Bench::with_bug();
    run(whole.shrink(&["trace.log"]));
    let bench = Bench::with_bug();
    let done = run(bench.shrink(&["trace.log", "--runs", "6"]));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(bench.runs().len(), 6);
    let walk = bench.walk();
    let pass = &walk.runs[5].0.pass;
    let best = String::from_utf8(bench.read("trace.min.log")).expect("text");
    let lines = best.lines().count();
    assert!(lines < 200 && best.contains("open") && best.contains("reverse"), "{best}");
    assert!(done.stdout.starts_with(&format!("200 → {lines} lines, stopped at {pass}, 6 runs\n")), "{}", done.stdout);
    assert!(done.stdout.contains(&format!("  not yet tried: the rest of {pass}, ")), "{}", done.stdout);
    assert!(done.stdout.contains(", single, "), "{}", done.stdout);

    // Four more runs, and then the rest.
    let more = run(bench.shrink(&["trace.log", "--runs", "4", "--resume"]));
    assert_eq!((more.code, bench.runs().len()), (Some(0), 10));
    let (_, how) = more.stderr.split_once("To continue: ").expect("it says how to go on");
    let mut shell = std::process::Command::new("sh");
    let done = Done::from(shell.args(["-c", how]).current_dir(bench.path(".")).output().expect("it runs"));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(bench.read("trace.min.log"), whole.read("trace.min.log"));
    assert_eq!(bench.runs(), whole.runs());
}

#[test]
fn a_budget_that_is_not_used_up_changes_nothing() {
    let report = |options: &[&str]| {
        let done = run(Bench::with_bug().shrink(options));
        (done.code, done.stdout)
    };
    let whole = report(&["trace.log"]);
    assert_eq!(report(&["trace.log", "--runs", "1000", "--time", "1h"]), whole);
}

#[test]
fn a_search_that_is_out_of_time_ends_though_a_run_does_not() {
    let bench = Bench::with_bug();
    // The first three runs examine the original; every later run hangs.
    let script = r#"echo >> "$0/runs"; [ "$(wc -l < "$0/runs")" -gt 3 ] && sleep 60; grep -q reverse "$1""#;
    let done = run(bench.shrink_by(&["trace.log", "--time", "5", "--timeout", "60"], script));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(bench.read("trace.min.log"), bench.read("trace.log"));
    assert_eq!(bench.walk().runs.len(), 3, "a run that was cut short has no verdict");
}

#[test]
fn before_the_bug_is_reproduced_there_is_no_result() {
    let bench = Bench::with_bug();
    let done = run(bench.shrink(&["trace.log", "--runs", "2"]));
    assert_eq!(done.code, Some(3));
    assert!(done.stderr.contains("stopped before") && done.stderr.contains("To continue"), "{}", done.stderr);
    assert!(!bench.path("trace.min.log").exists());
}

#[test]
fn a_budget_has_to_be_one() {
    let bench = Bench::with_bug();
    for option in [["--runs", "0"], ["--runs", "x"], ["--time", "0"], ["--time", "soon"], ["--flaky", "0"]] {
        let done = run(bench.shrink(&[&["trace.log"], &option[..]].concat()));
        assert_eq!(done.code, Some(2), "{option:?}: {}", done.stderr);
        assert_eq!(bench.files(), ["trace.log"]);
    }
}
