//! Tests of campaigns: which files are kept of many runs, and where.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use afresh_tests::{Done, Folder, binary};

fn explore(folder: &Folder, words: &[&str]) -> Done {
    folder.run(&[&["explore"], words].concat())
}

/// Returns every file in a folder, by path.
fn tree(root: &Path) -> BTreeMap<String, String> {
    let (mut files, mut folders) = (BTreeMap::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder can be read") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).expect("it is below").display().to_string();
                files.insert(name, fs::read_to_string(&path).expect("text"));
            }
        }
    }
    files
}

#[test]
fn each_failure_is_kept_once_and_small() {
    let folder = Folder::default();
    let done = explore(&folder, &["ledger+late-capture", "--seeds", "0..200"]);
    assert_eq!((done.code, done.stderr.as_str()), (Some(1), ""));
    insta::assert_snapshot!(done.stdout);
    let files = tree(&folder.path("findings"));
    let names: Vec<_> = files.keys().map(String::as_str).collect();
    insta::assert_snapshot!(names.join("\n"));
    insta::assert_snapshot!(files["incremental.balance/commands.txt"]);
    insta::assert_snapshot!(files["incremental.balance/shrunk.jsonl"]);
    // The kept traces still show the bug, and the correct system does not.
    let shrunk = "findings/incremental.balance/shrunk.jsonl";
    assert_eq!(folder.run(&["check", shrunk, "findings/incremental.balance/trace.jsonl"]).code, Some(1));
    assert_eq!(folder.run(&["check", shrunk, "--system", "ledger"]).code, Some(0));
}

#[test]
fn nothing_is_wrong() {
    let folder = Folder::default();
    let done = explore(&folder, &["ledger", "--seeds", "100..164"]);
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!(done.stdout);
    assert_eq!(tree(&folder.path("findings")).len(), 1);
}

#[test]
fn what_is_found_does_not_depend_on_the_number_of_jobs() {
    let outcome = |jobs| {
        let folder = Folder::default();
        let done = explore(&folder, &["orderbook+index-stays", "--seeds", "0..300", "--jobs", jobs]);
        (done.stdout, tree(&folder.path("findings")))
    };
    assert_eq!(outcome("1"), outcome("5"));
}

#[test]
fn a_campaign_goes_on_where_it_was() {
    let (folder, whole) = (Folder::default(), Folder::default());
    let words = ["ledger+fees-stay", "--seeds", "0..256"];
    let expected = explore(&whole, &words);
    assert_eq!(explore(&folder, &["ledger+fees-stay", "--seeds", "0..128"]).code, Some(1));
    let before = tree(&folder.path("findings"));
    let gone_on = explore(&folder, &words);
    let (first, rest) = gone_on.stdout.split_once('\n').expect("lines");
    assert!(first.ends_with("256 runs of seeds 0..256, 128 made now and 128 before by this build"), "{first}");
    assert_eq!(rest, expected.stdout.split_once('\n').expect("lines").1);
    let after = tree(&folder.path("findings"));
    assert_eq!(after, tree(&whole.path("findings")));
    for (name, content) in before.iter().filter(|(name, _)| *name != "campaign.jsonl") {
        assert_eq!(after[name], *content, "{name} is left as it was");
    }
    // Only the run whose line was cut off runs again.
    let campaign = folder.path("findings/campaign.jsonl");
    let text = fs::read_to_string(&campaign).expect("it is there");
    fs::write(&campaign, &text[..text.len() - 5]).expect("written");
    let again = explore(&folder, &words).stdout;
    assert!(again.contains(", 64 made now and 192 before by this build\n") && again.ends_with(rest), "{again}");
    assert_eq!(fs::read_to_string(&campaign).expect("it is there"), text);
}

/// Another build may have other bugs, so the seeds that an older one has run are run again.
#[test]
fn another_build_runs_the_seeds_again() {
    let folder = Folder::default();
    let program = folder.path("afresh");
    // Written by other processes: if this one had it open, the children of other tests would have so too, and a file
    // that somebody writes to cannot be run.
    let sh = |script: &str| {
        let done = Command::new("sh").args(["-c", script, "sh"]).args([binary(), program.as_path()]).status();
        assert!(done.expect("the shell runs").success(), "{script}");
    };
    sh("cp \"$1\" \"$2\"");
    let first_line = || {
        let mut command = Command::new(&program);
        command.args(["explore", "ledger", "--seeds", "0..64"]).current_dir(folder.path("."));
        let done = Done::from(command.output().expect("the binary runs"));
        assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""));
        done.stdout.lines().next().expect("a line").to_owned()
    };
    assert_eq!(first_line(), "ledger: ok: 64 runs of seeds 0..64");
    assert_eq!(first_line(), "ledger: ok: 64 runs of seeds 0..64, all made before by this build");
    // The loader ignores bytes after the end of the program.
    sh("printf ! >> \"$2\"");
    assert_eq!(first_line(), "ledger: ok: 64 runs of seeds 0..64");
}

#[test]
fn shards_are_all_of_it() {
    let runs = |folder: &Folder, shard: &str| {
        let words = ["orderbook", "--seeds", "0..300", "--shard", shard];
        folder.json("explore", &[&["explore"], &words[..]].concat())["runs"].as_u64().expect("a number")
    };
    let folder = Folder::default();
    let each: Vec<_> = ["1/3", "2/3", "3/3"].iter().map(|shard| runs(&Folder::default(), shard)).collect();
    assert_eq!(each.iter().sum::<u64>(), 300);
    // In one folder, each shard continues from the others.
    assert_eq!(["1/3", "2/3", "3/3"].map(|shard| runs(&folder, shard)).last(), Some(&300));
}

#[test]
fn a_folder_is_for_one_system() {
    let folder = Folder::default();
    explore(&folder, &["ledger", "--seeds", "0..1"]);
    let refused = folder.refused(&["explore", "orderbook", "--seeds", "0..1"]);
    insta::assert_snapshot!(refused);
    folder.write("findings/campaign.jsonl", "something else\n");
    insta::assert_snapshot!(folder.refused(&["explore", "ledger", "--seeds", "0..1"]));
}

#[test]
fn what_cannot_be_explored_is_refused() {
    let folder = Folder::default();
    for words in [&["lodger"][..], &["ledger", "--seeds", "9..3"], &["ledger", "--shard", "4/3"]] {
        let refused = folder.refused(&[&["explore"], words].concat());
        assert!(refused.contains("expected"), "{refused}");
    }
}

#[test]
fn a_stop_in_time_keeps_what_was_run() {
    let folder = Folder::default();
    let done = explore(&folder, &["ledger", "--seeds", "0..18446744073709551615", "--time", "300ms"]);
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""));
    // On a busy machine the time is over before the first run, and then there is nothing to keep.
    let chunks = folder.read("findings/campaign.jsonl").lines().count() - 1;
    assert_eq!(chunks > 0, !done.stdout.contains(" 0 runs"), "{}", done.stdout);
}

/// Runs each command of a finding's `commands.txt` as a user would, and returns the outcome of each.
fn run_commands(folder: &Folder, finding: &str, more: &str) -> Vec<(String, Done)> {
    let commands = folder.read(&format!("findings/{finding}/commands.txt"));
    let path = format!("{}:/usr/bin:/bin", binary().parent().expect("a folder").display());
    let run = |line: &str| {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{line} {more}")]).env("PATH", &path);
        command.current_dir(folder.path(&format!("findings/{finding}")));
        (line.to_owned(), Done::from(command.output().expect("a shell")))
    };
    commands.lines().filter(|line| !line.starts_with('#')).map(run).collect()
}

/// With the bug each command shows it; in the correct system it does not show. Among the bugs is a broken law.
#[test]
fn the_commands_of_a_finding_do_what_they_say() {
    let found = [
        ("ledger+fees-stay", "587..588", "ledger"),
        ("ledger+late-capture", "0..20", "ledger"),
        ("replica+forget-on-restart", "0..5", "replica"),
    ];
    for (system, seeds, correct) in found {
        let folder = Folder::default();
        assert_eq!(explore(&folder, &[system, "--seeds", seeds]).code, Some(1));
        let findings = fs::read_dir(folder.path("findings")).expect("a folder").flatten();
        for finding in findings.filter(|entry| entry.path().is_dir()) {
            let finding = finding.file_name().into_string().expect("UTF-8");
            let outcomes = run_commands(&folder, &finding, "");
            assert_eq!(outcomes.len(), 5);
            for (line, done) in outcomes {
                let shows = !(line.contains(" show ") || line.contains(" shrink "));
                assert_eq!(done.code, Some(i32::from(shows)), "{system}, {line}: {}{}", done.stdout, done.stderr);
                if line.contains(" check ") {
                    assert!(done.stdout.contains(", which is back\n"), "{system}, {line}: {}", done.stdout);
                }
            }
            for (line, done) in run_commands(&folder, &finding, &format!("--system {correct}")) {
                if line.contains(" check ") {
                    assert!(done.stdout.contains(", which does not show\n"), "{correct}, {line}: {}", done.stdout);
                }
                // The trace of the whole run also has the wrong outputs that were recorded.
                if line.contains(" check shrunk.jsonl") {
                    assert_eq!(done.code, Some(0), "{correct}, {line}: {}", done.stdout);
                }
            }
        }
    }
}

/// A folder of this name would be hard to remove, and standard output is no folder.
#[test]
fn standard_output_is_no_folder() {
    let folder = Folder::default();
    let refused = folder.refused(&["explore", "ledger", "--seeds", "0..2", "--output", "-"]);
    assert!(refused.contains("'--output <FOLDER>'") && refused.contains("use `./-`"), "{refused}");
    assert!(folder.files().is_empty());
    folder.ok(&["explore", "ledger", "--seeds", "0..2", "--output", "./-"]);
    assert_eq!(folder.files(), ["-"]);
}
