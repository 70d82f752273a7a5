//! Tests of laws on simulated runs and recorded traces. A broken law is a bug to shrink like any other.

use afresh_tests::Folder;

#[test]
fn a_trace_is_asked_the_laws() {
    let folder = Folder::default();
    folder.run(&["run", "ledger", "--seed", "7", "--output", "t.jsonl"]);
    insta::assert_snapshot!(folder.ok(&["check", "t.jsonl", "--laws"]));
    let check = folder.json("check", &["check", "t.jsonl", "--laws"]);
    assert_eq!(check[0]["laws"].as_array().map(Vec::len), Some(12));
    assert!(
        folder.json("check", &["check", "t.jsonl"])[0].get("laws").is_none(),
        "they are asked where that is wanted"
    );
}

#[test]
fn a_window_is_asked_no_law() {
    let folder = Folder::default();
    folder.write("w.jsonl", "{\"afresh\":{\"format\":1,\"system\":\"ledger\"}}\n");
    let done = folder.ok(&["check", "w.jsonl", "--laws"]);
    assert!(done.contains("laws not checked"), "{done}");
}

#[test]
fn a_broken_law_is_found_and_shrunk() {
    let folder = Folder::default();
    folder.run(&["run", "ledger+late-capture", "--seed", "17", "--output", "t.jsonl"]);
    let done = folder.run(&["check", "t.jsonl", "--laws"]);
    assert_eq!(done.code, Some(1));
    let laws: Vec<_> = done.stdout.lines().filter(|line| line.starts_with("  ") && line.contains(" at ")).collect();
    insta::assert_snapshot!(laws.join("\n"));
    let shrink = folder.run(&["shrink", "t.jsonl", "--signature", "policy/events"]);
    assert_eq!((shrink.code, shrink.stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!(folder.read("t.min.jsonl"));
    let kept = folder.run(&["check", "t.min.jsonl", "--laws"]);
    assert!(kept.stdout.contains("kept for policy/events, which is back"), "{}", kept.stdout);
    assert_eq!(folder.run(&["check", "t.min.jsonl", "--laws", "--system", "ledger"]).code, Some(0));
}

#[test]
fn what_is_not_determined_is_named_so() {
    let folder = Folder::default();
    let words = ["explore", "orderbook+hash-order", "--seeds", "0..200", "--no-shrink"];
    let done = folder.run(&words);
    assert_eq!(done.code, Some(1));
    assert!(done.stdout.contains("determinism in "), "{}", done.stdout);
}
