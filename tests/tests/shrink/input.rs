//! Tests of the input: any file with one message a line, as bytes. Nothing is overwritten without `--force`, and
//! wrong usage writes nothing.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use super::bench::{Bench, run};

#[test]
fn lines_are_bytes() {
    // Invalid UTF-8, CRLF, an empty line, and a last line without a line break.
    let bench = Bench::new(b"ping\r\nopen \xff\xfe\r\n\n\xc3\nping\r\nreverse \xff");
    let done = run(bench.shrink(&["trace.log"]));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(bench.read("trace.min.log"), b"open \xff\xfe\r\nreverse \xff");
}

#[test]
fn a_last_line_without_its_end_can_go() {
    let bench = Bench::new("open\nreverse\nping");
    assert_eq!(run(bench.shrink(&["trace.log"])).code, Some(0));
    assert_eq!(bench.read("trace.min.log"), b"open\nreverse\n");
}

#[test]
fn the_result_is_a_file_like_any_other() {
    let bench = Bench::with_bug();
    run(bench.shrink(&["trace.log"]));
    let mode = |name: &str| fs::metadata(bench.path(name)).expect("it is there").permissions().mode();
    assert_eq!(mode("trace.min.log"), mode("trace.log"));
    assert_eq!(bench.files(), ["runs", "trace.log", "trace.min.log", "trace.min.log.walk"]);
}

#[test]
fn nothing_is_overwritten_without_force() {
    for taken in ["trace.min.log", "trace.min.log.walk"] {
        let bench = Bench::with_bug();
        fs::write(bench.path(taken), "precious").expect("written");
        let done = run(bench.shrink(&["trace.log"]));
        assert_eq!(done.code, Some(2));
        assert!(done.stderr.contains("--force"), "{}", done.stderr);
        assert_eq!(bench.read(taken), b"precious");
        assert_eq!(bench.files(), [taken, "trace.log"].map(str::to_owned).into_iter().rev().collect::<Vec<_>>());
        assert_eq!(run(bench.shrink(&["trace.log", "--force"])).code, Some(0));
        assert_eq!(bench.read("trace.min.log"), b"open\nreverse\n");
    }
}

#[test]
fn the_input_is_never_overwritten() {
    let bench = Bench::with_bug();
    let before = bench.read("trace.log");
    for options in
        [["trace.log", "--output", "./trace.log", "--force"], ["trace.log", "--walk", "trace.log", "--force"]]
    {
        assert_eq!(run(bench.shrink(&options)).code, Some(2));
        assert_eq!(bench.read("trace.log"), before);
    }
}

#[test]
fn bad_usage_writes_nothing() {
    let bench = Bench::with_bug();
    fs::write(bench.path("empty.log"), "").expect("written");
    let before = bench.files();
    let cases: [&[&str]; 8] = [
        &["missing.log", "--", "cat", "{}"],
        &["empty.log", "--", "cat", "{}"],
        &[".", "--", "cat", "{}"],
        &["trace.log", "--", "cat"],
        &["trace.log"],
        &["trace.log", "--timeout", "1"],
        &["trace.log", "--signature", "panic(", "--", "cat", "{}"],
        &["trace.log", "--timeout", "0", "--", "cat", "{}"],
    ];
    for case in cases {
        let done = run(bench.command(case.iter().map(OsStr::new)));
        assert_eq!(done.code, Some(2), "{case:?}: {}", done.stderr);
        assert!(!done.stderr.is_empty() && done.stdout.is_empty(), "{case:?}");
        assert_eq!(bench.files(), before, "{case:?}");
    }
}

#[test]
fn a_dash_is_standard_input_and_output() {
    let bench = Bench::with_bug();
    let mut command = bench.shrink(&["-"]);
    command.stdin(File::open(bench.path("trace.log")).expect("the input opens"));
    let done = run(command);
    assert_eq!((done.code, done.stdout.as_str()), (Some(0), "open\nreverse\n"));
    assert!(done.stderr.contains("200 → 2 lines"), "{}", done.stderr);
    assert_eq!(bench.files(), ["runs", "trace.log"]);
}

#[test]
fn a_closed_pipe_ends_quietly() {
    for options in [["trace.log", "--force"], ["trace.log", "--output=-"]] {
        let bench = Bench::with_bug();
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = bench.shrink(&options);
        command.stdout(writer).stderr(Stdio::piped());
        let done = run(command);
        assert_eq!(done.code, Some(0));
        assert!(!done.stderr.contains("panic") && !done.stderr.contains("failed"), "{}", done.stderr);
    }
}

#[test]
fn a_json_document_is_one_value() {
    let services: Vec<_> = (0..40)
        .map(|number| {
            let ports = [8000 + number, if number == 31 { 8004 } else { 9000 + number }];
            serde_json::json!({"name": format!("service-{number}"), "ports": ports, "labels": {"tier": "back"}})
        })
        .collect();
    let document = serde_json::json!({"version": 3, "services": services});
    let content = serde_json::to_string_pretty(&document).expect("JSON") + "\n";
    let bench = Bench::new(&content);
    let script = r#"tr -d ' \n' < "$1" | grep -q '"services":.*8004.*8004'"#;
    let done = run(bench.shrink_by(&["trace.log"], script));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let left = String::from_utf8(bench.read("trace.min.log")).expect("text");
    let value: serde_json::Value = serde_json::from_str(&left).expect("the result is JSON");
    assert_eq!(value, serde_json::json!({"services": [{"ports": [8004, 8004]}]}), "{left}");
    assert!(
        done.stdout.starts_with(&format!("{} → {} bytes, 1-minimal, ", thousands(content.len()), left.len())),
        "{}",
        done.stdout
    );
    assert!(!done.stdout.contains("what happens if"), "{}", done.stdout);
    let mut show = std::process::Command::new(afresh_tests::binary());
    show.args(["show", "--walk", "trace.min.log.walk", "trace.log"]).current_dir(bench.path("."));
    let show = run(show);
    assert!(show.code == Some(0) && show.stdout.contains("8004"), "{}{}", show.stdout, show.stderr);
    // Without changes of the text, the lines are removed one by one.
    let done = run(bench.shrink_by(&["trace.log", "--verbatim", "--force"], script));
    assert!(done.stdout.contains(" lines, 1-minimal"), "{}", done.stdout);
}

#[test]
fn a_file_of_json_values_is_shrunk_by_values() {
    let order = |number: u32| {
        let order = serde_json::json!({"order": number, "amount": number * 7, "note": "ordinary"});
        serde_json::to_string_pretty(&order).expect("JSON") + "\n"
    };
    let bench = Bench::new((0..60).map(order).collect::<String>());
    let script = r#"tr -d ' \n' < "$1" | grep -q '"order":17[,}].*"order":44[,}]'"#;
    let done = run(bench.shrink_by(&["trace.log"], script));
    assert!(done.stdout.starts_with("60 → 2 values, 1-minimal"), "{}{}", done.stdout, done.stderr);
    let left = String::from_utf8(bench.read("trace.min.log")).expect("text");
    assert_eq!(left, "{\"order\":17}\n{\"order\":44}\n");
    let mut show = std::process::Command::new(afresh_tests::binary());
    show.args(["show", "--walk", "trace.min.log.walk", "trace.log"]).current_dir(bench.path("."));
    let show = run(show);
    assert!(show.code == Some(0) && show.stdout.contains("44"), "{}{}", show.stdout, show.stderr);
}

/// Writes a number between 1,000 and 999,999 as people read it.
fn thousands(number: usize) -> String {
    format!("{},{:03}", number / 1000, number % 1000)
}
