//! Tests of the certificate: for each message left, the outcome without it, for people, for programs and as a page.

use std::ffi::OsStr;

use serde_json::{Value, json};

use super::bench::{Bench, run};

const SCRIPT: &str = r#"
    awk '/^guard/ { guard = 1 } /^open/ { open = 1 }
        /^crash/ && !guard { print "bug: crash, line " NR; exit 1 }
        /^reverse/ && open { print "bug: reversed, line " NR; exit 1 }' "$1" && exit 1 || exit 0
"#;

#[test]
fn people_read_what_happens_without_each() {
    let bench = Bench::new("ping\nguard\nping\nopen\nping\nreverse crash\nping\n");
    let script = SCRIPT.replace("/^crash/", "/crash/");
    let done =
        run(bench.shrink_by(&["trace.log", "--verbatim", "--signature", r"bug: (\w+), line (?<line>\d+)"], &script));
    insta::assert_snapshot!(done.stdout);
    let done = run(bench.shrink_by(
        &["trace.log", "--verbatim", "--signature", r"bug: (\w+), line (?<line>\d+)", "--format", "json", "--force"],
        &script,
    ));
    let report: Value = serde_json::from_str(&done.stdout).expect("JSON");
    assert_eq!(
        report["shrink"]["certificate"],
        json!([
            {"number": 2, "text": "guard", "without": {"other": {"signature": {"check": "match", "part": "crash"}, "at": 6}}},
            {"number": 4, "text": "open", "without": "passed"},
            {"number": 6, "text": "reverse crash", "without": "passed"},
        ])
    );
}

#[test]
fn a_certificate_holds() {
    // For each message, the certificate matches the verdict of the command on the result without it.
    let trace = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/traces/ledger-late-capture.jsonl");
    let bench = Bench::new(std::fs::read(trace).expect("it is kept"));
    let done = run(bench.command(["trace.log", "--format", "json"].map(OsStr::new)));
    let report: Value = serde_json::from_str(&done.stdout).expect("JSON");
    let certificate = report["shrink"]["certificate"].as_array().expect("a certificate");
    let result = String::from_utf8(bench.read("trace.min.log")).expect("text");
    let lines: Vec<_> = result.lines().collect();
    assert_eq!(certificate.len(), lines.len() - 1);
    for (place, needed) in certificate.iter().enumerate() {
        let rest: Vec<_> =
            lines.iter().enumerate().filter(|(line, _)| *line != place + 1).map(|(_, line)| *line).collect();
        std::fs::write(bench.path("without.log"), rest.join("\n") + "\n").expect("written");
        let mut check = bench.check(&["without.log", "--format", "json"]);
        let check: Value = serde_json::from_slice(&check.output().expect("it runs").stdout).expect("JSON");
        let findings = check["check"][0]["findings"].as_array().expect("findings");
        assert_eq!(findings.is_empty(), needed["without"] == "passed", "{needed}: {findings:?}");
    }
}

#[test]
fn a_search_that_was_stopped_says_only_what_it_tried() {
    let bench = Bench::with_bug();
    let done = run(bench.shrink(&["trace.log", "--runs", "6", "--report", "page.html"]));
    assert!(!done.stdout.contains("what happens if"), "{}", done.stdout);
    let page = String::from_utf8(bench.read("page.html")).expect("text");
    assert!(page.contains("not tried"), "{page}");
}

#[test]
fn the_page_is_whole_and_nothing_in_it_acts() {
    let bench = Bench::new("ping\nguard <b>\nopen\nping\nreverse \u{202e}&\"\nping\n");
    let script = r#"grep -q guard "$1" && grep -q reverse "$1""#;
    let done = run(bench.shrink_by(&["trace.log", "--verbatim", "--report", "page.html"], script));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(done.stdout.contains("  page.html\n"), "{}", done.stdout);
    let page = String::from_utf8(bench.read("page.html")).expect("text");
    insta::assert_snapshot!(page);
    assert!(page.contains("guard &#60;b&#62;") && page.contains(r"reverse \u{202e}&#38;&#34;"), "{page}");
    for other in ["<script", "http:", "https:", "src=", "url(", "<b>", "\u{202e}"] {
        assert!(!page.contains(other), "{other}");
    }
    // The curve has a point for each run of the search, and none for those that confirm the result.
    let searched = bench.walk().runs.into_iter().filter(|(intent, _)| intent.pass != "confirm").count();
    assert_eq!(page.matches("<circle").count(), searched);

    let taken = run(bench.shrink_by(&["trace.log", "--output", "x", "--report", "page.html"], script));
    assert!(taken.code == Some(2) && taken.stderr.contains("page.html"), "{}", taken.stderr);
    let again = run(bench.shrink_by(&["trace.log", "--verbatim", "--force", "--report", "page.html"], script));
    assert_eq!((again.code, String::from_utf8(bench.read("page.html"))), (Some(0), Ok(page)));
}
