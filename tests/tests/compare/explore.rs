//! Tests of `afresh explore --against`: a search for messages on which two versions differ.

use afresh_tests::Folder;
use insta::assert_snapshot;

use super::differences;

const EXPLORE: [&str; 4] = ["explore", "ledger+receipt-stays", "--against", "ledger"];

#[test]
fn a_night_on_which_they_differ_is_found_and_shrunk() {
    let folder = Folder::default();
    let done = folder.run(&[&EXPLORE[..], &["--seeds", "10..20"]].concat());
    assert_eq!((done.code, done.stderr.as_str()), (Some(1), ""));
    assert_snapshot!(done.stdout);
    let found = "findings/differs.output+receipt";
    let shrunk = format!("{found}/shrunk.jsonl");
    let kinds = differences(&folder, 1, &["compare", &shrunk, "--against", "ledger"]);
    assert!(kinds.iter().any(|(signature, ..)| signature == "differs/output receipt"), "{kinds:?}");
    assert!(folder.read(&shrunk).contains(r#""shows":"differs/output receipt""#));
    assert_snapshot!(folder.read(&format!("{found}/commands.txt")));
}

/// With restarts, deploys, damage, knobs and lost messages, too, a version does the same as itself.
#[test]
fn no_version_differs_from_itself() {
    for system in ["ledger", "orderbook", "document"] {
        let folder = Folder::default();
        let done = folder.run(&["explore", system, "--against", system, "--seeds", "0..200"]);
        assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{}", done.stdout);
    }
}

#[test]
fn only_differences_count() {
    // Both have the same bug, so they do not differ.
    let folder = Folder::default();
    let words = ["explore", "ledger+receipt-stays", "--against", "ledger+receipt-stays", "--seeds", "0..12"];
    let done = folder.run(&words);
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{}", done.stdout);
    // A folder holds the runs of one question.
    let other = folder.run(&[&EXPLORE[..], &["--seeds", "0..12"]].concat());
    assert_eq!(other.code, Some(2));
    assert!(other.stderr.contains("ledger+receipt-stays against ledger+receipt-stays"), "{}", other.stderr);
    let world = folder.run(&["explore", "replica", "--against", "replica"]);
    assert!(
        world.code == Some(2) && world.stderr.contains("is a world of nodes, which has no keys"),
        "{}",
        world.stderr
    );
    let unknown = folder.run(&["explore", "ledger", "--against", "ledgers", "-o", "other"]);
    assert!(unknown.code == Some(2) && unknown.stderr.contains("--against: unknown system"), "{}", unknown.stderr);
}
