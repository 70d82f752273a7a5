//! Laws of every search, checked on generated traces with generated bugs.

use std::cell::Cell;
use std::collections::BTreeSet;

use afresh::minimize::{
    Candidate, Content, Edit, End, Identity, Item, Minimized, Minimizer, Oracle, Refusal, Verdict, minimize,
};
use afresh_core::Signature;
use proptest::prelude::*;

use super::witness::Witness;
use super::{config, numbers};

/// A bug, as a function of the events that are left.
#[derive(Clone, Debug)]
enum Bug {
    /// Needs all of these events, by number. Adding events to a failing trace keeps it failing.
    Needs(BTreeSet<u64>),
    /// Needs these events, and an even number of other events before the last of them. So removing one event decides
    /// if another can go.
    Parity(BTreeSet<u64>),
    /// Shows in about one case of three, decided by a digest of the remaining events. There is no pattern in it.
    Chaos(u64),
}

/// Knows no texts of events.
struct Opaque;

impl<T> Content<T> for Opaque {}

impl Bug {
    /// Returns the event at which the bug shows in `candidate`, if it does.
    fn shows(&self, candidate: &Candidate<'_, u8>, original: usize) -> Option<u64> {
        let numbers: Vec<u64> = candidate.items().map(|item| item.number).collect();
        let at = |needed: &BTreeSet<u64>| {
            let has_all = needed.iter().all(|number| numbers.contains(number));
            needed.last().copied().filter(|_| has_all)
        };
        match self {
            Self::Needs(needed) => at(needed),
            Self::Parity(needed) => {
                let parity = |last: &u64| numbers.iter().filter(|number| *number < last).count() % 2;
                at(needed).filter(|last| numbers.len() == original || parity(last) == (needed.len() + 1) % 2)
            }
            Self::Chaos(seed) => {
                let identity =
                    Identity::of([seed.to_le_bytes().as_slice(), candidate.identity().to_string().as_bytes()]);
                let is_in = identity.to_string().ends_with(['0', '3', '6', '9', 'c']);
                numbers.last().copied().filter(|_| numbers.len() == original || is_in)
            }
        }
    }
}

/// Returns the link values of an event: its value, and one that it shares with the value next to it.
fn links(event: u8) -> Vec<u64> {
    vec![u64::from(event), u64::from(event) / 2 + 1000]
}

/// An oracle over a bug. If a candidate does not show the bug, it is another failure, unresolved or passed, depending
/// on its size.
struct Judge<'a> {
    bug: &'a Bug,
    original: usize,
    tells_where: bool,
    /// The number of candidates that run at a time.
    jobs: usize,
}

impl Oracle<u8> for Judge<'_> {
    fn width(&self, _: usize) -> usize {
        self.jobs
    }

    /// Runs all candidates, the last one first, even those after the first that shows the bug.
    fn test_all(&mut self, candidates: &[Candidate<'_, u8>]) -> Vec<Verdict> {
        assert!((2..=self.jobs).contains(&candidates.len()));
        let mut verdicts: Vec<_> = candidates.iter().rev().map(|candidate| self.test(candidate)).collect();
        verdicts.reverse();
        verdicts
    }

    fn test(&mut self, candidate: &Candidate<'_, u8>) -> Verdict {
        match (self.bug.shows(candidate, self.original), candidate.len() % 3) {
            (Some(number), _) => Verdict::Same { at: self.tells_where.then_some(number), shows: None },
            (None, 0) => Verdict::Passed,
            (None, 1) => Verdict::Other { signature: Signature::new("panic", ""), at: None },
            (None, _) => Verdict::Unresolved("it hung".to_owned()),
        }
    }

    fn content(&self) -> &dyn Content<u8> {
        self
    }
}

impl Content<u8> for Judge<'_> {
    fn links(&self, event: &u8) -> Vec<u64> {
        links(*event)
    }
}

/// Generates the length of a trace, from 1 to 59 events, and a bug in it.
fn trace_and_bug() -> impl Strategy<Value = (usize, Bug)> {
    (1..60_usize).prop_flat_map(|len| {
        let needed = || prop::collection::btree_set(1..=len as u64, 1..=len.min(6));
        let bug = prop_oneof![
            needed().prop_map(Bug::Needs),
            needed().prop_map(Bug::Parity),
            any::<u64>().prop_map(Bug::Chaos),
        ];
        (Just(len), bug)
    })
}

/// Returns events of which some share values with many others, and some with none.
fn events(len: usize) -> Vec<u8> {
    (0..len).map(|place| (place * place % 61) as u8).collect()
}

fn search(
    minimizer: Minimizer,
    len: usize,
    bug: &Bug,
    tells_where: bool,
    witness: &mut Witness<u8>,
) -> Result<Minimized<u8>, Refusal> {
    search_by(minimizer, &mut Judge { bug, original: len, tells_where, jobs: 1 }, witness)
}

fn search_by(minimizer: Minimizer, judge: &mut Judge<'_>, witness: &mut Witness<u8>) -> Result<Minimized<u8>, Refusal> {
    minimizer.run(Item::numbered(events(judge.original)), judge, witness)
}

/// An oracle whose bug needs some events that share one rare value. All other values are shared by up to a hundred
/// events.
struct Linked {
    needed: BTreeSet<u64>,
}

impl Oracle<u64> for Linked {
    fn test(&mut self, candidate: &Candidate<'_, u64>) -> Verdict {
        let left = candidate.values().filter(|number| self.needed.contains(number)).count();
        if left == self.needed.len() {
            Verdict::Same { at: self.needed.last().copied(), shows: None }
        } else {
            Verdict::Passed
        }
    }

    fn content(&self) -> &dyn Content<u64> {
        self
    }
}

impl Content<u64> for Linked {
    fn links(&self, number: &u64) -> Vec<u64> {
        if self.needed.contains(number) { vec![0, 1 + number % 50] } else { vec![1 + number % 50] }
    }
}

proptest! {
    #![proptest_config(config(512, 1))]

    /// The result fails, is a part of the original, and passes without any one of its events.
    #[test]
    fn the_result_is_1_minimal((len, bug) in trace_and_bug(), tells_where: bool) {
        let mut witness = Witness::default();
        let minimized = search(Minimizer::new(), len, &bug, tells_where, &mut witness).expect("it fails");
        prop_assert_eq!(minimized.end, End::OneMinimal);
        let left = numbers(&minimized.items);
        prop_assert!(left.is_sorted() && left.iter().all(|number| (1..=len as u64).contains(number)));
        let whole = Candidate::new(&minimized.items, &Edit::Keep);
        prop_assert!(bug.shows(&whole, len).is_some());
        for item in &minimized.items {
            let edit = Edit::Remove(vec![(item.number, item.number)]);
            let without = Candidate::new(&minimized.items, &edit);
            prop_assert!(bug.shows(&without, len).is_none(), "{} can go", item.number);
        }
        if let Bug::Needs(needed) = &bug {
            prop_assert_eq!(left, needed.iter().copied().collect::<Vec<_>>());
        }
    }

    /// Each step is smaller than the previous one by exactly the edit in the walk.
    #[test]
    fn the_walk_replays_every_step((len, bug) in trace_and_bug(), tells_where: bool) {
        let mut witness = Witness::default();
        let minimized = search(Minimizer::new(), len, &bug, tells_where, &mut witness).expect("it fails");
        let walk = witness.read(len);
        prop_assert_eq!(walk.runs.len() as u64, minimized.runs + minimized.confirming);
        let mut items = Item::numbered(events(len));
        let mut replayed = Vec::new();
        for edit in walk.steps() {
            let before = items.len();
            edit.apply(&mut items, &Opaque).expect("it can be applied");
            prop_assert!(items.len() < before);
            replayed.push(items.clone());
        }
        prop_assert_eq!(replayed, witness.steps);
        prop_assert_eq!(items, minimized.items);
    }

    /// Stopped after any number of runs, the best trace so far fails. Resumed, the search ends as if never stopped.
    #[test]
    fn a_stop_changes_nothing((len, bug) in trace_and_bug(), tells_where: bool, part in 0.0..1.0) {
        let mut witness = Witness::default();
        let undisturbed = search(Minimizer::new(), len, &bug, tells_where, &mut witness).expect("it fails");
        let stop_after = Some((undisturbed.runs as f64 * part) as usize);

        let mut first = Witness { stop_after, ..Witness::default() };
        match search(Minimizer::new(), len, &bug, tells_where, &mut first) {
            Ok(best) => prop_assert!(bug.shows(&Candidate::new(&best.items, &Edit::Keep), len).is_some()),
            Err(refusal) => prop_assert_eq!(refusal, Refusal::Stopped),
        }
        let mut second = Witness { seen: first.seen, walk: first.walk.clone(), ..Witness::default() };
        let minimizer = Minimizer::new().resume(&second.read(len));
        let resumed = search(minimizer, len, &bug, tells_where, &mut second).expect("it fails");
        prop_assert_eq!(resumed.items, undisturbed.items);
        prop_assert_eq!(resumed.runs, undisturbed.runs);
        prop_assert_eq!(second.walk, witness.walk);
    }

    /// The walk and the result do not depend on the number of candidates that run at a time.
    #[test]
    fn jobs_change_nothing((len, bug) in trace_and_bug(), tells_where: bool, jobs in 2..9_usize) {
        let mut witness = Witness::default();
        let one = search(Minimizer::new(), len, &bug, tells_where, &mut witness).expect("it fails");
        let mut other = Witness::default();
        let mut judge = Judge { bug: &bug, original: len, tells_where, jobs };
        let several = search_by(Minimizer::new(), &mut judge, &mut other).expect("it fails");
        prop_assert_eq!(several.items, one.items);
        prop_assert_eq!(other.walk, witness.walk);
    }

    /// If the events that matter share a rare value, a few runs find them, even in a long trace.
    #[test]
    fn linked_events_are_found_in_few_runs(
        len in 100..5000_usize,
        places in prop::collection::btree_set(any::<prop::sample::Index>().prop_map(|place| place.index(100)), 2..6),
    ) {
        let needed: BTreeSet<u64> = places.iter().map(|place| (place * len / 100) as u64 + 1).collect();
        let trace: Vec<u64> = (1..=len as u64).collect();
        let mut oracle = Linked { needed: needed.clone() };
        let minimized = minimize(&trace, &mut oracle).expect("it fails");
        prop_assert_eq!(numbers(&minimized.items), needed.iter().copied().collect::<Vec<_>>());
        let runs = minimized.one_minimal_after.expect("the search has ended");
        prop_assert!(runs <= 6 + 4 * needed.len() as u64, "{} runs for {:?}", runs, needed);
    }

    /// An oracle that tells where the failure shows saves the search for that place.
    #[test]
    fn to_know_the_place_saves_runs(len in 100..2000_usize, needed in prop::collection::btree_set(1..100_u64, 1..5)) {
        let bug = Bug::Needs(needed);
        let runs = |tells_where| {
            let minimized = search(Minimizer::new(), len, &bug, tells_where, &mut Witness::default()).expect("it fails");
            minimized.one_minimal_after.expect("the search has ended")
        };
        prop_assert!(runs(true) + u64::from(len.ilog2()) <= runs(false) + 1, "{} against {}", runs(true), runs(false));
    }
}

/// An oracle with scopes. It fails at the last event while the first is there.
struct Scoped {
    asked: Cell<usize>,
}

impl Oracle<u8> for Scoped {
    fn width(&self, _: usize) -> usize {
        2
    }

    fn test(&mut self, candidate: &Candidate<'_, u8>) -> Verdict {
        let has_first = candidate.items().any(|item| item.number == 1);
        candidate.items().last().filter(|_| has_first).map_or(Verdict::Passed, |last| Verdict::same_at(last.number))
    }

    fn content(&self) -> &dyn Content<u8> {
        self
    }
}

impl Content<u8> for Scoped {
    fn scope(&self, width: usize) -> Option<Vec<u64>> {
        self.asked.set(self.asked.get() + 1);
        (width < 2).then(|| (1..=width as u64 + 1).collect())
    }
}

/// A scope that may take a run to compute is not requested before its turn.
#[test]
fn a_wider_scope_is_asked_for_once_the_narrower_was_not_enough() {
    let mut oracle = Scoped { asked: Cell::new(0) };
    let minimized = minimize(&events(100), &mut oracle).expect("it fails");
    assert_eq!((numbers(&minimized.items), oracle.asked.get()), (vec![1], 1));
}

#[test]
fn an_oracle_may_be_a_closure_over_any_type() {
    let trace = [("a", 1), ("b", 2), ("a", 3)];
    let mut oracle = |candidate: &Candidate<'_, (&str, i32)>| {
        if candidate.values().map(|(_, amount)| amount).sum::<i32>() >= 5 { Verdict::SAME } else { Verdict::Passed }
    };
    let minimized = minimize(&trace, &mut oracle).expect("it fails");
    assert_eq!(numbers(&minimized.items), [2, 3]);
}

#[test]
fn what_is_not_reproduced_is_refused() {
    let mut verdicts = vec![Verdict::Passed, Verdict::same_at(1), Verdict::same_at(2)];
    let mut answers = verdicts.clone().into_iter();
    let flaky = minimize(&[1, 2], &mut |_: &Candidate<'_, i32>| answers.next().expect("three runs"));
    let after = Box::new(verdicts.pop().expect("three"));
    let before = Box::new(verdicts.pop().expect("three"));
    assert_eq!(flaky.unwrap_err(), Refusal::Flaky { before, after }, "at another place is another failure");

    let other = Verdict::Other { signature: Signature::new("panic", ""), at: None };
    let refused = minimize(&[1, 2], &mut |_: &Candidate<'_, i32>| other.clone());
    assert_eq!(refused.unwrap_err(), Refusal::DoesNotFail(other.clone()));
}

#[test]
fn a_candidate_says_where_it_begins_to_differ() {
    let items = Item::numbered(['a', 'b', 'c', 'd', 'e']);
    let check = |spans: &[(u64, u64)], left: &str, first_change: usize| {
        let edit = Edit::Remove(spans.to_vec());
        let candidate = Candidate::new(&items, &edit);
        assert_eq!(candidate.values().collect::<String>(), left);
        assert_eq!((candidate.len(), candidate.is_empty()), (left.len(), left.is_empty()));
        assert_eq!(candidate.first_change(), first_change, "{spans:?}");
        let mut applied = items.clone();
        edit.apply(&mut applied, &Opaque).expect("it can be applied");
        assert_eq!(applied.iter().map(|item| item.value).collect::<String>(), left);
    };
    check(&[(4, 9)], "abc", 3);
    check(&[(1, 1)], "bcde", 0);
    check(&[(2, 2), (4, 4)], "ace", 1);
    check(&[(2, 3), (3, 4)], "ae", 1);
    check(&[(6, 9)], "abcde", 5);
    check(&[(1, 5)], "", 0);
}
