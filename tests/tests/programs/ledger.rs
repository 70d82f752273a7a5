//! Compares the ledger in Rust with the same ledger as a program in Python, on all kept traces of the ledger.
//!
//! Reports and recordings are compared as values, because each language writes the fields of a body in its own order.
//! The tests leave out three differences:
//!
//! * `replay` prints a digest of the run, which depends on the types of the bodies.
//! * `update` of a program cannot answer the state before the first message. It asks for a fold instead, so only the
//!   sum of `updated` and `folded_again` is the same.
//! * A program has no `touched`. Without it, the bug `receipt-stays` is impossible, and a wrong state of the bug
//!   `late-capture` also changes the outputs that `touched` leaves as they are.

use std::fs;

use afresh_tests::{Done, Folder, root};
use serde_json::Value;

use super::has;

/// The most events that are taken from a trace. `ledger-long` has 10,000, for which a program takes half a minute.
const EVENTS_MAX: usize = 2_000;

/// A trace of the ledger, and a system that runs it.
struct Case {
    /// The name of the file.
    file: String,
    /// The trace.
    text: String,
    /// The system.
    system: String,
    /// `true` if the trace is of this system, and not of one with a bug.
    is_own: bool,
}

impl Case {
    /// Each trace with its own system, and with the correct one.
    fn all() -> Vec<Self> {
        let entries = fs::read_dir(root().join("fixtures/traces")).expect("the traces are there");
        let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
        paths.sort();
        let mut cases = Vec::new();
        for path in paths {
            let file = path.file_name().expect("a name").to_string_lossy().into_owned();
            if !file.starts_with("ledger") {
                continue;
            }
            let text = fs::read_to_string(&path).expect("a trace is read");
            let text: String = text.split_inclusive('\n').take(1 + EVENTS_MAX).collect();
            let header: Value = serde_json::from_str(text.lines().next().expect("a header")).expect("it is JSON");
            let own = header["afresh"]["system"].as_str().expect("a system");
            let systems = match own {
                "ledger" | "ledger+receipt-stays" => vec!["ledger"],
                _ => vec![own, "ledger"],
            };
            for system in systems {
                let (file, text, is_own) = (file.clone(), text.clone(), system == own);
                cases.push(Self { file, text, system: system.to_owned(), is_own });
            }
        }
        assert!(cases.len() >= 18, "there are {} cases", cases.len());
        cases
    }

    /// Runs a subcommand with the system in Rust and with the one in Python, each in a folder of its own.
    fn both(&self, words: &[&str]) -> [(Folder, Done); 2] {
        let config = root().join("tests/programs/ledger.toml");
        let config = ["--config", config.to_str().expect("a path of text")];
        [&[][..], &config].map(|config| {
            let folder = Folder::default();
            folder.write(&self.file, &self.text);
            let words = [&[words[0], &self.file, "--system", &self.system], &words[1..], config].concat();
            let done = folder.run(&words);
            assert!(matches!(done.code, Some(0 | 1)) && done.stderr.is_empty(), "{words:?}: {}", done.stderr);
            (folder, done)
        })
    }

    /// Returns `true` if the shortcut `touched` changes the outputs of a run.
    fn is_touched(&self) -> bool {
        self.file == "ledger-late-capture.jsonl" && self.is_own
    }
}

#[test]
fn check_gives_the_same_verdicts() {
    if !has("python3") {
        return;
    }
    for case in Case::all() {
        let [rust, python] = case.both(&["check", "--format", "json"]).map(|(_, done)| {
            let mut report: Value = serde_json::from_str(&done.stdout).expect("a report is JSON");
            let check = &mut report["check"][0];
            let [updated, folded] = ["updated", "folded_again"].map(|name| check["coverage"][name].take().as_u64());
            check["coverage"]["updates"] = (updated.expect("a count") + folded.expect("a count")).into();
            if case.is_touched() {
                let findings = check["findings"].as_array_mut().expect("a list");
                findings.retain(|finding| finding["signature"]["check"] != "outputs");
            }
            (done.code, report)
        });
        assert_eq!(rust, python, "{} with {}", case.file, case.system);
    }
}

#[test]
fn replay_gives_the_same_events() {
    if !has("python3") {
        return;
    }
    for case in Case::all() {
        let words = ["replay", "--format", "json", "--record", "now.jsonl"];
        let [rust, python] = case.both(&words).map(|(folder, done)| {
            let mut report: Value = serde_json::from_str(&done.stdout).expect("a report is JSON");
            report["replay"]["digest"].take();
            let events = folder.read("now.jsonl");
            let mut events: Vec<Value> =
                events.lines().map(|line| serde_json::from_str(line).expect("an event is JSON")).collect();
            if case.is_touched() {
                // More outputs are sent in one of the two, so the events have other numbers.
                events.retain(|event| event.get("out").is_none());
                events.iter_mut().for_each(|event| ["n", "cause"].into_iter().for_each(|name| _ = event[name].take()));
            }
            (done.code, report, events)
        });
        assert_eq!((rust.0, &rust.1), (python.0, &python.1), "{} with {}", case.file, case.system);
        let other = rust.2.iter().zip(&python.2).find(|(rust, python)| rust != python);
        assert_eq!(other, None, "{} with {}", case.file, case.system);
        assert_eq!(rust.2.len(), python.2.len(), "{} with {}", case.file, case.system);
    }
}

#[test]
fn shrink_gives_the_same_trace() {
    if !has("python3") {
        return;
    }
    let with_bug = Case::all().into_iter().filter(|case| case.is_own && case.system != "ledger");
    let mut shrunk = 0;
    for case in with_bug {
        let [rust, python] = case.both(&["shrink", "--output", "small.jsonl"]);
        assert_eq!(rust.1.code, python.1.code, "{}", case.file);
        assert_eq!(rust.0.read("small.jsonl"), python.0.read("small.jsonl"), "{}", case.file);
        shrunk += 1;
    }
    assert_eq!(shrunk, 6, "five bugs, and what production recorded of one of them");
}
