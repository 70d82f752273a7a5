//! Tests of `explore --from` and `run --from`: what is found, how often, and how it is repeated.

use std::fs;
use std::process::{Command, Stdio};

use afresh_tests::{Done, Folder, binary};

use super::kept;

fn explore(folder: &Folder, words: &[&str]) -> Done {
    folder.run(&[&["explore"], words].concat())
}

/// The systems are checked on the recorded traces, and nothing shows: only runs around them show the bugs.
#[test]
fn a_bug_is_found_around_a_trace_that_does_not_show_it() {
    for (system, bug, trace, seeds, finding) in [
        ("ledger", "late-capture", "ledger-small.jsonl", "0..100", "incremental/balance"),
        ("ledger", "late-capture", "ledger-window.jsonl", "250..260", "incremental/balance"),
        ("ledger", "fees-stay", "ledger-small.jsonl", "0..100", "incremental/balance"),
        ("ledger", "fee-rounding", "ledger-long.jsonl", "0..100", "incremental/balance"),
    ] {
        let (folder, wrong, trace) = (Folder::default(), format!("{system}+{bug}"), kept(trace));
        folder.ok(&["check", &trace, "--system", &wrong]);
        let words = ["--from", &trace, "--seeds", seeds, "--no-shrink"];
        let found = explore(&folder, &[&[wrong.as_str()], &words[..]].concat());
        assert!(found.code == Some(1) && found.stdout.contains(finding), "{wrong}: {found:?}");
        assert!(found.stdout.contains(", around /"), "{wrong}: {}", found.stdout);
        let correct = explore(&folder, &[&[system, "--output", "twin"], &words[..]].concat());
        assert_eq!((correct.code, correct.stderr.as_str()), (Some(0), ""), "{system}: {}", correct.stdout);
    }
}

#[test]
fn systems_with_and_without_positions_are_clean() {
    for (system, trace) in [
        ("ledger", "ledger-production.jsonl"),
        ("ledger", "ledger-migration.jsonl"),
        ("ledger", "ledger-window.jsonl"),
        ("orderbook", "orderbook.jsonl"),
        ("orderbook", "orderbook-window.jsonl"),
        ("document", "document.jsonl"),
    ] {
        let trace = kept(trace);
        let done = explore(&Folder::default(), &[system, "--from", &trace, "--seeds", "0..200"]);
        assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{trace}: {}", done.stdout);
    }
}

/// A run of a window opens the keys of its messages, and is a window itself.
#[test]
fn the_keys_of_a_window_open() {
    let (folder, trace) = (Folder::default(), kept("ledger-window.jsonl"));
    folder.ok(&["run", "ledger", "--seed", "3", "--from", &trace, "--output", "run.jsonl"]);
    let run = folder.read("run.jsonl");
    let (header, events) = run.split_once('\n').expect("lines");
    assert!(header.contains(r#""source":"simulated, seed 3, around /"#), "{header}");
    assert!(!header.contains(r#""complete":true"#), "{header}");
    let openings = events.matches(r#","opening":{"#).count();
    let (last, first) = (events.rfind(r#","opening":{"#), events.find(r#","in":{"#));
    assert!(openings > 1 && last < first, "{events}");
    let check = folder.json("check", &["check", "run.jsonl"]);
    assert_eq!(check[0]["findings"], serde_json::json!([]));
    assert!(check[0]["coverage"]["steps"].as_u64() > Some(10), "{check}");
}

/// Each command of a finding is run where its `commands.txt` is. The run of its seed is the kept trace, byte for byte.
#[test]
fn a_finding_is_repeated_from_its_seed_and_the_traces() {
    let folder = Folder::default();
    fs::copy(kept("ledger-long.jsonl"), folder.path("a night.jsonl")).expect("copied");
    let words = ["ledger+late-capture", "--from", "a night.jsonl", "--seeds", "0..20", "--messages", "100", "--mix"];
    let done = explore(&folder, &words);
    assert_eq!((done.code, done.stderr.as_str()), (Some(1), ""), "{}", done.stdout);
    let finding = folder.path("findings/incremental.balance");
    let commands = fs::read_to_string(finding.join("commands.txt")).expect("it is kept");
    let first = commands.lines().next().expect("a line");
    assert!(first.contains(", around a night.jsonl, event"), "{first}");
    let run = commands.lines().find(|line| line.starts_with("afresh run ")).expect("a run");
    assert!(run.ends_with(" --from '../../a night.jsonl' --messages 100 --mix"), "{run}");
    let path = format!("{}:/usr/bin:/bin", binary().parent().expect("a folder").display());
    let mut sh = Command::new("sh");
    sh.args(["-c", &format!("{run} --output again.jsonl")]).env("PATH", path).current_dir(&finding);
    assert_eq!(sh.stdout(Stdio::null()).status().expect("a shell").code(), Some(1), "{run}");
    let read = |name: &str| fs::read_to_string(finding.join(name)).expect("it is there");
    // The name of the trace is the one that the command has.
    assert_eq!(read("again.jsonl").replace("../../a night", "a night"), read("trace.jsonl"));
    for name in ["trace.jsonl", "shrunk.jsonl"] {
        assert!(read(name).lines().next().expect("a header").contains(", around a night.jsonl, event"), "{name}");
    }
}

#[test]
fn what_is_found_does_not_depend_on_the_number_of_jobs() {
    let outcome = |jobs| {
        let (folder, trace) = (Folder::default(), kept("ledger-long.jsonl"));
        let words = ["ledger+fee-rounding", "--from", &trace, "--seeds", "0..200", "--mix", "--jobs", jobs];
        let done = explore(&folder, &words);
        let read = |name: &str| folder.read(&format!("findings/{name}"));
        (done.stdout, read("campaign.jsonl"), read("incremental.balance/trace.jsonl"))
    };
    assert_eq!(outcome("1"), outcome("5"));
}

/// A seed is run again if the content of the traces is another, or if the runs are drawn in another way. The names of
/// the traces and their order do not matter, nor where they are read from.
#[test]
fn the_runs_are_those_of_the_content() {
    let folder = Folder::default();
    for name in ["one.jsonl", "two.jsonl"] {
        fs::create_dir_all(folder.path("nights")).expect("a folder");
        let kept = kept(if name == "one.jsonl" { "ledger-small.jsonl" } else { "ledger.jsonl" });
        fs::copy(kept, folder.path(&format!("nights/{name}"))).expect("copied");
    }
    fs::write(folder.path("nights/notes.txt"), "no trace").expect("written");
    fs::copy(folder.path("nights/one.jsonl"), folder.path("renamed.jsonl")).expect("copied");
    assert_eq!(folder.run(&["import", "renamed.jsonl", "--into", "sqlite:one.db"]).code, Some(0));
    let first_line = |words: &[&str]| {
        let words = [&["explore", "ledger", "--seeds", "0..20"], words].concat();
        folder.ok(&words).lines().next().expect("a line").to_owned()
    };
    let (new, old) =
        ("ledger: ok: 20 runs of seeds 0..20", "ledger: ok: 20 runs of seeds 0..20, all made before by this build");
    assert_eq!(first_line(&[]), new);
    assert_eq!(first_line(&["--from", "nights/one.jsonl"]), new);
    assert_eq!(first_line(&["--from", "renamed.jsonl"]), old);
    assert_eq!(first_line(&["--from", "renamed.jsonl", "nights/one.jsonl"]), old);
    assert_eq!(first_line(&["--from", "nights/one.jsonl", "--whole"]), new);
    assert_eq!(first_line(&["--from", "nights/one.jsonl", "--mix"]), new);
    assert_eq!(first_line(&["--from", "nights/one.jsonl", "--messages", "30"]), new);
    assert_eq!(first_line(&["--from", "nights"]), new);
    assert_eq!(first_line(&["--from", "nights/two.jsonl", "--from", "nights/one.jsonl"]), old);
    assert_eq!(first_line(&[]), old);
    // A store is read as the trace that it exports, which is the one that was imported.
    assert_eq!(first_line(&["--from", "sqlite:one.db"]), old);
    assert_eq!(folder.run(&["export", "sqlite:one.db", "--output", "exported.jsonl"]).code, Some(0));
    assert_eq!(first_line(&["--from", "exported.jsonl"]), old);
    let mut command = folder.command(&["explore", "ledger", "--seeds", "0..20", "--from", "-"]);
    command.stdin(fs::File::open(folder.path("nights/one.jsonl")).expect("it is there"));
    let done = Done::from(command.output().expect("the binary runs"));
    assert_eq!(done.stdout.lines().next(), Some(old), "{}", done.stderr);
    // The trace has one more message now.
    let more = folder.read("nights/one.jsonl")
        + r#"{"in":{"id":"m","from":"bank","body":{"deposit":{"account":"a-1","amount":1,"on":1}}}}"#;
    fs::write(folder.path("nights/one.jsonl"), more + "\n").expect("written");
    assert_eq!(first_line(&["--from", "nights/one.jsonl"]), new);
}

/// Every second run has generated messages too.
#[test]
fn recorded_and_generated_messages_can_be_mixed() {
    let (folder, trace) = (Folder::default(), kept("ledger-small.jsonl"));
    let counted = |words: &[&str], output: &str| {
        let words = [&["explore", "ledger", "--from", &trace, "--seeds", "0..100", "--output", output], words].concat();
        folder.json("explore", &words)["counts"]["messages"].as_u64().expect("a number")
    };
    let (alone, mixed) = (counted(&[], "alone"), counted(&["--mix"], "mixed"));
    assert!(mixed > alone + 500, "{alone} {mixed}");
}
