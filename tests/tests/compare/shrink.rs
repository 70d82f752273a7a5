//! Tests of `afresh shrink --against`: the few messages on which two versions differ.

use afresh_tests::Folder;
use insta::assert_snapshot;

use super::{differences, late_capture};
use crate::cli::{copy, deposit};

#[test]
fn the_fewest_messages_on_which_they_differ_are_left() {
    let folder = Folder::default();
    copy(&folder, "ledger-late-capture.jsonl");
    let done = folder.run(&["shrink", "ledger-late-capture.jsonl", "--against", "ledger", "-o", "min.jsonl"]);
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""));
    assert_snapshot!(done.stdout + &folder.read("min.jsonl"));
    let found = differences(&folder, 1, &["compare", "min.jsonl", "--against", "ledger"]);
    assert!(found.iter().any(|(signature, ..)| signature == "differs/balance"), "{found:?}");
    // The kept trace passes once the new version does the same as the old one.
    folder.ok(&["check", "min.jsonl", "--system", "ledger"]);
    folder.ok(&["compare", "min.jsonl", "--system", "ledger", "--against", "ledger"]);
}

#[test]
fn the_kind_of_difference_stays_the_same() {
    let folder = Folder::default();
    copy(&folder, "ledger-receipt-stays.jsonl");
    // Both versions refuse some of these messages, and a candidate on which they differ in another way does not count.
    let part = "differs/output receipt";
    let words = ["shrink", "ledger-receipt-stays.jsonl", "--system", "ledger", "--against", "ledger+receipt-stays"];
    let named = folder.run(&[&words[..], &["--signature", part, "-o", "min.jsonl"]].concat());
    assert_eq!((named.code, named.stderr.as_str()), (Some(0), ""));
    let min = folder.read("min.jsonl");
    assert!(min.lines().next().expect("a header").contains(&format!(r#""shows":"{part}""#)), "{min}");
    let words = ["compare", "min.jsonl", "--system", "ledger", "--against", "ledger+receipt-stays"];
    let found = differences(&folder, 1, &words);
    assert!(found.iter().any(|(signature, ..)| signature == part), "{found:?}");
    let none = folder.run(&["shrink", "min.jsonl", "--against", "ledger+receipt-stays", "--signature", "differs/fees"]);
    assert_eq!(none.code, Some(3));
    assert!(none.stderr.contains("differs/fees"), "{}", none.stderr);
}

#[test]
fn what_does_not_differ_cannot_be_shrunk() {
    let folder = late_capture();
    folder.trace("same.jsonl", "ledger", &[deposit(1, "a-1", 5, 1)]);
    let done = folder.run(&["shrink", "same.jsonl", "--against", "ledger+late-capture"]);
    assert_eq!((done.code, done.stdout.as_str()), (Some(3), ""));
    assert_snapshot!(done.stderr);
    for words in [&["--not-in", "ledger"][..], &["--", "true", "{}"]] {
        let words = [&["shrink", "in.jsonl", "--against", "ledger"], words].concat();
        assert_eq!(folder.run(&words).code, Some(2), "{words:?}");
    }
}

#[test]
fn a_stopped_search_goes_on() {
    let folder = Folder::default();
    copy(&folder, "ledger-late-capture.jsonl");
    let words = ["shrink", "ledger-late-capture.jsonl", "--against", "ledger", "-o"];
    folder.ok(&[&words[..], &["whole.jsonl"]].concat());
    assert_eq!(folder.run(&[&words[..], &["parts.jsonl", "--runs", "12"]].concat()).code, Some(0));
    folder.ok(&[&words[..], &["parts.jsonl", "--resume"]].concat());
    assert_eq!(folder.read("parts.jsonl"), folder.read("whole.jsonl"));
    // A walk of another question is not continued.
    let other = folder.run(&["shrink", "ledger-late-capture.jsonl", "-o", "parts.jsonl", "--resume"]);
    assert_eq!(other.code, Some(2), "{}", other.stderr);
}
