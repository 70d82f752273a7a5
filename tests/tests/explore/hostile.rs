//! Tests of a system that ends its process: that is a finding like any other, and the campaign goes on.

use std::process::{Command, Stdio};

use afresh_tests::{Done, Folder, binary};

fn run(folder: &Folder, words: &[&str]) -> Done {
    let mut command = Command::new(binary().with_file_name("hostile"));
    command.args(words).current_dir(folder.path("."));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.output().expect("the binary runs").into()
}

#[test]
fn a_campaign_goes_on_after_what_ends_it() {
    let folder = Folder::default();
    let words = ["explore", "hostile", "--seeds", "0..12", "--timeout", "5", "--memory", "200MB"];
    let done = run(&folder, &words);
    assert_eq!((done.code, done.stderr.as_str()), (Some(1), ""));
    insta::assert_snapshot!(done.stdout);
    let (again, first_lines) = (run(&folder, &words).stdout, done.stdout.split_once('\n').expect("lines"));
    assert_eq!(again, format!("{}, all made before by this build\n{}", first_lines.0, first_lines.1));
    // The kept trace reproduces the abort.
    let check = run(&folder, &["check", "findings/abort.signal+6/shrunk.jsonl"]);
    assert_eq!(check.code, Some(1));
    assert!(check.stdout.contains("abort/signal 6"), "{}", check.stdout);
}

#[test]
fn a_run_that_ends_the_process_is_recorded_up_to_there() {
    let folder = Folder::default();
    let aborts = (0..100).find(|seed| {
        let run = run(&folder, &["run", "hostile", "--seed", &seed.to_string(), "--timeout", "5"]);
        run.stdout.contains("abort/signal 6")
    });
    let seed = aborts.expect("one of them aborts").to_string();
    let done = run(&folder, &["run", "hostile", "--seed", &seed, "--output", "t.jsonl"]);
    assert_eq!((done.code, done.stderr.as_str()), (Some(1), ""));
    assert!(done.stdout.contains("the run did not finish"), "{}", done.stdout);
    let check = run(&folder, &["check", "t.jsonl"]);
    assert!(check.stdout.contains("abort/signal 6"), "{}", check.stdout);
}

#[test]
fn a_node_that_ends_the_process_or_hangs_is_found_recorded_and_shrunk() {
    let folder = Folder::default();
    let words = ["explore", "hostiles", "--seeds", "0..5", "--timeout", "2", "--memory", "200MB"];
    let done = run(&folder, &words);
    assert_eq!((done.code, done.stderr.as_str()), (Some(1), ""));
    insta::assert_snapshot!(done.stdout);
    for signature in ["abort/signal 6", "hang"] {
        let shrunk = format!("findings/{}/shrunk.jsonl", signature.replace('/', ".").replace(' ', "+"));
        // The word that causes the abort is delivered last.
        let last = folder.read(&shrunk).lines().last().map(str::to_owned).expect("a line");
        assert!(last.contains("\"deliver\""), "{last}");
        let check = run(&folder, &["check", &shrunk, "--timeout", "2"]);
        assert!(check.stdout.contains(&format!("kept for {signature}, which is back")), "{}", check.stdout);
    }
}

/// A run that is not the same again is never an ordinary finding, and never fine.
#[test]
fn a_world_that_depends_on_the_order_of_a_hash_set_is_nondeterministic() {
    let folder = Folder::default();
    for system in ["hash", "hash+lax"] {
        let found = run(&folder, &["explore", system, "--seeds", "0..64", "--output", system]);
        assert_eq!(found.code, Some(1));
        assert!(found.stdout.contains("\n  determinism in "), "{}", found.stdout);
        let shrunk = format!("{system}/determinism/shrunk.jsonl");
        let check = run(&folder, &["check", &shrunk]);
        assert!(check.stdout.contains("kept for determinism, which is back"), "{}", check.stdout);
        assert!(!folder.read(&shrunk).contains("content"), "an edit may have changed what messages say");
    }
    run(&folder, &["run", "hash+lax", "--seed", "3", "--output", "t.jsonl"]);
    let deliver = folder.read("t.jsonl").lines().find(|line| line.contains(r#""deliver""#)).map(str::to_owned);
    assert!(deliver.is_some_and(|line| line.contains(r#","content":""#)), "a message is in its trace");
    for words in [&["check", "t.jsonl"][..], &["check", "t.jsonl", "--laws"]] {
        let check = run(&folder, words);
        assert_eq!(check.code, Some(1), "{}", check.stdout);
        assert!(check.stdout.contains("  determinism at 1 step"), "{}", check.stdout);
        assert!(check.stdout.contains("the first has the message "), "{}", check.stdout);
    }
    let replay = run(&folder, &["replay", "t.jsonl"]);
    assert_eq!(replay.code, Some(1), "{}", replay.stdout);
    assert!(replay.stdout.contains("the content of this message is another now"), "{}", replay.stdout);
}
