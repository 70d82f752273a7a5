//! Tests of traces that were edited by hand: a trace without some of its lines is still a trace.

use afresh_tests::Folder;

use super::{deposit, json};

/// Returns the lines of a trace that has the observations of its run.
fn recorded(folder: &Folder) -> Vec<String> {
    folder.trace("in.jsonl", "ledger", &[1, 2, 3].map(|n| deposit(n, "a-1", 5, n as i64)));
    folder.ok(&["replay", "in.jsonl", "--record", "recorded.jsonl"]);
    folder.read("recorded.jsonl").lines().map(str::to_owned).collect()
}

#[test]
fn every_line_states_its_number() {
    let lines = recorded(&Folder::default());
    assert_eq!(lines.len(), 10, "{lines:?}");
    for (line, number) in lines.iter().skip(1).zip(1..) {
        assert!(line.starts_with(&format!("{{\"n\":{number},")), "{line}");
    }
}

#[test]
fn without_any_line_but_the_header_it_can_be_read() {
    let folder = Folder::default();
    let lines = recorded(&folder);
    for removed in 1..lines.len() {
        let rest: Vec<_> =
            lines.iter().enumerate().filter(|(place, _)| *place != removed).map(|(_, line)| line).collect();
        folder.write("edited.jsonl", &rest.iter().fold(String::new(), |text, line| text + line + "\n"));
        for words in [&["check", "edited.jsonl"][..], &["replay", "edited.jsonl"], &["show", "edited.jsonl"]] {
            let done = folder.run(words);
            assert!(matches!(done.code, Some(0 | 1)) && done.stderr.is_empty(), "{removed} {words:?}: {}", done.stderr);
        }
        let shown = json(&folder, 0, &["show", "edited.jsonl"]);
        let numbers = shown["show"]["events"].as_array().expect("events").iter().map(|event| event["number"].as_u64());
        assert!(numbers.flatten().eq((1..10).filter(|number| *number != removed as u64)), "{shown}");
    }
}

#[test]
fn an_observation_without_its_cause_counts_with_the_stimulus_before_it() {
    let folder = Folder::default();
    let rest: Vec<_> = recorded(&folder).into_iter().filter(|line| !line.contains("\"m-2\"")).collect();
    folder.write("edited.jsonl", &(rest.join("\n") + "\n"));
    // The recorded view after the removed message has 10, which is not the sum of the messages that are left.
    let report = json(&folder, 1, &["check", "edited.jsonl"]);
    let first = &report["check"][0]["findings"][0]["first"];
    assert_eq!((&first["event"], &first["line"]), (&5.into(), &5.into()), "{report}");
}
