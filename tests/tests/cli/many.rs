//! Tests of `afresh check` on several traces at once.

use afresh_tests::Folder;

use super::{LATE_CAPTURE, copy, deposit, json};

/// Traces with and without bugs that take very different times to check. The first takes longest.
fn folder() -> (Folder, Vec<&'static str>) {
    let folder = Folder::default();
    let names = vec![
        "ledger-production.jsonl",
        "ledger-small.jsonl",
        "orderbook-crossed-amend.jsonl",
        "document-range-overflow.jsonl",
        "ledger-window.jsonl",
    ];
    names.iter().for_each(|name| copy(&folder, name));
    (folder, names)
}

#[test]
fn what_is_printed_does_not_depend_on_the_number_of_jobs() {
    let (folder, names) = folder();
    for format in ["text", "json"] {
        let check = |jobs: &str| {
            let words = ["check", "--format", format, "--jobs", jobs];
            folder.run(&[&words[..], &names].concat())
        };
        let one = check("1");
        assert_eq!((one.code, one.stderr.as_str()), (Some(1), ""));
        for jobs in ["2", "4", "7"] {
            let more = check(jobs);
            assert!(more.stdout == one.stdout, "{jobs} jobs: {}\n1 job: {}", more.stdout, one.stdout);
            assert_eq!((more.code, more.stderr.as_str()), (Some(1), ""));
        }
    }
}

#[test]
fn each_is_reported_in_the_order_given() {
    let (folder, mut names) = folder();
    for _ in 0..2 {
        names.reverse();
        let report = json(&folder, 1, &[&["check"], &names[..]].concat());
        let traces: Vec<_> = report["check"].as_array().unwrap().iter().map(|trace| trace["trace"].as_str()).collect();
        assert_eq!(traces, names.iter().map(|name| Some(*name)).collect::<Vec<_>>());
        let text = folder.run(&[&["check"], &names[..]].concat()).stdout;
        let first: Vec<_> = text.lines().filter(|line| !line.starts_with(' ')).collect();
        assert!(first.iter().zip(&names).all(|(line, name)| line.starts_with(name)), "{text}");
        assert_eq!(first.len(), names.len());
    }
}

#[test]
fn one_that_cannot_be_read_does_not_keep_the_others_from_being_checked() {
    let folder = Folder::default();
    folder.trace("clean.jsonl", "ledger", &[deposit(1, "a-1", 5, 1)]);
    folder.trace("bug.jsonl", "ledger+late-capture", &LATE_CAPTURE);
    folder.trace("bad.jsonl", "ledger", &["{\"in\":{}}"]);
    let names = ["clean.jsonl", "bad.jsonl", "bug.jsonl", "nowhere.jsonl", "clean.jsonl"];
    let done = folder.run(&[&["check"], &names[..]].concat());
    assert_eq!(done.code, Some(2));
    let alone = |name: &str| folder.run(&["check", name]);
    let (clean, bad, bug, nowhere) =
        (alone("clean.jsonl"), alone("bad.jsonl"), alone("bug.jsonl"), alone("nowhere.jsonl"));
    assert_eq!(done.stdout, [clean.stdout.clone(), bug.stdout, clean.stdout].concat());
    assert_eq!(done.stderr, bad.stderr + &nowhere.stderr);
    assert_eq!((clean.code, bad.code, bug.code, nowhere.code), (Some(0), Some(2), Some(1), Some(2)));

    let report = json(&folder, 2, &[&["check"], &names[..]].concat());
    let unread: Vec<_> = report["check"].as_array().unwrap().iter().map(|trace| trace["error"].as_str()).collect();
    assert_eq!(unread.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true, false, true, false]);
    assert!(unread[1].unwrap().starts_with("bad.jsonl:2:"), "{report}");
    assert_eq!(report["check"][2]["findings"][0]["first"]["event"], 4, "{report}");
}
