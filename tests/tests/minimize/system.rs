//! Tests of shrinking traces of the example systems in process: every planted bug that a check finds comes down to a
//! minimal trace.

use std::fs;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};

use afresh::check;
use afresh::format::{EventOf, Options, RawEvent, Reader};
use afresh::minimize::{Candidate, Edit, End, Item, Minimized, Minimizer, Observer, Run, Verdict};
use afresh::oracle::{Aimless, Events, Examined, examine};
use afresh::{Loaded, Subject};
use afresh_core::{Header, Signature};
use afresh_fixtures::{Documents, Fixture, Ledger, OrderBook};
use afresh_tests::kept::{KEPT, Kept};

use super::{numbers, open};

/// An observer that collects the edits of accepted runs.
#[derive(Default)]
struct Witness {
    accepted: Vec<Edit>,
}

impl<T> Observer<T> for Witness {
    fn after(&mut self, run: &Run<'_, T>, verdict: &Verdict) -> ControlFlow<()> {
        if verdict.is_same() {
            self.accepted.push(run.candidate.edit().clone());
        }
        ControlFlow::Continue(())
    }
}

/// Returns the signatures that a check of these events finds.
fn signatures<S: Subject>(system: &S, header: &Header, items: &[Item<RawEvent>]) -> Vec<Signature> {
    let typed = |item: &Item<RawEvent>| item.value.typed(system, &header.version).expect("it reads back");
    let events: Vec<EventOf<S>> = items.iter().map(typed).collect();
    let report = check::check(system, &Loaded::new(header.clone(), events), check::Options::default());
    report.findings.into_iter().map(|finding| finding.signature).collect()
}

/// Shrinks the kept trace of a bug once for each signature that it shows. The first signature is that of the bug.
fn shrinks<S: Fixture + Subject>(name: &str, system: &S) {
    let file = fs::read(kept(name).path()).expect("the trace is kept");
    let mut examined = open(system, &file);
    let first = examined.oracle.aim(None).unwrap_or_else(|_| panic!("{name} does not show its bug")).signature;
    let Err(Aimless::Shows(all)) = examined.oracle.aim(Some(&Signature::new("no-such-check", ""))) else {
        panic!("{name} shows what no check is called");
    };
    assert_eq!(all[0].signature, first);
    for bug in all.into_iter().map(|finding| finding.signature) {
        shrinks_to(name, system, &file, &bug);
    }
}

/// Checks the result of one search against the findings of a check.
fn shrinks_to<S: Fixture + Subject>(name: &str, system: &S, file: &[u8], bug: &Signature) {
    let Examined { header, stimuli, mut oracle, .. } = open(system, file);
    oracle.aim(Some(bug)).expect("it shows");
    let (original, mut witness) = (stimuli.clone(), Witness::default());
    let minimized = Minimizer::new().run(stimuli, &mut *oracle, &mut witness);
    let Minimized { items, end, .. } = minimized.unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
    assert_eq!(end, End::OneMinimal);

    assert!((1..=7).contains(&items.len()), "{name}: {} stimuli are left of {bug}", items.len());
    assert!(signatures(system, &header, &items).contains(bug), "{name} does not show {bug} any more");
    assert_eq!(signatures(&S::correct(), &header, &items), [], "the correct twin of {name}");
    for place in 0..items.len() {
        let mut without = items.clone();
        let number = without.remove(place).number;
        assert!(!signatures(system, &header, &without).contains(bug), "{name}, {bug}: {number} can go");
    }
    let mut replayed = original;
    for edit in witness.accepted {
        edit.apply(&mut replayed, &Events).expect("it can be applied");
    }
    let contents = |items: &[Item<RawEvent>]| {
        let content = |item: &Item<RawEvent>| (item.number, item.value.at, item.value.content.get().to_owned());
        items.iter().map(content).collect::<Vec<_>>()
    };
    assert_eq!(contents(&replayed), contents(&items), "the accepted edits of {name} give another trace");
}

fn all_shrink<S: Fixture + Subject>() {
    for bug in S::bugs() {
        // This bug makes runs differ, so no search reproduces it.
        if bug != "hash-order" {
            shrinks(&format!("{}-{bug}", S::NAME), &S::with(bug).expect("a bug of the system"));
        }
    }
}

fn kept(name: &str) -> &'static Kept {
    KEPT.iter().find(|kept| kept.file == name).unwrap_or_else(|| panic!("no trace is called {name}"))
}

#[test]
fn every_bug_of_the_ledger_shrinks() {
    all_shrink::<Ledger>();
}

#[test]
fn every_bug_of_the_order_book_shrinks() {
    all_shrink::<OrderBook>();
}

#[test]
fn every_bug_of_the_document_shrinks() {
    all_shrink::<Documents>();
}

#[test]
fn a_correct_system_has_nothing_to_shrink() {
    let file = fs::read(kept("ledger-late-capture").path()).expect("the trace is kept");
    assert_eq!(open(&Ledger::correct(), &file).oracle.aim(None), Err(Aimless::Shows(Vec::new())));
}

/// The number of events examined by the test below.
static LOOKED_AT: AtomicUsize = AtomicUsize::new(0);

/// Cutting off the events after the failure needs no new run: the run of the original ended at the failure.
#[test]
fn what_follows_the_failure_is_cut_off_without_a_look_at_what_comes_before() {
    let stop = || {
        LOOKED_AT.fetch_add(1, Ordering::Relaxed);
        false
    };
    let file = fs::read(kept("ledger-late-capture").path()).expect("the trace is kept");
    let reader = Reader::new("generated", &file[..], Options::default()).expect("it has a header");
    let system = Ledger::with("late-capture").expect("a bug of the ledger");
    let Examined { stimuli, mut oracle, .. } = examine(&system, reader, stop).expect("it can be read");
    let at = u64::from(oracle.aim(None).expect("it shows").first.event.get());
    let looked_at = LOOKED_AT.load(Ordering::Relaxed);
    let last = stimuli.last().expect("there are some").number;
    assert!(looked_at > 0 && at < last);
    for (first, verdict, more) in [(at + 1, Verdict::same_at(at), 0), (at, Verdict::Passed, looked_at - 1)] {
        let edit = Edit::Remove(vec![(first, last)]);
        assert_eq!(oracle.test(&Candidate::new(&stimuli, &edit)), verdict);
        assert_eq!(LOOKED_AT.load(Ordering::Relaxed), looked_at + more);
    }
}

#[test]
fn what_was_observed_is_not_what_is_shrunk() {
    let file = fs::read(kept("ledger-production").path()).expect("the trace is kept");
    // The correct system does not send what the one with the bug recorded. That is no bug in the correct system.
    let correct = Ledger::correct();
    let Examined { stimuli, observations, mut oracle, .. } = open(&correct, &file);
    assert_eq!((stimuli.len(), oracle.aim(None)), (300, Err(Aimless::Shows(Vec::new()))));
    assert!(observations > 300);
    assert!(stimuli.iter().any(|item| item.number > 300), "events keep their numbers");
}

#[test]
fn a_long_history_is_restated_at_its_end() {
    // The second hold of the same payment is counted again, and only the last step shows it. With this many steps a
    // check restates only some of them, at square numbers, and 3000 is not a square.
    let hold = |number: u64, payment: u64| {
        let body = format!(r#"{{"hold":{{"account":"a-1","payment":"p-{payment}","amount":1,"on":{number}}}}}"#);
        format!(r#"{{"in":{{"id":"m-{number}","from":"shop","body":{body}}}}}"#) + "\n"
    };
    let header = "{\"afresh\":{\"format\":1,\"system\":\"ledger\",\"complete\":true}}\n".to_owned();
    let file = header + &(1..3000).map(|number| hold(number, number)).collect::<String>() + &hold(3000, 1);
    let system = Ledger::with("duplicate-hold").expect("a bug of the ledger");
    let Examined { stimuli, mut oracle, .. } = open(&system, file.as_bytes());
    assert_eq!(oracle.aim(None).expect("it shows").signature, Signature::new("restated", "held"));
    let minimized = Minimizer::new().run(stimuli, &mut *oracle, &mut ()).expect("it fails");
    assert_eq!(numbers(&minimized.items), [1, 3000]);
}
