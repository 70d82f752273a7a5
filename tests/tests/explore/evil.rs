//! Tests of bugs whose names hold anything: each has a folder of its own, and no name is more than a name.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};

use afresh_tests::evil::NAMES;
use afresh_tests::{Done, Folder, binary};

fn evil(folder: &Folder, words: &[&str]) -> Done {
    let mut command = Command::new(binary().with_file_name("evil"));
    command.args(words).current_dir(folder.path(".")).stdin(Stdio::null());
    command.output().expect("the binary runs").into()
}

/// Each of the names is the name of an invariant, or of a panic.
#[test]
fn each_name_has_a_folder_whose_commands_run_nothing_of_the_name() {
    let folder = Folder::default();
    let words = ["explore", "evil", "--seeds", "0..256", "--jobs", "2"];
    let done = evil(&folder, &words);
    assert_eq!((done.code, done.stderr.as_str()), (Some(1), ""));
    insta::assert_snapshot!(done.stdout);
    assert!(done.stdout.chars().all(|char| char == '\n' || !char.is_control()), "{}", done.stdout);
    // A later `explore` goes on with all of them.
    assert!(evil(&folder, &words).stdout.contains("14 findings; 256 runs of seeds 0..256, all made before"));
    assert_eq!(folder.files(), ["findings"], "nothing escapes");

    let path = format!("{}:/usr/bin:/bin", binary().parent().expect("a folder").display());
    let mut bugs = BTreeSet::new();
    for entry in
        fs::read_dir(folder.path("findings")).expect("a folder").flatten().filter(|entry| entry.path().is_dir())
    {
        let finding = entry.path();
        let mut shell = Command::new("sh");
        shell.arg("commands.txt").env("PATH", &path).current_dir(&finding);
        let done = Done::from(shell.output().expect("a shell"));
        assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{}: {}", finding.display(), done.stdout);
        let read = |name: &str| fs::read_to_string(finding.join(name)).expect("a file");
        assert_eq!(read("again.jsonl"), read("shrunk.jsonl"));
        assert!(!finding.join("pwned").exists(), "{}", read("commands.txt"));
        bugs.insert(read("shrunk.jsonl").lines().next().expect("a header").to_owned());
    }
    assert_eq!(bugs.len(), NAMES.len(), "no trace is lost: {bugs:#?}");
}
