//! A search that was stopped early goes on as if it had not been stopped, and says what it knows.

use std::fs;

use afresh_tests::{Folder, root};

use super::bench::{Bench, run};

/// The first runs of a search tell it how large the number was.
#[test]
fn the_number_of_the_input_is_known_again() {
    let input: String = (1..=8).map(|line| format!("line {line}\n")).collect();
    // Eight lines have a smaller number than every candidate.
    let number = r#"sh -c '[ "$(wc -l < "$1")" = 8 ] && echo 5 || echo 50' sh {}"#;
    let options = ["trace.log", "--verbatim", "--smaller-by", number];
    let script = r#"grep -q 'line 5' "$1""#;
    let bench = Bench::new(&input);
    for more in [&["--runs", "3"][..], &["--resume"]] {
        let done = run(bench.shrink_by(&[&options[..], more].concat(), script));
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        assert!(done.stdout.contains("the number of --smaller-by: 5 → 5"), "{more:?}: {}", done.stdout);
    }
    assert_eq!(bench.read("trace.min.log"), input.as_bytes());
}

/// With two versions, the key of the difference comes from a run of the original, which a resumed search makes too.
#[test]
fn two_versions_are_shrunk_in_the_same_way_after_a_stop() {
    let shrunk = |stops: &[&str]| {
        let folder = Folder::default();
        let kept = root().join("fixtures/traces/ledger-refused-transfer.jsonl");
        fs::copy(kept, folder.path("t.jsonl")).expect("a kept trace");
        let words = ["shrink", "t.jsonl", "--against", "ledger", "--output", "r.jsonl"];
        for runs in stops {
            folder.run(&[&words[..], &["--runs", runs]].concat());
        }
        let last: &[&str] = if stops.is_empty() { &[] } else { &["--resume"] };
        let done = folder.run(&[&words[..], last].concat());
        assert_eq!(done.code, Some(0), "{stops:?}: {}", done.stderr);
        (folder.read("r.jsonl"), folder.read("r.jsonl.walk").lines().count())
    };
    let undisturbed = shrunk(&[]);
    for runs in ["4", "6", "10", "16"] {
        assert_eq!(shrunk(&[runs]), undisturbed, "stopped after {runs} runs");
    }
}

/// The oracle shows the bug by mistake in the first runs of a line that is not needed, and never again.
#[test]
fn a_result_that_did_not_show_the_bug_again_is_not_passed_over() {
    let input: String = (1..=20).map(|line| format!("line {line}\n")).collect();
    let script = r#"
        echo >> "$0/count"
        grep -qx 'line 7' "$1" && exit 0
        [ -s "$1" ] && [ "$(wc -l < "$0/count")" -lt 8 ]
    "#;
    let bench = Bench::new(input);
    let mut told = 0;
    // Somewhere here, the result is being run again.
    for runs in 4..40 {
        for file in ["count", "trace.min.log", "trace.min.log.walk"] {
            let _ = fs::remove_file(bench.path(file));
        }
        let done = run(bench.shrink_by(&["trace.log", "--verbatim", "--runs", &runs.to_string()], script));
        if done.code != Some(0) || !done.stdout.contains("stopped at") {
            continue;
        }
        let is_right = bench.read("trace.min.log").windows(7).any(|window| window == b"line 7\n");
        let is_told = done.stdout.contains("the result did not show the bug when it was run again");
        told += u32::from(is_told);
        let confirmed = done.stdout.contains("stopped at confirm") || done.stdout.contains("stopped at back");
        assert!(is_right || is_told || !confirmed, "after {runs} runs: {}", done.stdout);
    }
    assert!(told > 0, "no search was stopped while its result was in doubt");
}

/// A delivery that is left out by hand makes a run that could never have happened, in a world without losses.
#[test]
fn a_trace_without_a_delivery_is_void_and_not_shrunk() {
    let folder = Folder::default();
    folder.run(&["explore", "chord+published", "--seeds", "173..174", "--no-shrink", "--output", "f"]);
    let kept = folder.read("f/live-successor/trace.jsonl");
    let lines: Vec<_> = kept.lines().collect();
    let delivered = lines.iter().rposition(|line| line.contains("\"deliver\"")).expect("a delivery");
    for left_out in [delivered, delivered / 2, delivered / 3] {
        let place = (left_out..lines.len()).find(|place| lines[*place].contains("\"deliver\"")).expect("a delivery");
        let rest: Vec<_> = lines.iter().enumerate().filter(|(line, _)| *line != place).map(|(_, line)| *line).collect();
        folder.write("v.jsonl", &(rest.join("\n") + "\n"));
        let done = folder.run(&["shrink", "v.jsonl", "--verbatim", "--output", "r.jsonl"]);
        let is_void = done.code == Some(3) && done.stderr.contains("its run is void");
        // What is left out late may have no bug left, or change nothing.
        assert!(is_void || !folder.path("r.jsonl").exists(), "line {place}: {}{}", done.stdout, done.stderr);
    }
}

/// A line of a file is no item if the items are values on several lines.
#[test]
fn the_line_of_a_failure_names_the_value_on_it() {
    let value = |n: u32| format!("{{\n  \"n\": {n},\n  \"on\": 1\n}}\n");
    let bench = Bench::new((1..=8).map(value).collect::<String>());
    let script = r#"
        place=$(grep -n '"n": 2' "$1" | cut -d: -f1)
        [ -z "$place" ] && exit 0
        echo "bad at line $place"
        exit 1
    "#;
    let done = run(bench.shrink_by(&["trace.log", "--invert", "--signature", "bad at line (?<line>\\d+)"], script));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let walk = String::from_utf8(bench.read("trace.min.log.walk")).expect("text");
    assert!(walk.contains("{\"same\":{\"at\":2"), "{walk}");
}

/// A search that goes on is stopped before it has read its walk to the end. The file is from that walk all the same.
#[test]
fn a_result_stays_when_its_search_is_stopped_at_once() {
    let folder = Folder::default();
    let kept = root().join("fixtures/traces/ledger-refused-transfer.jsonl");
    fs::copy(kept, folder.path("t.jsonl")).expect("a kept trace");
    let words = ["shrink", "t.jsonl", "--output", "r.jsonl"];
    folder.run(&[&words[..], &["--runs", "6"]].concat());
    let before = folder.read("r.jsonl");
    for _ in 0..3 {
        let done = folder.run(&[&words[..], &["--resume", "--time", "1ms"]].concat());
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        assert_eq!(folder.read("r.jsonl"), before);
    }
    folder.ok(&[&words[..], &["--resume"]].concat());
}
