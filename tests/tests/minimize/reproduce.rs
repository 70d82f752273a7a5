//! A search begins with two runs of the original: one in full, and one that ends at the failure and compares its key
//! alone.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use afresh::Subject;
use afresh::format::Writer;
use afresh::minimize::{Candidate, Edit, Verdict};
use afresh::oracle::{Aimless, Examined};
use afresh_core::{
    Event, EventNumber, EventOf, FactId, Fault, Flows, Header, Input, Key, Knob, Message, Name, Signature, Slot,
    Stimulus, System, Violation, What,
};
use afresh_fixtures::generate::{Disorder, Export};
use afresh_fixtures::ledger::FEES;
use afresh_fixtures::{Documents, Fixture, Ledger, OrderBook};

use super::open;

const MESSAGES: u32 = 1100;

type StimulusOf<S> = Stimulus<<S as System>::In, <S as System>::View>;

fn written<S: System>(stimuli: Vec<StimulusOf<S>>) -> Vec<u8> {
    let mut writer = Writer::new("made", Vec::new(), &Header::complete("made")).expect("a header can be written");
    for (number, stimulus) in (1..).zip(stimuli) {
        let number = EventNumber::new(number).expect("it is not zero");
        let event: EventOf<S> = Event { number, cause: None, at: None, what: What::Stimulus(stimulus) };
        writer.event(&event).expect("an event can be written");
    }
    let mut file = writer.finish().expect("memory can be written");
    file.flush().expect("memory can be written");
    file
}

/// Aims at `wanted`; the verdicts of the first two runs of the original.
fn begun<S: Subject>(system: &S, file: &[u8], wanted: Option<&Signature>) -> Vec<Verdict> {
    let Examined { stimuli, mut oracle, .. } = open(system, file);
    match oracle.aim(wanted) {
        Ok(_) => [(); 2].map(|()| oracle.test(&Candidate::new(&stimuli, &Edit::Keep))).into(),
        Err(_) => Vec::new(),
    }
}

/// Sees that every bug that shows is reproduced, at the same event; whether a bug shows.
fn reproduces<S: Subject>(name: &str, system: &S, stimuli: Vec<StimulusOf<S>>) -> bool {
    let file = written::<S>(stimuli);
    let shown = open(system, &file).oracle.aim(Some(&Signature::new("none", "")));
    let Err(Aimless::Shows(shown)) = shown else { panic!("{name} shows what no check is called") };
    for finding in &shown {
        let runs = begun(system, &file, Some(&finding.signature));
        assert!(runs.len() == 2 && runs[0].is_same() && runs[0] == runs[1], "{name}, {finding:?}: {runs:?}");
    }
    !shown.is_empty()
}

/// Many messages come more than once.
const DISORDER: Disorder = Disorder {
    late_permille: 50,
    duplicates_permille: 50,
    envelopes_permille: 0,
    revisions_permille: 50,
    withdrawals_permille: 30,
    places_max: 100,
};

/// Every bug of an example system, in traces of few and of many keys, in order and not, and with what makes a system
/// say again what it takes.
fn all_reproduce<S: Fixture + Subject>(flow: Option<&'static str>) {
    // Its runs differ from one to the next, which is the bug.
    for (name, system) in S::all().filter(|(name, _)| !name.ends_with("hash-order")) {
        let mut found = false;
        for keys in [1, 7, 300] {
            let export = Export { messages: MESSAGES, keys, flow, ..Export::default() };
            let stimuli = |export: Export| export.stimuli::<S>().map(|(_, stimulus)| stimulus).collect::<Vec<_>>();
            found |= reproduces(&name, &system, stimuli(Export { disorder: DISORDER, ..export }));
            let stimuli = stimuli(export);
            let messages = stimuli.iter().filter_map(|stimulus| match stimulus {
                Stimulus::In(Message { from, id, .. }) => Some(FactId { from: from.clone(), id: id.clone() }),
                _ => None,
            });
            let (messages, by, why) = (messages.step_by(9).collect(), "ops".into(), String::new());
            let deployed = Fault::Deploy { node: "ledger".into(), system: name.as_str().into() };
            let mut asked_again = stimuli.clone();
            asked_again.insert(900, Stimulus::Knob(Box::new(Knob::ReflowIn { messages, by, why })));
            asked_again.insert(600, Stimulus::Fault(Box::new(deployed)));
            found |= reproduces(&name, &system, stimuli);
            found |= reproduces(&name, &system, asked_again);
        }
        // The bugs that no generated trace of this size shows have traces of their own.
        assert!(!found || name != S::NAME, "{name} is correct");
    }
}

#[test]
fn of_the_ledger() {
    all_reproduce::<Ledger>(Some(FEES));
}

#[test]
fn of_the_order_book() {
    all_reproduce::<OrderBook>(None);
}

#[test]
fn of_the_document() {
    all_reproduce::<Documents>(None);
}

/// Keeps the last number, and breaks its invariant at 777 the first few times that it is evaluated.
#[derive(Clone, Debug)]
struct Fickle {
    evaluated: &'static AtomicU64,
    breaks: u64,
    /// Whether an output of another key depends on how many messages were folded in this process.
    drifts: bool,
}

impl System for Fickle {
    type In = u64;
    type Out = u64;
    type State = (u64, u64);
    type View = u64;

    fn keys(&self, body: &u64) -> impl IntoIterator<Item = Key> {
        [format!("k-{}", body % 50).into()]
    }

    fn apply(&self, _: &Key, state: &mut (u64, u64), input: Input<'_, u64>, _: &Flows) {
        static FOLDED: AtomicU64 = AtomicU64::new(0);
        *state = (*input.body, if self.drifts { FOLDED.fetch_add(1, Ordering::Relaxed) } else { 0 });
    }

    fn view(&self, _: &Key, state: &(u64, u64)) -> u64 {
        state.0
    }

    fn outputs(&self, key: &Key, state: &(u64, u64), _: &Flows) -> BTreeMap<Slot, u64> {
        // The key of 776 and not that of 777.
        if key.as_str() == "k-26" { [("folded".into(), state.1)].into() } else { BTreeMap::new() }
    }

    fn invariants(&self, _: &Key, state: &(u64, u64)) -> Vec<Violation> {
        let breaks = state.0 == 777 && self.evaluated.fetch_add(1, Ordering::Relaxed) < self.breaks;
        breaks.then(|| Violation { invariant: "steady", found: "777".into() }).into_iter().collect()
    }
}

#[test]
fn a_bug_is_reproduced_by_the_same_failure_and_the_same_digest() {
    static EVALUATED: AtomicU64 = AtomicU64::new(0);
    let count = |number: u64| Stimulus::In(Message::new("shop", format!("m-{number}").as_str(), number));
    let file = written::<Fickle>((1..=2000).map(count).collect());
    for (drifts, breaks, again) in [
        (false, 1, Verdict::Passed),
        (false, u64::MAX, Verdict::same_at(777)),
        (true, u64::MAX, Verdict::Other { signature: Signature::new("determinism", ""), at: None }),
    ] {
        EVALUATED.store(0, Ordering::Relaxed);
        let steady = Signature::new("steady", "");
        let runs = begun(&Fickle { evaluated: &EVALUATED, breaks, drifts }, &file, Some(&steady));
        assert_eq!(runs, [Verdict::same_at(777), again], "{drifts}, {breaks}");
    }
}

/// Counts the messages of so many keys, which should have no more than 25 each.
#[derive(Clone, Debug)]
struct Counts(u64);

impl System for Counts {
    type In = u64;
    type Out = u64;
    type State = u64;
    type View = u64;

    fn keys(&self, body: &u64) -> impl IntoIterator<Item = Key> {
        [format!("k-{}", body % self.0).into()]
    }

    fn apply(&self, _: &Key, state: &mut u64, _: Input<'_, u64>, _: &Flows) {
        *state += 1;
    }

    fn view(&self, _: &Key, state: &u64) -> u64 {
        *state
    }

    fn outputs(&self, _: &Key, _: &u64, _: &Flows) -> BTreeMap<Slot, u64> {
        BTreeMap::new()
    }

    fn invariants(&self, _: &Key, state: &u64) -> Vec<Violation> {
        let broken = Violation { invariant: "few", found: state.to_string() };
        (*state > 25).then_some(broken).into_iter().collect()
    }

    fn variant(&self, name: &Name) -> Option<Self> {
        name.as_str().parse().ok().map(Self)
    }
}

#[test]
fn of_a_version_that_gives_messages_to_other_keys() {
    let count = |number: u64| Stimulus::In(Message::new("shop", format!("m-{number}").as_str(), number));
    let mut stimuli: Vec<_> = (1..=2000).map(count).collect();
    stimuli.insert(1000, Stimulus::Fault(Box::new(Fault::Deploy { node: "one".into(), system: "49".into() })));
    assert!(reproduces("counts", &Counts(50), stimuli));
}
