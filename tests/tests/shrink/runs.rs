//! Tests of how the command is run, and how often.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::time::Duration;

use afresh::minimize::{Edit, Item};
use afresh::oracle::Lines;

use super::bench::{Bench, run};

#[test]
fn two_lines_of_200_are_found_in_few_runs() {
    let bench = Bench::with_bug();
    let done = run(bench.shrink(&["trace.log"]));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(bench.read("trace.min.log"), b"open\nreverse\n");
    let runs = bench.runs();
    assert!(runs.len() <= 30, "{} runs", runs.len());
    // The two runs that confirm the result are no part of the search.
    let counted = format!("200 → 2 lines, 1-minimal, {} runs\n", runs.len() - 2);
    assert!(done.stdout.starts_with(&counted), "{}", done.stdout);
    let last: Vec<_> = bench.walk().runs.into_iter().rev().take(2).map(|(intent, _)| intent.pass).collect();
    assert_eq!(last, ["confirm", "confirm"]);
    assert_eq!(done.stderr, "", "nothing is shown on a pipe");
}

#[test]
fn what_stays_stays_as_it_was_where_that_is_asked_for() {
    let line = |number| match number {
        61 => "open account-77 500\n".to_owned(),
        142 => "reverse account-77 500\n".to_owned(),
        _ => format!("ping {number}\n"),
    };
    let bench = Bench::new((1..=200).map(line).collect::<String>());
    let done = run(bench.shrink(&["trace.log", "--verbatim"]));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(bench.read("trace.min.log"), b"open account-77 500\nreverse account-77 500\n");
    assert!(bench.walk().runs.iter().all(|(intent, _)| matches!(intent.edit, Edit::Keep | Edit::Remove(_))));
    assert!(done.stdout.starts_with("200 → 2 lines, 1-minimal, "), "{}", done.stdout);
    // A walk with other kinds of edits belongs to another search.
    let done = run(bench.shrink(&["trace.log", "--resume"]));
    assert_eq!(done.code, Some(2), "{}", done.stdout);
    let done = run(bench.shrink(&["trace.log", "--force"]));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(bench.read("trace.min.log").len() < 40, "what may be simpler is");
    let done = run(bench.shrink(&["trace.log", "--verbatim", "--force", "--runs", "4"]));
    assert!(done.stdout.contains("not yet tried: ") && !done.stdout.contains("field"), "{}", done.stdout);
}

#[test]
fn only_the_original_and_the_result_are_run_twice() {
    // Both equal lines must stay, and removing either one gives the same file.
    let bench = Bench::new("ping\n".repeat(7) + "open\nopen\nreverse\nping\n");
    let script = r#"cksum < "$1" >> "$0/runs"; [ "$(grep -c open "$1")" = 2 ] && grep -q reverse "$1""#;
    assert_eq!(run(bench.shrink_by(&["trace.log"], script)).code, Some(0));
    assert_eq!(bench.read("trace.min.log"), b"open\nopen\nreverse\n");
    let runs = bench.runs();
    assert_eq!(runs[1], runs[2]);
    assert_eq!(runs[runs.len() - 1], runs[runs.len() - 2]);
    let searched = &runs[..runs.len() - 2];
    assert_eq!(searched.iter().collect::<BTreeSet<_>>().len(), searched.len() - 1, "{runs:?}");
}

#[test]
fn the_candidate_has_the_name_of_the_original_and_stands_wherever_the_braces_are() {
    let bench = Bench::with_bug();
    let script = r#"
        [ "$1" = "--in=$2,$2" ] && [ "$2" = "$PWD/trace.log" ] && exit 125
        [ "$1" = "--in=$2,$2" ] && [ "${2##*/}" = trace.log ] && [ "$(ls "${2%/*}")" = trace.log ] || exit 126
        echo > "${2%/*}/left-behind"
        grep -q reverse "$2"
    "#;
    let done = run(bench.command(["trace.log", "--", "sh", "-c", script, "sh", "--in={},{}", "{}"].map(OsStr::new)));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(bench.read("trace.min.log"), b"reverse\n");
}

#[test]
fn a_run_that_goes_wrong_never_counts_as_the_bug() {
    // Without line 100 the command goes wrong, in another way each time, so line 100 must stay. It takes too long only
    // once, because the limit of time is one that no other run reaches on a busy machine.
    let bench = Bench::with_bug();
    let script = r#"
        echo >> "$0/runs"
        grep -q reverse "$1" || exit 1
        grep -q 'ping 100' "$1" && exit 0
        mkdir "$0/slow" && sleep 60
        case $(( $(wc -l < "$0/runs") % 3 )) in 0) kill -KILL $$;; 1) exit 125;; 2) exit 127;; esac
    "#;
    let done = run(bench.shrink_by(&["trace.log", "--timeout", "5"], script));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(bench.read("trace.min.log"), b"ping 100\nreverse\n");
}

#[test]
fn what_a_run_started_ends_with_it() {
    let bench = Bench::with_bug();
    // Each run starts a process that would outlive it and holds the output open. One run is cut short.
    let script = r#"
        sleep 60 & echo $! >> "$0/pids"
        grep -q reverse "$1" || exit 1
        grep -q 'ping 100' "$1" || ! mkdir "$0/slow" || wait
    "#;
    let done = run(bench.shrink_by(&["trace.log", "--timeout", "5"], script));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let pids = String::from_utf8(bench.read("pids")).expect("text");
    assert!(pids.lines().count() > 5);
    for pid in pids.lines() {
        assert!(!is_running(pid), "process {pid} still runs");
    }
}

/// Returns whether a process is still running after a minute. A killed process may stay a zombie until its new parent
/// collects it.
pub(crate) fn is_running(pid: &str) -> bool {
    let stat = Path::new("/proc").join(pid).join("stat");
    (0..6000).all(|_| {
        std::thread::sleep(Duration::from_millis(10));
        fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z "))
    })
}

#[test]
fn a_flood_of_output_is_no_harm() {
    let bench = Bench::with_bug();
    let done = run(bench.shrink_by(&["trace.log"], r#"yes | head -c 3000000; grep -q reverse "$1""#));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(bench.read("trace.min.log"), b"reverse\n");
}

#[test]
fn the_walk_is_the_same_each_time_and_replays_to_the_result() {
    let bench = Bench::with_bug();
    run(bench.shrink(&["trace.log"]));
    let (walk, text) = (bench.walk(), bench.read("trace.min.log.walk"));
    assert_eq!(walk.runs.len(), bench.runs().len());

    let original = bench.read("trace.log");
    let mut lines = Item::numbered(original.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec));
    for edit in walk.steps() {
        edit.apply(&mut lines, &Lines).expect("it can be applied");
    }
    assert_eq!(lines.iter().map(|line| line.number).collect::<Vec<_>>(), [61, 142]);
    let replayed: Vec<u8> = lines.iter().flat_map(|line| line.value.clone()).collect();
    assert_eq!(replayed, bench.read("trace.min.log"));

    run(bench.shrink(&["trace.log", "--force"]));
    assert_eq!(bench.read("trace.min.log.walk"), text);
}
