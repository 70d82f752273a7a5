//! Compares the number of runs of a search with lithium's method, where no links lead to the events that matter.

use std::collections::BTreeSet;

use afresh::minimize::{Candidate, Verdict, minimize};

/// Counts the runs that lithium takes to find the `needed` ones of `len` events. It removes chunks from the end to
/// the start, halves their size in each round, and repeats the rounds of single events until nothing changes.
fn lithium(len: u64, needed: &BTreeSet<u64>) -> u64 {
    let (mut left, mut runs): (Vec<u64>, u64) = ((1..=len).collect(), 1);
    let mut chunk = (len as usize).next_power_of_two() / 2;
    loop {
        let (mut end, mut removed) = (left.len(), false);
        while end > 0 {
            let start = end.saturating_sub(chunk);
            runs += 1;
            if left[start..end].iter().any(|event| needed.contains(event)) {
                end -= if chunk <= 2 { 1 } else { chunk.min(end) };
            } else {
                left.drain(start..end);
                (end, removed) = (start, true);
            }
        }
        match chunk {
            0 | 1 if !removed => return runs,
            0 | 1 => {}
            _ => chunk /= 2,
        }
        while chunk > 1 && chunk >= left.len() {
            chunk /= 2;
        }
    }
}

/// Counts the runs of a search whose oracle tells only if the bug is there.
fn ours(len: u64, needed: &BTreeSet<u64>) -> u64 {
    let trace: Vec<u64> = (1..=len).collect();
    let mut oracle = |candidate: &Candidate<'_, u64>| {
        let left = candidate.values().filter(|event| needed.contains(event)).count();
        if left == needed.len() { Verdict::SAME } else { Verdict::Passed }
    };
    let minimized = minimize(&trace, &mut oracle).expect("it fails");
    assert_eq!(minimized.items.len(), needed.len());
    minimized.one_minimal_after.expect("the search has ended")
}

#[test]
fn without_links_there_are_fewer_runs_than_of_lithium() {
    for len in [100, 1000, 10_000] {
        for size in [1, 2, 3, 5, 10, 20] {
            let (mut theirs, mut own) = (0, 0);
            for seed in 0..20_u64 {
                // Spreads the places by multiplicative hashing.
                let place = |nth: u64| ((seed * 31 + nth + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11) % len + 1;
                let needed: BTreeSet<u64> = (0..).map(place).take(size).collect();
                theirs += lithium(len, &needed);
                own += ours(len, &needed);
            }
            println!("n={len} k={size} lithium={} ours={}", theirs / 20, own / 20);
            assert!(own * 10 <= theirs * 11, "{own} runs against {theirs} for {size} of {len}");
        }
    }
}
