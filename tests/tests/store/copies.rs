//! A trace that becomes the journal of a store comes back as the same bytes.

use std::fs;

use afresh_tests::{Folder, root};
use serde_json::Value;

use super::{TRACE, URL, folder, header, stdout_of};

/// Whether a kept trace can become the journal of a service.
fn qualifies(text: &str) -> bool {
    let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line is JSON"));
    let header = lines.next().expect("a header");
    let is_world = header["afresh"]["system"].as_str().is_some_and(|system| system.starts_with("replica"));
    let has_gaps = (1..).zip(lines).any(|(number, line)| line.get("n").is_some_and(|n| *n != number));
    header["afresh"]["complete"] == true && !is_world && !has_gaps
}

#[test]
fn every_kept_trace_of_a_whole_history_comes_back() {
    let folder = Folder::default();
    let mut copied = 0;
    for entry in fs::read_dir(root().join("fixtures/traces")).expect("kept traces") {
        let path = entry.expect("an entry").path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()).filter(|name| name.ends_with(".jsonl")) else {
            continue;
        };
        let text = fs::read_to_string(&path).expect("a kept trace");
        if !qualifies(&text) {
            continue;
        }
        folder.write(name, &text);
        let url = format!("sqlite:{name}.db");
        stdout_of(&folder, &["import", name, "--into", &url]);
        assert_eq!(stdout_of(&folder, &["export", &url]), text, "{name}");
        copied += 1;
        if name.contains("hash-order") {
            // This bug is that no two runs are the same.
            continue;
        }
        let replayed = |trace: &str| folder.run(&["replay", trace, "--format", "json"]).stdout;
        assert_eq!(replayed(&url), replayed(name), "{name}");
        assert!(replayed(&url).contains("\"digest\""), "{name}");
    }
    assert!(copied >= 10, "{copied} traces were copied");
}

#[test]
fn the_header_is_the_header_of_the_trace() {
    let folder = folder();
    let text = folder.read(TRACE);
    let line = format!("{{\"afresh\":{}}}", serde_json::to_string(&header(&folder)).expect("a header is JSON"));
    assert_eq!(text.lines().next(), Some(&*line));
}

#[test]
fn reports_for_people_and_programs() {
    let folder = folder();
    let done = folder.run(&["export", URL, "--output", "copy.jsonl"]);
    assert_eq!(done.stdout, "");
    assert_eq!(done.stderr, "sqlite:data/ledger.db: 60 events written to copy.jsonl, a whole history\n");
    let exported = folder.json("export", &["export", URL, "--output", "copy.jsonl", "--force"]);
    let expected = serde_json::json!({
        "store": URL, "output": "copy.jsonl", "system": "ledger", "complete": true, "events": 60,
    });
    assert_eq!(exported, expected);
    let done = folder.run(&["import", "copy.jsonl", "--into", "sqlite:other.db"]);
    assert_eq!(
        (done.stdout.as_str(), done.stderr.as_str()),
        ("", "copy.jsonl: 60 events written to sqlite:other.db\n")
    );
    let imported = folder.json("import", &["import", "copy.jsonl", "--into", "sqlite:third.db"]);
    let none = serde_json::json!({"count": 0, "first": []});
    let expected = serde_json::json!({
        "trace": "copy.jsonl", "store": "sqlite:third.db", "system": "ledger", "events": 60, "system_is_known": true,
        "duplicates": none, "conflicts": none, "stale": none, "rejected": none, "unreadable": none,
    });
    assert_eq!(imported, expected);
    // A store is a trace, so it can be copied into another store.
    stdout_of(&folder, &["import", URL, "--into", "sqlite:fourth.db"]);
    assert_eq!(stdout_of(&folder, &["export", "sqlite:fourth.db"]), folder.read(TRACE));
}
