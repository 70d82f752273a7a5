//! Tests of `--not-in`: a candidate counts only if a correct version passes on it.

use std::fs;

use afresh_tests::Folder;

#[test]
fn a_command_keeps_what_the_correct_one_needs_to_pass() {
    let folder = Folder::default();
    folder.write("t.log", "x\ny\nz\n");
    let shrink = |not_in: &[&str]| {
        let words = [&["shrink", "t.log", "-o", "small.log", "--force"], not_in, &["--", "grep", "-q", "x", "{}"]];
        folder.run(&words.concat())
    };
    assert_eq!(shrink(&[]).code, Some(0));
    assert_eq!(folder.read("small.log"), "x\n");
    // The correct one fails on every input without a `y`.
    let done = shrink(&["--not-in", "sh -c '! grep -q y \"$0\"' {}"]);
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""));
    assert_eq!(folder.read("small.log"), "x\ny\n");
    assert!(done.stdout.contains("unresolved: the correct twin fails in the same way"), "{}", done.stdout);
    for unclosed in ["grep 'z {}", "grep \"z {}", "grep z {} \\"] {
        let done = shrink(&["--not-in", unclosed]);
        assert!(done.code == Some(2) && done.stderr.contains("is not closed"), "{unclosed}: {}", done.stderr);
    }
    // And on this it never passes.
    let done = shrink(&["--not-in", "grep -q z {}"]);
    assert_eq!((done.code, done.stdout.as_str()), (Some(3), ""));
    let said = "t.log: the command of --not-in does not pass on it either, so no candidate could count";
    assert!(done.stderr.contains(said), "{}", done.stderr);
}

#[test]
fn a_world_names_its_twin_and_another_is_refused() {
    let folder = Folder::default();
    folder.run(&["run", "replica+ack-early", "--seed", "0", "-o", "t.jsonl"]);
    let done = folder.run(&["shrink", "t.jsonl", "--not-in", "replica", "-o", "small.jsonl"]);
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""));
    assert!(done.stdout.contains("  the correct twin passes on what is left\n"), "{}", done.stdout);
    folder.ok(&["check", "small.jsonl", "--system", "replica"]);
    let own = folder.run(&["shrink", "t.jsonl", "--not-in-twin", "-o", "own.jsonl"]);
    assert_eq!(own.code, Some(0));
    assert_eq!(folder.read("own.jsonl"), folder.read("small.jsonl"));
    let refused = folder.run(&["shrink", "t.jsonl", "--not-in", "replica+ack-early", "-o", "none.jsonl"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(3), ""));
    let said = "replica+ack-early does not pass on it either, so no candidate could count: the bug shows at event";
    assert!(refused.stderr.contains(said), "{}", refused.stderr);
    let unknown = folder.run(&["shrink", "t.jsonl", "--not-in", "replicas", "-o", "none.jsonl"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.stderr.contains("--not-in"), "{}", unknown.stderr);
}

#[test]
fn a_campaign_asks_the_twin() {
    let folder = Folder::default();
    let done = folder.run(&["explore", "chord+published", "--seeds", "170..180"]);
    assert!(done.stdout.contains("live-successor in 1 run, first with seed 173"), "{}", done.stdout);
    let found = "findings/live-successor";
    folder.ok(&["check", &format!("{found}/shrunk.jsonl"), "--system", "chord"]);
    assert!(folder.read(&format!("{found}/shrink.json")).contains("\"twin_passes\":true"));
    assert!(folder.read(&format!("{found}/commands.txt")).contains(" --not-in-twin "));
    assert!(fs::exists(folder.path(&format!("{found}/walk.jsonl"))).unwrap());
}
