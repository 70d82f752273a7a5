//! Tests of a kept trace: it fails while its bug is there, and passes once the bug is fixed.

use afresh_tests::Folder;
use insta::assert_snapshot;

use super::LATE_CAPTURE;

/// A folder with a kept trace, whose header names `system`: the one with the bug, or the one in which it is fixed.
fn kept(system: &str) -> Folder {
    let folder = Folder::default();
    let header =
        format!(r#"{{"afresh":{{"format":1,"system":"{system}","complete":true,"shows":"incremental/captured"}}}}"#);
    folder.write("kept.jsonl", &([&[header.as_str()], &LATE_CAPTURE[..]].concat().join("\n") + "\n"));
    folder
}

#[test]
fn it_passes_when_the_bug_is_gone() {
    let folder = kept("ledger");
    assert_snapshot!(folder.ok(&["check", "kept.jsonl"]), @"
    kept.jsonl: ok: 4 stimuli, 1 key
      kept for incremental/captured, which does not show
      compared 4 steps, each recomputed from the first message; 4 of them restated
      messages: 1 late, 0 duplicate, 0 revised, 0 withdrawn; `update` ran 1 time and returned `FoldAgain`, so this check tested no state that it computed
    ");
    let report = folder.json("check", &["check", "kept.jsonl"]);
    assert_eq!(report[0]["shows"], "incremental/captured");
}

#[test]
fn it_fails_when_the_bug_is_back() {
    let done = kept("ledger+late-capture").run(&["check", "kept.jsonl"]);
    assert_eq!(done.code, Some(1));
    let said: Vec<_> = done.stdout.lines().take(2).collect();
    assert_snapshot!(said.join("\n"), @r"
    kept.jsonl: 2 findings; 4 stimuli, 1 key
      kept for incremental/captured, which is back
    ");
}

#[test]
fn another_bug_is_a_bug_too() {
    let folder = kept("ledger+late-capture");
    let text = folder.read("kept.jsonl").replace("incremental/captured", "panic/of another kind");
    folder.write("kept.jsonl", &text);
    let done = folder.run(&["check", "kept.jsonl"]);
    assert_eq!(done.code, Some(1));
    assert!(done.stdout.contains("kept for panic/of another kind, which does not show"), "{}", done.stdout);
}

#[test]
fn a_difference_of_two_versions_is_not_for_check() {
    let folder = kept("ledger");
    let text = std::fs::read_to_string(folder.path("kept.jsonl")).expect("the trace");
    folder.write("kept.jsonl", &text.replace("incremental/captured", "differs/captured"));
    let said = folder.ok(&["check", "kept.jsonl"]);
    assert!(said.contains("kept for differs/captured, which is a difference between two versions"), "{said}");
}
