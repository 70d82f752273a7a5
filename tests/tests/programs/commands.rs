//! The commands that `explore` leaves with a finding, in other folders than the one it ran in.

use std::fs;
use std::process::Command;

use afresh_tests::{Folder, binary};

use super::{has, orders};

/// Runs the first command of each `commands.txt` in a folder, and asserts that it finds the bug.
fn assert_first_command_shows(output: &std::path::Path) {
    let findings = fs::read_dir(output).expect("the findings").flatten().map(|entry| entry.path());
    let findings: Vec<_> = findings.filter(|path| path.join("commands.txt").exists()).collect();
    assert!(!findings.is_empty(), "{}", output.display());
    for finding in findings {
        let commands = fs::read_to_string(finding.join("commands.txt")).expect("it is a text");
        for command in commands.lines().filter(|line| line.contains(" check ")) {
            let (program, rest) = command.split_once(' ').expect("a program");
            let script = format!("{} {rest}", binary().display());
            let done = Command::new("sh").args(["-c", &script]).current_dir(&finding).output().expect("a shell");
            let said = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
            assert!(done.status.code() == Some(1) && said.contains("which is back"), "{program} {rest}: {said}");
        }
    }
}

#[test]
fn the_commands_of_a_finding_work_from_any_folder() {
    if !has("python3") {
        return;
    }
    let (folder, elsewhere) = (orders(), Folder::default());
    let explore = ["explore", "orders+late-line", "--from", "in.jsonl", "--whole", "--seeds", "0..4", "--output"];
    let output = elsewhere.path("found");
    folder.run(&[&explore[..], &[&*output.display().to_string()]].concat());
    assert_first_command_shows(&output);
    // A program of an option is run in the folder in which the option was given.
    let explore = ["explore", "other", "--from", "in.jsonl", "--whole", "--seeds", "0..4", "--output", "found"];
    folder.run(&[&explore[..], &["--program", "other=python3 orders.py --bug"]].concat());
    assert_first_command_shows(&folder.path("found"));
}
