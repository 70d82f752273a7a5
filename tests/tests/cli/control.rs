//! Tests that errors never hand control characters to a terminal: neither those of arguments nor those of files.

use std::fs;

use afresh_tests::{Done, Folder};
use serde_json::json;

use super::deposit;

/// Text that sets a title, clears the screen, and turns the direction of writing.
const EVIL: &str = "\u{1b}]0;PWN\u{7}\u{1b}[2J\u{202e}\u{9b}Z\rX\u{8}";

fn is_safe(text: &str) -> bool {
    let acts = |character: char| character.is_control() && character != '\n' || character == '\u{202e}';
    !text.contains(acts)
}

fn assert_refused(done: &Done, words: &[&str]) {
    assert_eq!(done.code, Some(2), "{words:?}: {}", done.stderr);
    assert!(is_safe(&done.stderr) && done.stderr.contains("PWN"), "{words:?}: {:?}", done.stderr);
    assert_eq!(done.stdout, "", "{words:?}");
}

#[test]
fn arguments() {
    let folder = Folder::default();
    folder.trace("t.jsonl", "ledger", &[deposit(1, "a", 5, 1)]);
    folder.write("rows.csv", "id,body\n1,5\n");
    let import = ["import", "rows.csv", "--system", "ledger", "--map", "id=.id", "--map", "from==b", "--map"];
    let cases: [&[&str]; 10] = [
        &[EVIL],
        &["--", EVIL],
        &["show", "t.jsonl", "--kind", EVIL],
        &["shrink", "t.jsonl", "--time", EVIL],
        &["check", EVIL],
        &["replay", "t.jsonl", "--system", EVIL],
        &["explore", EVIL],
        &["explore", "ledger", "--seeds", EVIL],
        &[&import[..], &[EVIL]].concat(),
        &[&import[..], &["body=.body", "--delimiter", EVIL]].concat(),
    ];
    for words in cases {
        assert_refused(&folder.run(words), words);
    }
}

#[test]
fn walks() {
    let folder = Folder::default();
    folder.write("log", "a\nb\n");
    folder.write("log.min.walk", &(json!({ "walk": { "format": 1, EVIL: 1 } }).to_string() + "\n"));
    let words = ["show", "--walk", "log.min.walk"];
    assert_refused(&folder.run(&words), &words);
    let words = ["shrink", "log", "--resume", "--", "grep", "-q", "b", "{}"];
    assert_refused(&folder.run(&words), &words);
}

#[test]
fn campaigns() {
    let header = |system: &str| json!({ "campaign": 1, "system": system }).to_string() + "\n";
    let chunk = |first: u64, end: u64, messages: u64| {
        json!({ "first": first, "end": end, "counts": { "messages": messages } }).to_string() + "\n"
    };
    let folder = Folder::default();
    let explore = |content: &[u8]| {
        fs::create_dir_all(folder.path("findings")).unwrap();
        fs::write(folder.path("findings/campaign.jsonl"), content).unwrap();
        let done = folder.run(&["explore", "ledger", "--seeds", "0..2"]);
        (done, fs::read(folder.path("findings/campaign.jsonl")).unwrap())
    };
    let ledger = header("ledger");
    for (content, place) in [
        (header(EVIL).into_bytes(), "belongs to the campaign of"),
        (b"my notes, not yours".to_vec(), "campaign.jsonl:1:"),
        (b"\xff\xfe\n".to_vec(), "campaign.jsonl:1:"),
        ([ledger.as_bytes(), b"\xff\n"].concat(), "campaign.jsonl:2:"),
        ((ledger.clone() + &chunk(50, 10, 0)).into_bytes(), "campaign.jsonl:2:"),
        ((ledger.clone() + &chunk(0, 1, u64::MAX) + &chunk(1, 2, 1)).into_bytes(), "campaign.jsonl:3:"),
    ] {
        let (done, after) = explore(&content);
        assert_eq!(done.code, Some(2), "{}", done.stderr);
        assert!(is_safe(&done.stderr) && done.stderr.contains(place), "{}", done.stderr);
        assert_eq!(after, content, "nothing is written");
    }
    // Names that no campaign has are harmless.
    let names = json!({ "first": 0, "end": 2, "counts": { EVIL: 1 }, "laws": { EVIL: 1 }, "reached": { EVIL: 1 } });
    let (done, _) = explore((ledger.clone() + &names.to_string() + "\n").as_bytes());
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(is_safe(&done.stdout), "{}", done.stdout);
    // A header that a crash cut off is written again.
    assert_eq!(explore(&ledger.as_bytes()[..9]).0.code, Some(0));
}
