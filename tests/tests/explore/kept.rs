//! What a report says of findings that an earlier `explore` has kept, and of campaigns that ran nothing.

use afresh_tests::Folder;

#[test]
fn a_trace_that_an_earlier_campaign_kept_is_not_taken_for_the_one_of_the_lowest_seed() {
    let folder = Folder::default();
    let explore = |seeds: &str| {
        let done = folder.run(&["explore", "ledger+late-capture", "--seeds", seeds, "--output", "found"]);
        assert_eq!(done.code, Some(1), "{}", done.stderr);
        done.stdout
    };
    let later = explore("64..128");
    assert!(!later.contains("kept from seed"), "{later}");
    let all = explore("0..128");
    assert!(all.contains("kept from seed ") && all.contains("of an earlier `explore`"), "{all}");
}

#[test]
fn a_part_of_the_seeds_without_any_is_not_called_ok() {
    let folder = Folder::default();
    let said = folder.ok(&["explore", "ledger", "--seeds", "0..64", "--shard", "2/2", "--output", "found"]);
    assert!(said.starts_with("ledger: nothing to run: 0 runs of seeds 0..64"), "{said}");
}

#[test]
fn a_campaign_that_was_stopped_before_any_run_had_ended_says_so() {
    let folder = Folder::default();
    let words = ["explore", "ledger", "--seeds", "0..100000", "--output", "found", "--time", "1ms"];
    let done = folder.run(&words);
    // A fast machine may end some runs.
    let is_told = done.stderr.contains("stopped before any run had ended") && done.code == Some(2);
    assert!(is_told || done.stdout.contains("; stopped before "), "{}{}", done.stdout, done.stderr);
}
