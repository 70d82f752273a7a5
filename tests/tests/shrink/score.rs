//! Tests of `--smaller-by` and `--search`: a number that must not grow, and a bug that the input does not show yet.

use super::bench::{Bench, run};

/// The lines of the bug, and the lines on which a number depends.
fn input() -> String {
    let line = |number| match number {
        20 | 60 => format!("open {number}\n"),
        30 | 40 | 50 => format!("discount {number}\n"),
        _ => format!("ping {number}\n"),
    };
    (1..=80).map(line).collect()
}

#[test]
fn a_candidate_with_a_greater_number_does_not_count() {
    let script = r#"grep -q '^open 60' "$1""#;
    let bench = Bench::new(&input());
    let plain = run(bench.shrink_by(&["trace.log", "--verbatim"], script));
    assert_eq!(plain.code, Some(0), "{}", plain.stderr);
    assert_eq!(bench.read("trace.min.log"), b"open 60\n");
    // The price of a trace: every discount that goes makes it greater.
    let price = r#"sh -c 'echo $((100 - $(grep -c discount "$1")))' sh {}"#;
    let bench = Bench::new(&input());
    let options = ["trace.log", "--verbatim", "--smaller-by", price];
    let done = run(bench.shrink_by(&options, script));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(bench.read("trace.min.log"), b"discount 30\ndiscount 40\ndiscount 50\nopen 60\n");
    assert!(done.stdout.contains("the number of --smaller-by: 97 → 97"), "{}", done.stdout);
    // A stopped search goes on with the number that it had.
    let bench = Bench::new(&input());
    let stopped = run(bench.shrink_by(&[&options[..], &["--runs", "12"]].concat(), script));
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
    let resumed = run(bench.shrink_by(&[&options[..], &["--resume"]].concat(), script));
    assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
    assert_eq!(bench.read("trace.min.log"), b"discount 30\ndiscount 40\ndiscount 50\nopen 60\n");
}

#[test]
fn a_command_that_prints_no_number_is_an_error() {
    let bench = Bench::new(&input());
    let done = run(bench.shrink_by(&["trace.log", "--smaller-by", "head -1 {}"], r#"grep -q '^open 60' "$1""#));
    assert_eq!(done.code, Some(3));
    let expected = "the score: expected the command to print a number, but it prints `ping`";
    assert!(done.stderr.contains(expected), "{}", done.stderr);
}

/// The input passes. Without the line that opens, the one that closes fails.
#[test]
fn a_search_begins_at_the_first_failure_that_a_change_shows() {
    let input = (1..=60).map(|number| match number {
        23 => "open a\n".to_owned(),
        41 => "close a\n".to_owned(),
        _ => format!("ping {number}\n"),
    });
    let input = input.collect::<String>();
    let script = r#"if grep -q close "$1" && ! grep -q open "$1"; then echo 'no such: a'; exit 7; fi"#;
    let bench = Bench::new(&input);
    let plain = run(bench.shrink_by(&["trace.log", "--invert"], script));
    assert!(plain.code == Some(3) && plain.stderr.contains("the bug does not show in the input"), "{}", plain.stderr);
    let done = run(bench.shrink_by(&["trace.log", "--invert", "--search"], script));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(bench.read("trace.min.log"), b"close\n");
    // The walk can be resumed and shown, as that of any search.
    let again = run(bench.shrink_by(&["trace.log", "--invert", "--search", "--resume"], script));
    assert_eq!((again.code, bench.read("trace.min.log")), (Some(0), b"close\n".to_vec()), "{}", again.stderr);
    let never = run(Bench::new("ping\npong\n").shrink_by(&["trace.log", "--invert", "--search"], script));
    assert!(never.code == Some(3) && never.stderr.contains("leaves it without a failure"), "{}", never.stderr);
}
