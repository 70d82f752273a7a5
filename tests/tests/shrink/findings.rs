//! Tests of other failures found on the way: each is kept once, as a trace of its own, and never followed.

use std::ffi::OsStr;
use std::fs;

use serde_json::Value;

use super::bench::{Bench, Done, run};

/// A command with three bugs. `reversed` is the wanted one. Without an earlier `good`, the same line shows `bad`, and
/// without `fine` it shows `worse`.
const SCRIPT: &str = r#"
    cksum < "$1" >> "$0/runs"
    awk '/^open/ { open = 1 } /^good/ { good = 1 } /^fine/ { fine = 1 }
        /bad/ && !good { print "bug: bad, line " NR; exit 1 }
        /worse/ && !fine { print "bug: worse, line " NR; exit 1 }
        /^reverse/ && open { print "bug: reversed, line " NR; exit 1 }' "$1" && exit 1 || exit 0
"#;

const SIGNATURE: [&str; 2] = ["--signature", r"bug: (\w+), line (?<line>\d+)"];

fn bench() -> Bench {
    let line = |number| match number {
        20 => "good\n".to_owned(),
        30 => "fine\n".to_owned(),
        61 => "open x\n".to_owned(),
        142 => "reverse bad worse\n".to_owned(),
        _ => format!("ping {number}\n"),
    };
    Bench::new((1..=200).map(line).collect::<String>())
}

fn shrink(bench: &Bench, options: &[&str]) -> Done {
    run(bench.shrink_by(&[&["trace.log"], &SIGNATURE[..], options].concat(), SCRIPT))
}

fn text(bench: &Bench, name: &str) -> String {
    String::from_utf8(bench.read(name)).expect("text")
}

#[test]
fn each_other_failure_is_kept_once_and_named_at_the_end() {
    let bench = bench();
    let done = shrink(&bench, &[]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(text(&bench, "trace.min.log"), "open\nreverse\n");
    let found = ["trace.min.log.others/1.log", "trace.min.log.others/2.log"];
    let files = ["runs", "trace.log", "trace.min.log", "trace.min.log.others", "trace.min.log.walk"];
    assert_eq!(bench.files(), files);
    assert_eq!(fs::read_dir(bench.path("trace.min.log.others")).expect("a folder").count(), 2);
    // The file is the candidate of the run that the report names with it.
    for (name, failure) in found.into_iter().zip(["bad", "worse"]) {
        let line = format!("  found another failure, match/{failure}, at run ");
        let (_, rest) = done.stdout.split_once(&line).unwrap_or_else(|| panic!("{failure}: {}", done.stdout));
        let (run, place) = rest.lines().next().expect("a line").split_once(", ").expect("a place");
        assert_eq!(place, format!("in {name}"));
        let sum =
            std::process::Command::new("cksum").stdin(fs::File::open(bench.path(name)).expect("it opens")).output();
        let sum = String::from_utf8(sum.expect("cksum runs").stdout).expect("text");
        assert_eq!(bench.runs()[run.parse::<usize>().expect("a number") - 1], sum.trim());
    }
}

#[test]
fn none_is_overwritten_unasked_and_none_is_lost_by_a_stop() {
    let whole = bench();
    let done = shrink(&whole, &["--format", "json"]);
    let taken = shrink(&whole, &["--output", "other.log"]);
    assert_eq!(taken.code, Some(0), "findings are beside the result that they were met on the way to");
    let report: Value = serde_json::from_str(&done.stdout).expect("JSON");
    let found = report["shrink"]["found"].as_array().expect("findings");
    assert_eq!(
        (&found[0]["signature"], &found[0]["file"]),
        (&"match/bad".into(), &"trace.min.log.others/1.log".into())
    );
    let run: u64 = found[1]["run"].as_u64().expect("a number");

    for runs in [run - 1, run, run + 1] {
        let bench = bench();
        shrink(&bench, &["--runs", &runs.to_string()]);
        let again = shrink(&bench, &["--resume"]);
        assert_eq!(again.code, Some(0), "{}", again.stderr);
        assert!(again.stdout.contains("match/worse") && again.stdout.contains("match/bad"), "{}", again.stdout);
        for name in ["trace.min.log", "trace.min.log.others/1.log", "trace.min.log.others/2.log"] {
            assert_eq!(text(&bench, name), text(&whole, name));
        }
    }

    let bench = bench();
    fs::create_dir(bench.path("trace.min.log.others")).expect("created");
    fs::write(bench.path("trace.min.log.others/2.log"), "precious").expect("written");
    let taken = shrink(&bench, &[]);
    assert!(taken.code == Some(2) && taken.stderr.contains("others"), "{}", taken.stderr);
    assert_eq!(text(&bench, "trace.min.log.others/2.log"), "precious");
    assert_eq!(shrink(&bench, &["--force"]).code, Some(0));
    assert_eq!(text(&bench, "trace.min.log.others/2.log"), text(&whole, "trace.min.log.others/2.log"));
}

#[test]
fn what_cannot_be_kept_is_said() {
    let bench = bench();
    let done = shrink(&bench, &["--output", "-"]);
    assert!(done.stderr.contains("match/worse") && done.stderr.contains("not kept"), "{}", done.stderr);
    assert_eq!(bench.files(), ["runs", "trace.log"]);
}

#[test]
fn one_of_a_trace_is_a_trace_that_says_what_it_shows() {
    let trace = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/traces/ledger-late-capture.jsonl");
    let bench = Bench::new(fs::read(trace).expect("it is kept"));
    let done = run(bench.command(["trace.log", "--signature", "outputs/receipt"].map(OsStr::new)));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let found = text(&bench, "trace.min.log.others/1.log");
    let shows = found.split_once(r#""shows":""#).expect("it says so").1.split('"').next().expect("a name");
    assert!(done.stdout.contains(&format!("found another failure, {shows}, ")), "{}", done.stdout);
    let mut check = bench.check(&["trace.min.log.others/1.log"]);
    let check = Done::from(check.output().expect("it runs"));
    assert!(check.stdout.contains(&format!("kept for {shows}, which is back")), "{}", check.stdout);
}
