//! Tests of bugs that show in some runs only, and of commands that sometimes report a bug by mistake.

use std::fs;

use super::bench::{Bench, run};

/// Sets `draw` to a number from 0 to 99 that depends on the seed and on how many runs came before, so that a test does
/// the same each time. Then `bug` tells whether both lines of the bug are there.
const DRAW: &str = r#"
    echo >> "$0/runs"
    draw=$(( $(printf '%s %s' "$(cat "$0/seed")" "$(wc -l < "$0/runs")" | cksum | cut -d' ' -f1) % 100 ))
    bug() { [ "$(grep -cx 'op 7\|op 15' "$1")" = 2 ]; }
"#;

fn bench(seed: u32) -> Bench {
    let bench = Bench::new((1..=24).map(|op| format!("op {op}\n")).collect::<String>());
    fs::write(bench.path("seed"), seed.to_string()).expect("written");
    bench
}

/// Shrinks by `script` after [`DRAW`] for each seed. Returns how many results have the two lines of the bug and no
/// other line, and the standard output of the last search.
fn right(options: &[&str], script: &str, seeds: u32) -> (u32, String) {
    let mut last = String::new();
    let mut right = 0;
    for seed in 1..=seeds {
        let bench = bench(seed);
        let options = [&["trace.log", "--verbatim"], options].concat();
        let done = run(bench.shrink_by(&options, &[DRAW, script].concat()));
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        right += u32::from(bench.read("trace.min.log") == b"op 7\nop 15\n");
        last = done.stdout;
    }
    (right, last)
}

#[test]
fn a_bug_that_shows_in_half_of_the_runs() {
    let (right, said) = right(&["--flaky"], r#"bug "$1" && [ "$draw" -lt 50 ]"#, 5);
    assert_eq!(right, 5, "{said}");
    assert!(said.contains("1-minimal") && said.contains("the result showed the bug in "), "{said}");
}

#[test]
fn a_bug_that_shows_in_one_run_of_ten() {
    let (right, said) = right(&["--flaky"], r#"bug "$1" && [ "$draw" -lt 10 ]"#, 1);
    assert_eq!(right, 1, "{said}");
}

#[test]
fn a_bug_that_is_reported_by_mistake_in_one_run_of_ten() {
    for options in [&[][..], &["--flaky"]] {
        let (right, said) = right(options, r#"bug "$1" || [ "$draw" -lt 10 ]"#, 20);
        assert_eq!(right, 20, "{options:?}: {said}");
    }
}

#[test]
fn a_result_that_shows_no_bug_again_is_stepped_back() {
    // The command is wrong about the first candidate without the bug.
    let script = r#"bug "$1" || { [ -s "$1" ] && [ ! -e "$0/wrong" ] && touch "$0/wrong"; }"#;
    let bench = bench(1);
    let done = run(bench.shrink_by(&["trace.log", "--verbatim"], &[DRAW, script].concat()));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(bench.read("trace.min.log"), b"op 7\nop 15\n");
    assert!(done.stdout.contains("went on as with --flaky"), "{}", done.stdout);
    let walk = bench.walk();
    assert!(walk.runs.iter().any(|(intent, _)| intent.pass == "back"));
    // The steps that are left lead to the result.
    let original = bench.read("trace.log");
    let mut lines =
        afresh::minimize::Item::numbered(original.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec));
    for edit in walk.steps() {
        edit.apply(&mut lines, &afresh::oracle::Lines).expect("it can be applied");
    }
    assert_eq!(lines.iter().map(|line| line.number).collect::<Vec<_>>(), [7, 15]);
    // A search that was stopped at any run resumes to the same walk.
    let text = bench.read("trace.min.log.walk");
    let lines: Vec<_> = text.split_inclusive(|byte| *byte == b'\n').collect();
    let runs = bench.read("runs");
    fs::write(bench.path("trace.min.log.walk"), lines.concat()).expect("written");
    assert_eq!(run(bench.shrink_by(&["trace.log", "--verbatim", "--resume"], &[DRAW, script].concat())).code, Some(0));
    assert_eq!(bench.read("trace.min.log.walk"), text);
    assert_eq!(bench.read("runs"), runs, "nothing runs again");
    for cut in (3..lines.len()).step_by(lines.len() / 5) {
        fs::write(bench.path("trace.min.log.walk"), lines[..cut].concat()).expect("written");
        let done = run(bench.shrink_by(&["trace.log", "--verbatim", "--resume"], &[DRAW, script].concat()));
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        assert_eq!(bench.read("trace.min.log"), b"op 7\nop 15\n");
    }
}

#[test]
fn a_budget_may_end_a_flaky_search_at_any_run() {
    let script = [DRAW, r#"bug "$1" && [ "$draw" -lt 50 ]"#].concat();
    for runs in ["70", "95", "130"] {
        let bench = bench(3);
        let done = run(bench.shrink_by(&["trace.log", "--verbatim", "--flaky", "--runs", runs], &script));
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        assert!(done.stdout.contains("stopped at"), "{}", done.stdout);
        let best = String::from_utf8(bench.read("trace.min.log")).expect("text");
        assert!(best.contains("op 7\n") && best.contains("op 15\n"), "{best}");
        let done = run(bench.shrink_by(&["trace.log", "--verbatim", "--flaky", "--resume"], &script));
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        assert_eq!(bench.read("trace.min.log"), b"op 7\nop 15\n");
    }
}

#[test]
fn the_error_shows_the_run_that_did_not_fail() {
    // The runs of the input exit with 1, 0, 1, 1 and so on.
    let script = r#"[ -s "$1" ] || exit 0; echo >> "$0/runs"; [ "$(wc -l < "$0/runs")" = 2 ] && exit 0; exit 1"#;
    let done = run(bench(1).shrink_by(&["trace.log", "--invert", "--confirm", "2"], script));
    assert_eq!(done.code, Some(3), "{}", done.stderr);
    assert!(done.stderr.contains("one run showed it, but the next did not show it"), "{}", done.stderr);
    assert!(done.stderr.contains("exited 1\n") && done.stderr.contains("exited 0\n"), "{}", done.stderr);
    assert!(done.stderr.contains("`--flaky`"), "{}", done.stderr);
    let bench = bench(1);
    let done = run(bench.shrink_by(&["trace.log", "--invert", "--flaky"], script));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
}
