//! Tests that an input is refused unless it shows the bug in every run.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::bench::{Bench, run};

/// Shrinks by `script`, which must be refused. Returns the error.
fn refused(script: &str) -> String {
    let bench = Bench::with_bug();
    let done = run(bench.shrink_by(&["trace.log", "--timeout", "5"], script));
    assert_eq!(done.code, Some(3), "{}", done.stderr);
    assert_eq!(done.stdout, "");
    let left: Vec<_> = bench.files().into_iter().filter(|name| name != "runs").collect();
    assert_eq!(left, ["trace.log"], "a walk or a result was left behind");
    done.stderr
}

#[test]
fn what_does_not_fail_is_reported_with_what_happened() {
    let said = refused("printf 'all \\033[31mfine\\n'; exit 7");
    assert!(said.contains("does not show"), "{said}");
    assert!(said.contains("exited 7"), "{said}");
    assert!(said.contains(r"all \u{1b}[31mfine"), "{said}");
}

#[test]
fn what_fails_differently_each_time_is_flaky() {
    // The empty input comes first, then the original twice: passes, shows the bug, passes.
    let said = refused(r#"echo >> "$0/runs"; n=$(wc -l < "$0/runs"); echo "run $n"; [ $n = 2 ]"#);
    assert!(said.contains("flaky"), "{said}");
    assert!(said.contains("exited 0\n  | run 2"), "{said}");
    assert!(said.contains("exited 1\n  | run 3"), "{said}");
}

#[test]
fn what_fails_when_empty_tells_nothing() {
    let said = refused("exit 0");
    assert!(said.contains("even when nothing is left"), "{said}");
}

#[test]
fn a_command_that_goes_wrong_is_not_the_bug() {
    for (script, how) in [
        ("exit 125", "exited 125"),
        ("exit 126", "exited 126"),
        ("no-such-program", "exited 127"),
        ("kill -SEGV $$", "was killed by signal 11"),
        ("sleep 30", "took too long"),
    ] {
        let said = refused(script);
        assert!(said.contains("cannot be judged"), "{said}");
        assert!(said.contains(how), "{said}");
        assert_eq!(said.contains("let a shell turn it into an exit code"), !how.starts_with("exited"), "{said}");
    }
}

#[test]
fn an_input_that_is_the_program_can_be_run() {
    let bench = Bench::new("#!/bin/sh\n# noise\nexit 7\n");
    let path = bench.path("trace.log");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("it is a file");
    let done = run(bench.command(["trace.log", "--invert", "--verbatim", "--", "{}"].map(OsStr::new)));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    // The result is a program too, and as private as the input.
    let result = fs::metadata(bench.path("trace.min.log")).expect("it is there");
    assert_eq!(result.permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_program_that_is_not_there_is_not_the_bug() {
    let bench = Bench::with_bug();
    let done = run(bench.command(["trace.log", "--", "./no-such-program", "{}"].map(OsStr::new)));
    assert_eq!(done.code, Some(3));
    assert!(done.stderr.contains("could not be run"), "{}", done.stderr);
}
