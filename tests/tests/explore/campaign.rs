//! Tests of campaigns: which files are kept of many runs, and where.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use afresh_tests::{Done, Folder};

fn explore(folder: &Folder, words: &[&str]) -> Done {
    folder.run(&[&["explore"], words].concat())
}

/// Returns every file in a folder, by path.
fn tree(root: &Path) -> BTreeMap<String, String> {
    let (mut files, mut folders) = (BTreeMap::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder can be read") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).expect("it is below").display().to_string();
                files.insert(name, fs::read_to_string(&path).expect("text"));
            }
        }
    }
    files
}

#[test]
fn each_failure_is_kept_once_and_small() {
    let folder = Folder::default();
    let done = explore(&folder, &["ledger+late-capture", "--seeds", "0..200"]);
    assert_eq!((done.code, done.stderr.as_str()), (Some(1), ""));
    insta::assert_snapshot!(done.stdout);
    let files = tree(&folder.path("findings"));
    let names: Vec<_> = files.keys().map(String::as_str).collect();
    insta::assert_snapshot!(names.join("\n"));
    insta::assert_snapshot!(files["incremental-balance/commands.txt"]);
    insta::assert_snapshot!(files["incremental-balance/shrunk.jsonl"]);
    // The kept traces still show the bug, and the correct system does not.
    let shrunk = "findings/incremental-balance/shrunk.jsonl";
    assert_eq!(folder.run(&["check", shrunk, "findings/incremental-balance/trace.jsonl"]).code, Some(1));
    assert_eq!(folder.run(&["check", shrunk, "--system", "ledger"]).code, Some(0));
}

#[test]
fn nothing_is_wrong() {
    let folder = Folder::default();
    let done = explore(&folder, &["ledger", "--seeds", "100..164"]);
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!(done.stdout);
    assert_eq!(tree(&folder.path("findings")).len(), 1);
}

#[test]
fn what_is_found_does_not_depend_on_the_number_of_jobs() {
    let outcome = |jobs| {
        let folder = Folder::default();
        let done = explore(&folder, &["orderbook+index-stays", "--seeds", "0..300", "--jobs", jobs]);
        (done.stdout, tree(&folder.path("findings")))
    };
    assert_eq!(outcome("1"), outcome("5"));
}

#[test]
fn a_campaign_goes_on_where_it_was() {
    let (folder, whole) = (Folder::default(), Folder::default());
    let words = ["ledger+fees-stay", "--seeds", "0..256"];
    let expected = explore(&whole, &words);
    assert_eq!(explore(&folder, &["ledger+fees-stay", "--seeds", "0..128"]).code, Some(1));
    let before = tree(&folder.path("findings"));
    let gone_on = explore(&folder, &words);
    assert_eq!(gone_on.stdout, expected.stdout);
    let after = tree(&folder.path("findings"));
    assert_eq!(after, tree(&whole.path("findings")));
    for (name, content) in before.iter().filter(|(name, _)| *name != "campaign.jsonl") {
        assert_eq!(after[name], *content, "{name} is left as it was");
    }
    // Only the run whose line was cut off runs again.
    let campaign = folder.path("findings/campaign.jsonl");
    let text = fs::read_to_string(&campaign).expect("it is there");
    fs::write(&campaign, &text[..text.len() - 5]).expect("written");
    assert_eq!(explore(&folder, &words).stdout, expected.stdout);
    assert_eq!(fs::read_to_string(&campaign).expect("it is there"), text);
}

#[test]
fn shards_are_all_of_it() {
    let runs = |folder: &Folder, shard: &str| {
        let words = ["orderbook", "--seeds", "0..300", "--shard", shard];
        folder.json("explore", &[&["explore"], &words[..]].concat())["runs"].as_u64().expect("a number")
    };
    let folder = Folder::default();
    let each: Vec<_> = ["1/3", "2/3", "3/3"].iter().map(|shard| runs(&Folder::default(), shard)).collect();
    assert_eq!(each.iter().sum::<u64>(), 300);
    // In one folder, each shard continues from the others.
    assert_eq!(["1/3", "2/3", "3/3"].map(|shard| runs(&folder, shard)).last(), Some(&300));
}

#[test]
fn a_folder_is_for_one_system() {
    let folder = Folder::default();
    explore(&folder, &["ledger", "--seeds", "0..1"]);
    let refused = folder.refused(&["explore", "orderbook", "--seeds", "0..1"]);
    insta::assert_snapshot!(refused);
    folder.write("findings/campaign.jsonl", "something else\n");
    insta::assert_snapshot!(folder.refused(&["explore", "ledger", "--seeds", "0..1"]));
}

#[test]
fn what_cannot_be_explored_is_refused() {
    let folder = Folder::default();
    for words in [&["lodger"][..], &["ledger", "--seeds", "9..3"], &["ledger", "--shard", "4/3"]] {
        let refused = folder.refused(&[&["explore"], words].concat());
        assert!(refused.contains("expected"), "{refused}");
    }
}

#[test]
fn a_stop_in_time_keeps_what_was_run() {
    let folder = Folder::default();
    let done = explore(&folder, &["ledger", "--seeds", "0..1000000000", "--time", "300ms"]);
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""));
    // On a busy machine the time is over before the first run, and then there is nothing to keep.
    let chunks = folder.read("findings/campaign.jsonl").lines().count() - 1;
    assert_eq!(chunks > 0, !done.stdout.contains(" 0 runs"), "{}", done.stdout);
}
