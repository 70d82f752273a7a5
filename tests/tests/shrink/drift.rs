//! Tests that a search by a command keeps the kind of failure that the original shows.

use super::bench::{Bench, run};

/// A test that fails with a traceback: with an assertion if `open` comes before `reverse`, and with another exception
/// if a `reverse` has no `open` before it.
const TEST: &str = r#"
    awk -v q="'" 'BEGIN { trace = "Traceback (most recent call last):\n  File \"book.py\", line 3, in apply\n" }
        /^open/ { open = 1 }
        /^reverse/ && open { print trace "    assert held\nAssertionError: line " NR " of " q $0 q; exit 1 }
        /^reverse/ { print trace "    accounts[name]\nKeyError: " q $2 q; exit 1 }' "$1" >&2
"#;

#[test]
fn a_test_that_fails_in_another_way_does_not_count() {
    let bench = Bench::with_bug();
    let script = format!("{TEST}\n[ ! -s \"$1\" ] || ! grep -q reverse \"$1\" || exit 1");
    let done = run(bench.shrink_by(&["trace.log", "--invert"], &script));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(String::from_utf8(bench.read("trace.min.log")).as_deref(), Ok("open\nreverse\n"));
    assert!(done.stdout.contains("shows exit/1, AssertionError in apply: line # of ''\n"), "{}", done.stdout);
    assert!(done.stdout.contains("found another failure, exit/1, KeyError in apply"), "{}", done.stdout);
    // Any failure counts only if that is asked for.
    let done = run(bench.shrink_by(&["trace.log", "--invert", "--force", "--signature", "exit"], &script));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(bench.read("trace.min.log"), b"reverse\n");
}

#[test]
fn a_command_that_turns_the_exit_code_around_keeps_the_kind_too() {
    let bench = Bench::with_bug();
    let done = run(bench.shrink_by(&["trace.log"], &format!("{TEST}\ngrep -q reverse \"$1\"")));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(bench.read("trace.min.log"), b"open\nreverse\n");
    assert!(done.stdout.contains("shows exit/0, AssertionError"), "{}", done.stdout);
    // An original without a traceback has no kind to keep, and a candidate with one still counts.
    let done = run(bench.shrink_by(
        &["trace.log", "--force"],
        r#"grep -q 'ping 100' "$1" || printf 'Traceback (most recent call last):\nKeyError\n' >&2; grep -q reverse "$1""#,
    ));
    assert_eq!(bench.read("trace.min.log"), b"reverse\n", "{}", done.stderr);
    assert!(done.stdout.contains("any failure of the command counted"), "{}", done.stdout);
}

#[test]
fn a_failure_without_a_form_is_kept_by_its_exit_code() {
    let bench = Bench::with_bug();
    let script = r#"grep -q reverse "$1" || exit 0; grep -q open "$1" || exit 2; echo "no account $$" >&2; exit 1"#;
    let done = run(bench.shrink_by(&["trace.log", "--invert"], script));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(bench.read("trace.min.log"), b"open\nreverse\n");
    assert!(done.stdout.contains("only the exit code was kept; use --signature"), "{}", done.stdout);
}

#[test]
fn an_empty_file_that_fails_names_the_option_that_is_missing() {
    let done = run(Bench::with_bug().shrink_by(&["trace.log"], r#"! grep -q reverse "$1""#));
    assert!(done.stderr.contains("even when nothing is left") && done.stderr.contains("`--invert` is missing"));
    let done = run(Bench::with_bug().shrink_by(&["trace.log", "--invert"], "exit 1"));
    assert!(done.stderr.contains("leave out `--invert`") && done.stderr.contains("`--signature`"), "{}", done.stderr);
    let done = run(Bench::with_bug().shrink_by(&["trace.log"], r#"[ -s "$1" ] && exit 1; exit 2"#));
    assert!(done.stderr.contains("does not show") && done.stderr.contains("use `--invert`"), "{}", done.stderr);
}
