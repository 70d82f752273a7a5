//! Traces of the example systems, shrunk in process: every planted bug that a check finds comes down to what suffices.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use afresh::check;
use afresh::format::{EventOf, Options, Reader, Writer};
use afresh::minimize::{Edit, End, Item, Minimized, Minimizer, Observer, Run};
use afresh::oracle::{Aimless, Examined, Verdict, examine};
use afresh::{Loaded, Subject};
use afresh_core::{Header, Signature};
use afresh_fixtures::generate::{Disorder, Export, Recording};
use afresh_fixtures::{Documents, Fixture, Ledger, OrderBook, ledger};

/// A bad day, on which everything that can happen to a message does.
const BAD: Disorder = Disorder {
    late_permille: 250,
    duplicates_permille: 80,
    envelopes_permille: 80,
    revisions_permille: 60,
    withdrawals_permille: 40,
    places_max: 20,
};

/// A trace of 300 messages, as a file.
fn file<S: Fixture>(name: &str, system: &S, seed: u64, flow: Option<&'static str>) -> Vec<u8> {
    let export =
        Export { seed, messages: 300, keys: 3, disorder: BAD, flow, skipped: 0, recording: Recording::Nothing };
    let mut writer = Writer::new("generated", Vec::new(), &export.header(name)).expect("a vector takes it");
    for event in export.events(system.clone()) {
        writer.event(&event).expect("a vector takes it");
    }
    writer.finish().expect("a vector takes it")
}

fn open<'s, S: Subject>(system: &'s S, file: &[u8]) -> Examined<'s> {
    let reader = Reader::new("generated", file, Options::default()).expect("it has a header");
    examine(system, reader, || false).expect("it can be read")
}

/// Replays the edits of accepted runs.
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

/// What a check of these events of a file finds.
fn signatures<S: Subject>(system: &S, header: &Header, file: &[u8], left: &BTreeSet<u64>) -> Vec<Signature> {
    let reader = Reader::new("generated", file, Options::default()).expect("it has a header");
    let trace = reader.trace(system).expect("it can be read");
    let events: Vec<EventOf<S>> =
        trace.events.into_iter().filter(|event| left.contains(&event.number.get().into())).collect();
    let report = check::check(system, &Loaded::new(header.clone(), events), check::Options::default());
    report.findings.into_iter().map(|finding| finding.signature).collect()
}

/// Shrinks the first trace in which `system` shows its bug, and holds the result against what a check says.
fn shrinks<S: Fixture + Subject>(name: &str, system: &S) {
    let files = (1..60).map(|seed| file(name, system, seed, (seed % 2 == 0).then_some(ledger::FEES)));
    let found = files.into_iter().find_map(|file| {
        let mut examined = open(system, &file);
        let bug = examined.oracle.aim(None).ok()?.signature;
        Some((file, examined.header, examined.stimuli, examined.oracle, bug))
    });
    let (file, header, stimuli, mut oracle, bug) = found.unwrap_or_else(|| panic!("{name} never shows its bug"));
    let (original, mut witness) = (stimuli.clone(), Witness::default());
    let minimized = Minimizer::new().run(stimuli, &mut *oracle, &mut witness);
    let Minimized { items, end, .. } = minimized.unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
    assert_eq!(end, End::OneMinimal);

    let numbers = |items: &[Item<_>]| items.iter().map(|item| item.number).collect::<BTreeSet<u64>>();
    let left = numbers(&items);
    assert!((1..=12).contains(&left.len()), "{name}: {} stimuli are left", left.len());
    assert!(signatures(system, &header, &file, &left).contains(&bug), "{name} does not show {bug} any more");
    assert_eq!(signatures(&S::correct(), &header, &file, &left), [], "the correct twin of {name}");
    for number in &left {
        let mut without = left.clone();
        without.remove(number);
        assert!(!signatures(system, &header, &file, &without).contains(&bug), "{name}: {number} can go");
    }
    let mut replayed = original;
    witness.accepted.iter().for_each(|edit| edit.apply(&mut replayed));
    assert_eq!(numbers(&replayed), left, "the accepted edits of {name} give another trace");
}

fn all_shrink<S: Fixture + Subject>() {
    for bug in S::bugs() {
        // Its runs differ from one to the next, which is the bug.
        if bug != "hash-order" {
            shrinks(&format!("{}+{bug}", S::NAME), &S::with(bug).expect("a bug of the system"));
        }
    }
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
    let file = file("ledger", &Ledger::correct(), 1, None);
    let system = Ledger::correct();
    assert_eq!(open(&system, &file).oracle.aim(None), Err(Aimless::Shows(Vec::new())));
}

#[test]
fn another_signature_is_another_bug() {
    let system = Ledger::with("late-capture").expect("a bug of the ledger");
    let seeds = (1..60).map(|seed| file("ledger+late-capture", &system, seed, None));
    let wanted = Signature::new("incremental", "captured");
    let both = seeds.into_iter().find(|file| {
        let first = open(&system, file).oracle.aim(None);
        first.is_ok_and(|first| first.signature != wanted) && open(&system, file).oracle.aim(Some(&wanted)).is_ok()
    });
    let both = both.expect("a trace with both");
    let Examined { stimuli, mut oracle, header, .. } = open(&system, &both);
    assert_eq!(oracle.aim(Some(&wanted)).expect("it shows").signature, wanted);
    let minimized = Minimizer::new().run(stimuli, &mut *oracle, &mut ()).expect("it fails");
    let left = minimized.items.iter().map(|item| item.number).collect();
    assert!(signatures(&system, &header, &both, &left).contains(&wanted));

    match oracle.aim(Some(&Signature::new("no-such-check", ""))) {
        Err(Aimless::Shows(findings)) => assert!(findings.iter().any(|finding| finding.signature == wanted)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_was_observed_is_not_what_is_shrunk() {
    let system = Ledger::with("late-capture").expect("a bug of the ledger");
    let export =
        Export { seed: 4, messages: 300, keys: 3, disorder: BAD, recording: Recording::Views, ..Export::default() };
    let mut writer = Writer::new("generated", Vec::new(), &export.header("ledger")).expect("a vector takes it");
    for event in export.events(system) {
        writer.event(&event).expect("a vector takes it");
    }
    let file = writer.finish().expect("a vector takes it");
    // The correct system does not do what the one with the bug has recorded, and that is no bug of it.
    let correct = Ledger::correct();
    let Examined { stimuli, observations, mut oracle, .. } = open(&correct, &file);
    assert_eq!((stimuli.len(), oracle.aim(None)), (300, Err(Aimless::Shows(Vec::new()))));
    assert!(observations > 300);
    assert!(stimuli.iter().any(|item| item.number > 300), "events keep their numbers");
}
