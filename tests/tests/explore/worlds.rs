//! Tests of worlds on the command line: each command treats them as it treats systems.

use std::fs::{self, File};

use afresh::Systems;
use afresh::explore::Record;
use afresh_fixtures::Replica;
use afresh_tests::Folder;
use insta::assert_snapshot;
use serde_json::Value;

/// A run in which the backup forgets requests that it has acknowledged.
const FORGETS: [&str; 4] = ["run", "replica+forget-on-restart", "--seed", "4"];

/// A folder with that run as `t.jsonl` and with the shrunk trace as `small.jsonl`.
fn folder() -> Folder {
    let folder = Folder::default();
    folder.run(&[&FORGETS[..], &["--output", "t.jsonl"]].concat());
    let shrunk = folder.run(&["shrink", "t.jsonl", "--output", "small.jsonl"]);
    assert_eq!((shrunk.code, shrunk.stderr.as_str()), (Some(0), ""));
    folder
}

#[test]
fn a_run() {
    let folder = Folder::default();
    assert_snapshot!(folder.ok(&["run", "replica", "--seed", "7"]));
    let done = folder.run(&FORGETS);
    assert_eq!((done.code, done.stderr.as_str()), (Some(1), ""));
    assert_snapshot!(done.stdout);
}

#[test]
fn the_same_seed_is_the_same_bytes_and_another_is_not() {
    let folder = Folder::default();
    let run = |seed: &str| folder.run(&["run", "replica", "--seed", seed, "--output", "-"]).stdout;
    assert_eq!(run("3"), run("3"));
    assert_ne!(run("3"), run("4"));
}

#[test]
fn the_record_is_the_run() {
    let folder = Folder::default();
    for system in ["replica", "replica+ack-early", "replica+retry-twice"] {
        for seed in 0..10 {
            let seed = seed.to_string();
            folder.run(&["run", system, "--seed", &seed, "--output", "t.jsonl", "--force"]);
            folder.ok(&["replay", "t.jsonl", "--record", "again.jsonl", "--force"]);
            let [before, after] = ["t.jsonl", "again.jsonl"].map(|name| folder.read(name));
            let events = |trace: &str| trace.split_once('\n').expect("a header").1.to_owned();
            assert_eq!(events(&before), events(&after), "{system}, seed {seed}");
        }
    }
}

/// If a node never returns from an event, the record consists of what was written before it.
#[test]
fn what_is_written_before_it_happens_is_the_record() {
    let (folder, systems) = (Folder::default(), Systems::new().with_worlds(Replica::all()));
    let explorer = systems.explorer(Replica::NAME).expect("it is known").expect("a world needs no workload");
    let mut runs = explorer.begin();
    for seed in 0..50 {
        let record = runs.run(seed, Record::Any).trace;
        let path = folder.path("ahead.jsonl");
        runs.run(seed, Record::Ahead(File::create(&path).expect("a file")));
        assert!(fs::read(path).expect("it is there") == record, "seed {seed}");
    }
}

#[test]
fn a_campaign() {
    let folder = Folder::default();
    let done = folder.run(&["explore", "replica+forget-on-restart", "--seeds", "0..20", "--jobs", "1"]);
    assert_eq!((done.code, done.stderr.as_str()), (Some(1), ""));
    assert_snapshot!(done.stdout);
    assert_snapshot!(folder.read("findings/acknowledged-is-on-both/shrunk.jsonl"));
    let several = Folder::default();
    let again = several.run(&["explore", "replica+forget-on-restart", "--seeds", "0..20", "--jobs", "3"]);
    assert_eq!(again.stdout, done.stdout);
    for name in ["campaign.jsonl", "acknowledged-is-on-both/walk.jsonl", "acknowledged-is-on-both/report.html"] {
        let name = format!("findings/{name}");
        assert_eq!(several.read(&name), folder.read(&name), "{name}");
    }
}

#[test]
fn what_never_happens_is_said() {
    let done = Folder::default().run(&["explore", "replica+ack-early", "--seeds", "0..64", "--no-shrink"]);
    assert!(done.stdout.contains("  sometimes primary-waits: never\n"), "{}", done.stdout);
}

#[test]
fn a_replay() {
    let folder = folder();
    assert_snapshot!(folder.ok(&["replay", "t.jsonl"]));
    assert_snapshot!(folder.ok(&["replay", "t.jsonl", "--until", "10"]));
    // The messages left out of the small trace do not count as missing.
    assert_snapshot!(folder.ok(&["replay", "small.jsonl"]));
    // An event that differs in the new run.
    let trace = folder.read("t.jsonl");
    folder.write("other.jsonl", &trace.replacen("\"occurrence\":1", "\"occurrence\":2", 1));
    let header = r#","shows":"acknowledged-is-on-both""#;
    folder.write("other.jsonl", &folder.read("other.jsonl").replacen(header, "", 1));
    let done = folder.run(&["replay", "other.jsonl"]);
    assert_eq!((done.code, done.stderr.as_str()), (Some(1), ""));
    assert_snapshot!(done.stdout);
}

#[test]
fn another_version_runs_what_can_still_happen() {
    let folder = folder();
    assert_snapshot!(folder.ok(&["check", "t.jsonl", "small.jsonl", "--system", "replica"]));
    folder.run(&["run", "replica", "--seed", "2", "--output", "right.jsonl"]);
    let done = folder.run(&["replay", "right.jsonl", "--system", "replica+ack-early"]);
    assert_eq!((done.code, done.stderr.as_str()), (Some(1), ""));
    assert_snapshot!(done.stdout);
}

#[test]
fn a_check() {
    let folder = folder();
    let done = folder.run(&["check", "t.jsonl", "small.jsonl"]);
    assert_eq!((done.code, done.stderr.as_str()), (Some(1), ""));
    assert_snapshot!(done.stdout);
    // The only law that applies to a world is that two runs agree.
    assert_snapshot!(folder.ok(&["check", "small.jsonl", "--laws", "--system", "replica"]));
}

#[test]
fn what_is_left_of_a_trace() {
    let folder = folder();
    let done = folder.run(&["shrink", "t.jsonl", "--output", "small.jsonl", "--force"]);
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""));
    assert_snapshot!(done.stdout);
    let right = folder.run(&["shrink", "t.jsonl", "--system", "replica", "--output", "none.jsonl"]);
    assert_eq!((right.code, right.stdout.as_str()), (Some(3), ""));
    assert_snapshot!(right.stderr);
    let signature = ["--signature", "acknowledged-is-on-both", "--output", "none.jsonl"];
    let again = folder.run(&[&["shrink", "t.jsonl", "--system", "replica"], &signature[..]].concat());
    assert!(again.stderr.contains("this is nondeterminism, unless the code has changed since"), "{}", again.stderr);
}

#[test]
fn a_timeline() {
    let folder = folder();
    assert_snapshot!(folder.ok(&["show", "small.jsonl", "--views"]));
    assert_snapshot!(folder.ok(&["show", "t.jsonl", "--message", "i-2", "--key", "primary", "--range", "..20"]));
    // Events that the version under test does not produce are marked.
    folder.run(&["run", "replica", "--seed", "2", "--output", "right.jsonl"]);
    let words = ["show", "right.jsonl", "--system", "replica+ack-early", "--range", "90..100"];
    assert_snapshot!(folder.ok(&words));
}

#[test]
fn a_timeline_ends_in_calm_and_with_what_does_not_hold() {
    let folder = folder();
    folder.run(&["run", "replica", "--seed", "2", "--output", "right.jsonl"]);
    assert_snapshot!(folder.ok(&["show", "right.jsonl", "--range", "298.."]));
    // Findings beyond the end of `--range` are not shown.
    assert!(!folder.ok(&["show", "t.jsonl", "--range", "..28"]).contains("acknowledged-is-on-both"));
    let [right, wrong] = ["right.jsonl", "t.jsonl"].map(|trace| folder.json("show", &["show", trace]));
    let check = folder.run(&["check", "t.jsonl", "--format", "json"]);
    let check: Value = serde_json::from_str(&check.stdout).expect("JSON");
    assert_eq!(wrong["summary"]["findings"], check["check"][0]["findings"]);
    assert!(right["summary"]["calm"].is_object() && wrong["summary"].get("calm").is_none());
}

#[test]
fn options_about_keys_are_refused() {
    let folder = folder();
    let refused = folder.refused(&["replay", "t.jsonl", "--policy", "incremental", "--record", "again.jsonl"]);
    assert_snapshot!(refused);
    assert_snapshot!(folder.refused(&["check", "t.jsonl", "--budget", "5"]));
    // All other checks are about keys.
    let deposit = r#"{"in":{"id":"m-1","from":"bank","body":{"deposit":{"account":"a","amount":5,"on":1}}}}"#;
    folder.trace("l.jsonl", "ledger", &[deposit]);
    let done = folder.run(&["check", "l.jsonl", "t.jsonl", "--budget", "5"]);
    assert_eq!(done.code, Some(2));
    assert!(done.stdout.starts_with("l.jsonl: ok"), "{}", done.stdout);
}

#[test]
fn knobs_are_refused() {
    let folder = folder();
    let what = [&["reflow", "t.jsonl", "--message", "i-1"][..], &["scrub", "t.jsonl", "--all"]];
    for words in what {
        let refused = folder.refused(&[words, &["--by", "me", "--dry-run"]].concat());
        assert!(refused.contains("t.jsonl: a world of nodes has no keys and no knobs"), "{refused}");
    }
    let migrate = ["migrate", "t.jsonl", "fees-v2", "on", "--all", "--by", "me", "--dry-run"];
    let refused = folder.run(&migrate);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(2), ""), "{}", refused.stderr);
}
