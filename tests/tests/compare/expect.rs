//! Tests of the file of intended differences.

use insta::assert_snapshot;

use super::late_capture;

const COMPARE: [&str; 6] = ["compare", "in.jsonl", "--against", "ledger", "--expect", "expected.txt"];

#[test]
fn what_is_expected_is_accepted_and_all_else_fails() {
    let folder = late_capture();
    // Nothing is accepted that nobody has written.
    assert_snapshot!(folder.refused(&COMPARE));
    let accept = [&COMPARE[..], &["--accept"]].concat();
    let accepted = folder.run(&accept);
    assert_eq!((accepted.code, accepted.stderr.as_str()), (Some(0), ""));
    assert_snapshot!(accepted.stdout + &folder.read("expected.txt"));
    folder.ok(&COMPARE);
    // One that is not listed fails, and the others are only counted.
    let expected = folder.read("expected.txt");
    folder.write("expected.txt", &expected.replace("differs/captured\n", ""));
    let done = folder.run(&COMPARE);
    assert_eq!(done.code, Some(1));
    assert_snapshot!(done.stdout);
}

#[test]
fn accepting_adds_to_the_file_and_removes_nothing() {
    let folder = late_capture();
    let reviewed = "# Head\n\n# This was agreed in review.\ndiffers/captured\n\n# gone?\ndiffers/fees\n";
    folder.write("expected.txt", reviewed);
    let done = folder.run(&[&COMPARE[..], &["--accept"]].concat());
    assert_eq!(done.code, Some(0));
    assert_eq!(
        folder.read("expected.txt"),
        "# Head\n\ndiffers/balance\n# This was agreed in review.\ndiffers/captured\n\n# gone?\ndiffers/fees\n\
         differs/output balance\ndiffers/output receipt\n"
    );
    let says = "expected.txt: 3 differences added\nexpected.txt: differs/fees is expected, but no trace shows it\n";
    assert!(done.stdout.ends_with(says), "{}", done.stdout);
    // What is expected and does not happen is no failure.
    assert!(folder.ok(&COMPARE).ends_with("differs/fees is expected, but no trace shows it\n"));
    let report = folder.json("compare", &COMPARE);
    assert_eq!(report["absent"], serde_json::json!(["differs/fees"]));
    assert_eq!(report["traces"][0]["expected"].as_array().map(Vec::len), Some(4));
    // A second time, nothing is left to add.
    let before = folder.read("expected.txt");
    assert!(folder.ok(&[&COMPARE[..], &["--accept"]].concat()).contains("expected.txt: unchanged\n"));
    assert_eq!(folder.read("expected.txt"), before);
}

#[test]
fn a_file_of_something_else_is_refused() {
    let folder = late_capture();
    folder.write("expected.txt", "# fine\n\nbalance\n");
    assert_snapshot!(folder.refused(&COMPARE));
    // If a trace cannot be read, nothing is accepted.
    folder.write("expected.txt", "");
    folder.write("bad.jsonl", "nothing\n");
    let done = folder.run(&[&COMPARE[..], &["bad.jsonl", "--accept"]].concat());
    assert_eq!((done.code, folder.read("expected.txt").as_str()), (Some(2), ""));
}
