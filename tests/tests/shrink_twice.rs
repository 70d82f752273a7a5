//! Tests that running the original twice at a time, each run checked for half of the keys, finds the same as two full
//! checks in sequence.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use afresh::Subject;
use afresh::format::{Options, Reader, Writer};
use afresh::minimize::{Candidate, Edit};
use afresh::oracle::{Aimless, Examined, Verdict, examine};
use afresh_core::{
    Broken, Event, EventNumber, EventOf, FactId, Fault, Flows, Header, Input, Key, Knob, Message, Name, Signature,
    Slot, Stimulus, System, What,
};
use afresh_fixtures::generate::{Disorder, Export};
use afresh_fixtures::ledger::FEES;
use afresh_fixtures::{Documents, Fixture, Ledger, OrderBook};

/// The smallest size that is worth a second thread.
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

/// Returns how a search for `wanted` begins: the aim and the verdicts of its first runs.
fn begun<S: Subject>(system: &S, file: &[u8], jobs: usize, wanted: Option<&Signature>) -> (String, Vec<Verdict>) {
    let reader = Reader::new("made", file, Options::default()).expect("it has a header");
    let Examined { stimuli, mut oracle, .. } = examine(system, reader, || false).expect("it can be read");
    oracle.set_jobs(jobs);
    let aimed = oracle.aim(wanted);
    let runs = aimed.is_ok().then(|| [(); 2].map(|()| oracle.test(&Candidate::new(&stimuli, &Edit::Keep))));
    (format!("{aimed:?}"), runs.into_iter().flatten().collect())
}

/// Compares the two ways to begin a search. Returns whether a bug shows.
fn begins_alike<S: Subject>(name: &str, system: &S, stimuli: Vec<StimulusOf<S>>) -> bool {
    let file = written::<S>(stimuli);
    let reader = Reader::new("made", &file[..], Options::default()).expect("it has a header");
    let shown =
        examine(system, reader, || false).expect("it can be read").oracle.aim(Some(&Signature::new("none", "")));
    let Err(Aimless::Shows(shown)) = shown else { panic!("{name} shows what no check is called") };
    let wanted = shown.iter().map(|finding| Some(&finding.signature)).chain([None]);
    for wanted in wanted {
        let one = begun(system, &file, 1, wanted);
        assert_eq!(begun(system, &file, 2, wanted), one, "{name}, {wanted:?}");
        assert!(one.1.iter().all(Verdict::is_same), "{name}, {wanted:?}: {one:?}");
    }
    !shown.is_empty()
}

/// A disorder with many repeated messages.
const DISORDER: Disorder = Disorder {
    late_permille: 50,
    duplicates_permille: 50,
    envelopes_permille: 0,
    revisions_permille: 50,
    withdrawals_permille: 30,
    places_max: 100,
};

/// Tests every bug of an example system, with few and many keys, with and without disorder, and with a deploy and a
/// reflow.
fn all_begin_alike<S: Fixture + Subject>(flow: Option<&'static str>) {
    // This bug makes runs differ from each other.
    for (name, system) in S::all().filter(|(name, _)| !name.ends_with("hash-order")) {
        let mut found = false;
        for keys in [1, 7, 300] {
            let export = Export { messages: MESSAGES, keys, flow, ..Export::default() };
            let stimuli = |export: Export| export.stimuli::<S>().map(|(_, stimulus)| stimulus).collect::<Vec<_>>();
            found |= begins_alike(&name, &system, stimuli(Export { disorder: DISORDER, ..export }));
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
            found |= begins_alike(&name, &system, stimuli);
            found |= begins_alike(&name, &system, asked_again);
        }
        // Generated traces of this size do not show every bug. The others have traces of their own.
        assert!(!found || name != S::NAME, "{name} is correct");
    }
}

#[test]
fn of_the_ledger() {
    all_begin_alike::<Ledger>(Some(FEES));
}

#[test]
fn of_the_order_book() {
    all_begin_alike::<OrderBook>(None);
}

#[test]
fn of_the_document() {
    all_begin_alike::<Documents>(None);
}

/// A system that keeps the last number. Its invariant breaks at 777, but only the first few times it is evaluated.
#[derive(Clone, Debug)]
struct Fickle {
    asked: &'static AtomicU64,
    breaks: u64,
    /// Set if a state depends on the thread that made it, like one that holds an address.
    drifts: bool,
}

thread_local! {
    /// A number that differs between threads.
    static THREAD: u64 = {
        static THREADS: AtomicU64 = AtomicU64::new(0);
        THREADS.fetch_add(1, Ordering::Relaxed)
    };
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
        *state = (*input.body, if self.drifts { THREAD.with(|number| *number) } else { 0 });
    }

    fn view(&self, _: &Key, state: &(u64, u64)) -> u64 {
        state.0
    }

    fn outputs(&self, _: &Key, _: &(u64, u64), _: &Flows) -> BTreeMap<Slot, u64> {
        BTreeMap::new()
    }

    fn invariants(&self, _: &Key, state: &(u64, u64)) -> Vec<Broken> {
        let breaks = state.0 == 777 && self.asked.fetch_add(1, Ordering::Relaxed) < self.breaks;
        breaks.then(|| Broken { invariant: "steady", found: "777".into() }).into_iter().collect()
    }
}

#[test]
fn what_shows_once_is_not_taken_to_show_twice() {
    static ASKED: AtomicU64 = AtomicU64::new(0);
    let count = |number: u64| Stimulus::In(Message::new("shop", format!("m-{number}").as_str(), number));
    let file = written::<Fickle>((1..=2000).map(count).collect());
    // If the two runs carry different states, a third run follows.
    for (drifts, breaks, again) in [
        (false, 1, Verdict::Passed),
        (false, u64::MAX, Verdict::same_at(777)),
        (true, 2, Verdict::Passed),
        (true, 3, Verdict::same_at(777)),
    ] {
        ASKED.store(0, Ordering::Relaxed);
        let (_, runs) = begun(&Fickle { asked: &ASKED, breaks, drifts }, &file, 2, None);
        assert_eq!(runs, [Verdict::same_at(777), again], "{drifts}, {breaks}");
    }
}

/// A system that counts messages by key, for this number of keys. No key should have more than 25.
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

    fn invariants(&self, _: &Key, state: &u64) -> Vec<Broken> {
        let broken = Broken { invariant: "few", found: state.to_string() };
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
    assert!(begins_alike("counts", &Counts(50), stimuli));
}
