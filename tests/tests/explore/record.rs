//! Tests of the record of a campaign: nothing is lost, nothing is counted twice, and nothing foreign is overwritten.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use afresh_tests::evil::REMOVES;
use afresh_tests::{Done, Folder, binary};

const RECORD: &str = "findings/campaign.jsonl";

/// Explores the system `files`, all of whose findings are one.
pub(super) fn files(folder: &Folder, words: &[&str]) -> Command {
    let mut command = Command::new(binary().with_file_name("evil"));
    command.args(["explore", "files", "--seeds", "0..40"]).args(words).current_dir(folder.path("."));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub(super) fn done(mut command: Command) -> Done {
    command.output().expect("the binary runs").into()
}

/// A pipe in its place would be read for ever, and the device that takes everything would forget all seeds.
#[test]
fn what_is_no_file_is_no_record() {
    let folder = Folder::default();
    fs::create_dir(folder.path("findings")).expect("a folder");
    symlink("/dev/null", folder.path("findings/campaign.jsonl")).expect("linked");
    let done = folder.run(&["explore", "ledger", "--seeds", "0..1"]);
    assert_eq!(done.code, Some(2));
    let why = "findings/campaign.jsonl: is a pipe or a device, expected a file\n";
    assert!(done.stderr.contains(why), "{}", done.stderr);
}

/// Nothing of such a file is overwritten: it may be anybody's.
#[test]
fn a_file_that_is_no_record_is_refused_and_left_as_it_is() {
    let header = r#"{"campaign":1,"system":"ledger"}"#;
    let chunk = |text: &str| format!("{header}\n{text}\n");
    let build = |seeds: &str| format!(r#"{{"build":"b",{seeds},"counts":{{}}}}"#);
    let (one, two) = (build(r#""first":0,"end":9"#), build(r#""first":5,"end":19"#));
    let mut cases = vec![
        ("my notes, not yours".to_owned(), 1),
        ("my notes\n".to_owned(), 1),
        (format!("{header} and my notes"), 1),
        (chunk("{}").replace("ledger", "orderbook"), 0),
        (chunk("").replace(":1", ":2"), 1),
        (chunk(""), 2),
        (chunk("[]") + "\n", 2),
        (format!("{header}\n{one}\nmy notes"), 3),
        (chunk(&format!("{one}\n{two}")), 3),
        (chunk(&format!("{two}\n{one}")), 3),
    ];
    let chunks = [
        r#"{"first":50,"end":10,"counts":{}}"#,
        r#"{"first":9,"end":9,"counts":{}}"#,
        r#"{"first":0,"end":18446744073709551616,"counts":{}}"#,
        r#"{"first":0,"end":9,"counts":{"messages":18446744073709551616}}"#,
        r#"{"first":0,"end":9,"counts":{},"failed":{"a":{"runs":1,"seed":9}}}"#,
        r#"{"first":0,"end":9,"counts":{},"failed":{"a":{"runs":10,"seed":8}}}"#,
        r#"{"first":0,"end":9,"counts":{},"failed":{"a":{"runs":0,"seed":8}}}"#,
        r#"{"first":0,"end":9,"counts":{},"laws":{"order":18446744073709551615}}"#,
        r#"{"first":0,"end":9,"counts":{},"reached":{"a":9}}"#,
        r#"{"first":0,"end":9,"counts":{},"#,
    ];
    cases.extend(chunks.map(|text| (chunk(text), 2)));
    let refused = |content: &[u8], line: u64| {
        let folder = Folder::default();
        fs::create_dir(folder.path("findings")).expect("a folder");
        fs::write(folder.path(RECORD), content).expect("written");
        let error = folder.refused(&["explore", "ledger", "--seeds", "0..10"]);
        let place = if line > 0 { format!("{RECORD}:{line}:") } else { format!("{RECORD}: ") };
        assert!(error.contains(&place), "{place} {error}");
        assert_eq!(fs::read(folder.path(RECORD)).expect("it is there"), content);
        error
    };
    let errors: Vec<_> = cases.iter().map(|(content, line)| refused(content.as_bytes(), *line)).collect();
    insta::assert_snapshot!(errors.concat());
    refused(b"\xff\xfe", 1);
    refused(&[chunk("").as_bytes(), b"\xff\n"].concat(), 2);
}

/// The highest numbers that a record can hold are added up without an overflow.
#[test]
fn the_highest_numbers_are_read() {
    let folder = Folder::default();
    let build = |folder: &Folder| {
        folder.ok(&["explore", "ledger", "--seeds", "0..1"]);
        let record = folder.read(RECORD);
        record.split("\"build\":\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a build").to_owned()
    };
    let build = build(&folder);
    let chunk =
        |seeds: &str, counted: u64| format!(r#"{{"build":"{build}",{seeds},"counts":{{"messages":{counted}}}}}"#);
    let (low, high) = (r#""first":0,"end":64"#, r#""first":64,"end":18446744073709551615"#);
    let record = |counted| {
        let chunks = [chunk(low, counted), chunk(high, u64::MAX - 5)];
        format!("{{\"campaign\":1,\"system\":\"ledger\"}}\n{}\n{}\n", chunks[0], chunks[1])
    };
    folder.write(RECORD, &record(6));
    let said = folder.run(&["explore", "ledger", "--seeds", "0..18446744073709551615"]);
    let expected = "campaign.jsonl:3: is not a campaign record of format 1: the counts so far add up to more than";
    assert!(said.code == Some(2) && said.stderr.contains(expected), "{}", said.stderr);
    folder.write(RECORD, &record(5));
    let said = folder.ok(&["explore", "ledger", "--seeds", "0..18446744073709551615"]);
    assert!(said.starts_with("ledger: ok: 18,446,744,073,709,551,615 runs of seeds"), "{said}");
    assert!(said.contains("\n  18,446,744,073,709,551,615 messages\n"), "{said}");
}

/// The system removes the record during a run, so the runs are recorded nowhere.
#[test]
fn a_record_that_vanishes_is_an_error() {
    let folder = Folder::default();
    let mut command = files(&folder, &["--no-shrink"]);
    command.env(REMOVES, folder.path(RECORD));
    let gone = done(command);
    assert_eq!((gone.code, gone.stdout.as_str()), (Some(2), ""), "{}", gone.stderr);
    assert!(gone.stderr.contains("campaign.jsonl: was removed or replaced"), "{}", gone.stderr);
    assert_eq!(done(files(&folder, &[])).code, Some(1), "the same seeds find it again");
}

#[test]
fn a_finding_that_the_record_lacks_is_reported() {
    let folder = Folder::default();
    assert_eq!(done(files(&folder, &["--no-shrink"])).code, Some(1));
    // Another build may have found it, and this one need not find it again.
    let record = folder.read(RECORD);
    let build = record.split("\"build\":\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a build");
    let clean = |text: &str| {
        folder.write(RECORD, text);
        let mut command = files(&folder, &[]);
        command.args(["--shard", "2/2"]);
        done(command)
    };
    let other = clean(&record.replace(build, "another-build"));
    assert_eq!((other.code, other.stderr.as_str()), (Some(0), ""), "{}", other.stdout);
    let lacks = clean(record.lines().next().map(|line| line.to_owned() + "\n").expect("a header").as_str());
    assert_eq!((lacks.code, lacks.stderr.as_str()), (Some(1), ""));
    insta::assert_snapshot!(lacks.stdout);
}

#[test]
fn a_trace_that_is_missing_is_reported() {
    let folder = Folder::default();
    assert_eq!(done(files(&folder, &["--no-shrink"])).code, Some(1));
    fs::remove_file(folder.path("findings/nothing/trace.jsonl")).expect("removed");
    let missing = done(files(&folder, &[]));
    assert_eq!((missing.code, missing.stderr.as_str()), (Some(1), ""));
    assert!(missing.stdout.contains("could not be shrunk: its trace.jsonl is missing"), "{}", missing.stdout);
}

/// Runs are recorded in chunks, so the runs of a few seeds are not counted alone.
#[test]
fn the_seeds_that_were_run_with_those_asked_for_are_named() {
    let folder = Folder::default();
    folder.ok(&["explore", "ledger", "--seeds", "0..100"]);
    let said = folder.ok(&["explore", "ledger", "--seeds", "3..10"]);
    let (runs, end) = said.split_once(" runs of seeds 0..").expect("the seeds begin with those of the chunk");
    let end = end.split_once(',').expect("the seeds end").0;
    assert_eq!(runs.strip_prefix("ledger: ok: "), Some(end), "{said}");
}

#[test]
fn only_one_campaign_at_a_time_uses_a_folder() {
    let folder = Folder::default();
    fs::create_dir(folder.path("findings")).expect("a folder");
    let held = File::open(folder.path("findings")).expect("a folder can be opened");
    held.lock().expect("nobody else has locked it");
    let refused = folder.refused(&["explore", "ledger", "--seeds", "0..10"]);
    let expected = format!("process {} is writing there: wait until it has ended", std::process::id());
    assert!(refused.contains(&expected), "{refused}");
    assert!(!folder.path(RECORD).exists());
    drop(held);
    // One of two waits for the other, or is refused. In the end each seed was counted once.
    let start = || folder.command(&["explore", "ledger", "--seeds", "0..200"]).spawn().expect("the binary runs");
    let both = [start(), start()];
    let codes = both.map(|child| Done::from(child.wait_with_output().expect("it ends")).code);
    assert!(codes.contains(&Some(0)) && codes.iter().all(|code| matches!(code, Some(0 | 2))), "{codes:?}");
    let said = folder.ok(&["explore", "ledger", "--seeds", "0..200"]);
    assert!(said.starts_with("ledger: ok: 200 runs of seeds 0..200, all made before by this build\n"), "{said}");
}

#[test]
fn a_finding_is_tried_again_until_it_is_shrunk() {
    let folder = Folder::default();
    let explore = |words: &[&str]| done(files(&folder, words)).stdout;
    assert!(explore(&["--no-shrink"]).contains("not yet shrunk"));
    // Another search holds the lock of the walk.
    let walk = File::create(folder.path("findings/nothing/walk.jsonl")).expect("created");
    walk.lock().expect("nobody else has locked it");
    let locked = explore(&[]);
    assert!(locked.contains("could not be shrunk: ") && locked.contains(" is writing there"), "{locked}");
    assert_eq!(explore(&["--no-shrink"]), locked, "the reason is shown until it is tried again");
    drop(walk);
    for walk in ["", "{}\n", "no walk", "{\"walk\":{\"format\":1,\"input\":\"00\",\"items\":1,\"oracle\":[\"x\"]}}\n"] {
        folder.write("findings/nothing/walk.jsonl", walk);
        folder.write("findings/nothing/shrink.txt", "a reason that has passed\n");
        folder.write("findings/nothing/shrunk.jsonl", "");
        folder.write("findings/nothing/shrink.json", "{\"torn");
        assert!(explore(&["--no-shrink"]).contains("could not be shrunk: a reason that has passed"));
        let shrunk = explore(&[]);
        assert!(shrunk.contains(" → 1 stimulus, in findings/nothing\n"), "{walk}: {shrunk}");
        assert!(!folder.path("findings/nothing/shrink.txt").exists());
    }
}

/// The time ends the shrinking too, and the next campaign goes on with it.
#[test]
fn the_time_limit_holds_for_the_shrinking_too() {
    let folder = Folder::default();
    assert!(done(files(&folder, &["--no-shrink"])).stdout.contains("not yet shrunk"));
    let stopped = done(files(&folder, &["--time", "0.000001"]));
    assert_eq!((stopped.code, stopped.stderr.as_str()), (Some(1), ""));
    assert!(stopped.stdout.contains("not yet shrunk"), "{}", stopped.stdout);
    assert!(!folder.path("findings/nothing/walk.jsonl").exists());
    assert!(done(files(&folder, &[])).stdout.contains(" → 1 stimulus, "));
}
