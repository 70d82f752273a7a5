//! Tests that the result does not depend on the number of candidates that run at a time.

use std::ffi::OsStr;

use super::bench::{Bench, run};

/// Returns the output of a search with this number of jobs, its result, and its walk. `words` are further arguments.
fn search(bench: &Bench, jobs: &str, words: &[&str]) -> [Vec<u8>; 3] {
    let words = [&["trace.log", "--force", "--jobs", jobs], words].concat();
    let done = run(bench.command(words.into_iter().map(OsStr::new)));
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{}", done.stdout);
    [done.stdout.into_bytes(), bench.read("trace.min.log"), bench.read("trace.min.log.walk")]
}

#[test]
fn of_a_command() {
    // The duration of a run has nothing to do with its place in the order.
    let script = r#"sleep "0.00$(($(wc -l < "$1") % 5))"; grep -q open "$1" && grep -q reverse "$1""#;
    let bench = Bench::with_bug();
    let words = ["--", "sh", "-c", script, "sh", "{}"];
    let one = search(&bench, "1", &words);
    assert_eq!(one[1], b"open\nreverse\n");
    for jobs in ["2", "7"] {
        assert!(search(&bench, jobs, &words) == one, "{jobs} at a time");
    }
}

#[test]
fn of_a_system() {
    let line = |number: u64| {
        let (kind, payment, amount, on) = match number {
            610 => ("hold", r#""payment":"p-1","#, r#""amount":70,"#, 6100),
            1420 => ("release", r#""payment":"p-1","#, "", 14200),
            1800 => ("capture", r#""payment":"p-1","#, r#""amount":70,"#, 10000),
            _ => ("deposit", "", r#""amount":5,"#, number * 10),
        };
        let body = format!(r#"{{"{kind}":{{"account":"a-{}",{payment}{amount}"on":{on}}}}}"#, number % 10);
        format!(r#"{{"in":{{"id":"m-{number}","from":"bank","body":{body}}}}}"#) + "\n"
    };
    let header = r#"{"afresh":{"format":1,"system":"ledger+late-capture","complete":true}}"#.to_owned() + "\n";
    let bench = Bench::new(header + &(1..=3000).map(line).collect::<String>());
    let one = search(&bench, "1", &[]);
    assert_eq!(one[1].iter().filter(|byte| **byte == b'\n').count(), 3, "{}", String::from_utf8_lossy(&one[0]));
    for jobs in ["2", "5"] {
        assert!(search(&bench, jobs, &[]) == one, "{jobs} at a time");
    }
}
