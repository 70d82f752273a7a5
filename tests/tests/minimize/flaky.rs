//! Tests of oracles that miss the bug in some runs, or report it by mistake.

use afresh::minimize::{Candidate, Item, Minimized, Minimizer, Verdict};

use super::numbers;

/// Returns an oracle for the bug of the events 7 and 15. A run shows it at the rate `there` if both are there, and
/// otherwise at the rate `gone`. The rates are in percent, and the draws depend on the seed only.
fn oracle(seed: u64, there: u64, gone: u64) -> impl FnMut(&Candidate<'_, u64>) -> Verdict {
    let mut state = seed;
    move |candidate| {
        // Splitmix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let is_there = candidate.values().filter(|event| [7, 15].contains(*event)).count() == 2;
        let shows = (bits ^ (bits >> 31)) % 100 < if is_there { there } else { gone };
        if shows { Verdict::SAME } else { Verdict::Passed }
    }
}

fn search(minimizer: Minimizer, seed: u64, there: u64, gone: u64) -> Minimized<u64> {
    let events = Item::numbered(1..=24);
    minimizer.run(events, &mut oracle(seed, there, gone), &mut ()).expect("it shows the bug")
}

#[test]
fn a_flaky_bug_is_found_in_20_searches() {
    for (there, gone) in [(50, 0), (10, 0), (100, 10), (90, 5)] {
        let searches: Vec<_> = (1..=20).map(|seed| search(Minimizer::new().flaky(true), seed, there, gone)).collect();
        let right = searches.iter().filter(|minimized| numbers(&minimized.items) == [7, 15]).count();
        let runs = searches.iter().map(|minimized| minimized.runs + minimized.confirming).sum::<u64>() / 20;
        println!("{there} % and {gone} % by mistake: {right} of 20 right, {runs} runs");
        // A rare bug leaves a line too many now and then.
        assert!(right >= if there < 50 { 19 } else { 20 }, "{there} %, {gone} % by mistake: {right} of 20");
        assert!(searches.iter().all(|minimized| minimized.rate.is_some_and(|rate| rate.shows > 0)));
    }
}

#[test]
fn mistakes_are_noticed_at_the_end_of_a_search() {
    let searches: Vec<_> = (1..=20).map(|seed| search(Minimizer::new(), seed, 100, 10)).collect();
    assert!(searches.iter().all(|minimized| numbers(&minimized.items) == [7, 15]));
    let noticed = searches.iter().filter(|minimized| minimized.rate.is_some()).count();
    assert!((5..=20).contains(&noticed), "{noticed}");
}

#[test]
fn a_bug_that_always_shows_takes_two_more_runs() {
    let minimized = search(Minimizer::new(), 1, 100, 0);
    assert_eq!((minimized.confirming, minimized.rate), (2, None));
}
