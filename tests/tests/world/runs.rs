//! Tests of runs from a seed, and of their traces.

use std::sync::{Arc, Mutex};
use std::{env, fs};

use afresh::format::{Options, RawTrace, Reader, Writer};
use afresh::minimize::{Candidate, Edit, Minimizer};
use afresh::schedule::Unfit;
use afresh::world::{self, Cluster, Effects, Ended, Limits, Node, NodeId, Vocabulary, WorldTrace};
use afresh_core::Name;
use afresh_tests::payments::{Mistake, Party, Payments};
use afresh_tests::root;

pub(crate) fn write(trace: &WorldTrace<Party>) -> String {
    let mut writer = Writer::new("out", Vec::new(), &trace.header).unwrap();
    trace.events.iter().try_for_each(|event| writer.event(event)).unwrap();
    String::from_utf8(writer.finish().unwrap()).unwrap()
}

pub(crate) fn read(text: &str) -> WorldTrace<Party> {
    Reader::new("in", text.as_bytes(), Options::default()).unwrap().trace(&Vocabulary::new()).unwrap()
}

fn text(ended: &Ended<Party>) -> String {
    write(&ended.trace("payments"))
}

#[test]
fn the_same_seed_is_the_same_run() {
    let runs: Vec<_> = (0..20).map(|seed| world::simulate(&Payments::default(), seed)).collect();
    for (seed, run) in runs.iter().enumerate() {
        let again = world::simulate(&Payments::default(), seed as u64);
        assert_eq!(text(&again), text(run));
        assert_eq!(again.digest(), run.digest());
    }
    let mut digests: Vec<_> = runs.iter().map(Ended::digest).collect();
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), runs.len());
}

#[test]
fn a_trace_is_the_same_run_without_its_seed() {
    for seed in 0..200 {
        for mistake in
            [Mistake::No, Mistake::ChargesAgain, Mistake::AnswersFirst, Mistake::AsksOnce, Mistake::FallsOver]
        {
            let cluster = Payments(mistake);
            let run = world::simulate(&cluster, seed);
            let trace = read(&text(&run));
            let again =
                world::replay(&cluster, &trace).unwrap_or_else(|difference| panic!("seed {seed}: {difference}"));
            assert_eq!(text(&again), text(&run), "seed {seed}");
            assert_eq!((again.digest(), &again.findings), (run.digest(), &run.findings), "seed {seed}");
            let tolerant = world::tolerant(&cluster, &trace.events);
            assert_eq!((tolerant.skipped, tolerant.ended.digest()), (0, run.digest()));
        }
    }
}

#[test]
fn what_is_right_is_found_to_be() {
    for seed in 0..500 {
        let run = world::simulate(&Payments::default(), seed);
        assert_eq!(run.findings, [], "seed {seed}:\n{}", text(&run));
    }
}

#[test]
fn mistakes_are_found() {
    let first = |mistake| {
        (0..1000).find_map(|seed| {
            let run = world::simulate(&Payments(mistake), seed);
            run.findings.first().map(|finding| finding.signature.to_string())
        })
    };
    let found = MISTAKES.map(|mistake| first(mistake).unwrap_or_default());
    assert_eq!(found, ["charged-once", "charged-for-good", "all-charged", "panic/cannot charge #"]);
}

const MISTAKES: [Mistake; 4] = [Mistake::ChargesAgain, Mistake::AnswersFirst, Mistake::AsksOnce, Mistake::FallsOver];

/// Shrinks the first run that shows a mistake. Returns the original number of stimuli and the shrunk trace.
fn shrunk(mistake: Mistake) -> (usize, String) {
    let cluster = Payments(mistake);
    let run = (0..).map(|seed| world::simulate(&cluster, seed)).find(|run| !run.findings.is_empty()).unwrap();
    let trace = text(&run);
    let reader = Reader::new("in", trace.as_bytes(), Options::default()).unwrap();
    let mut examined = world::examine_world(&cluster, reader).unwrap();
    examined.oracle.aim(Some(&run.findings[0].signature)).unwrap();
    let count = examined.stimuli.len();
    let minimized = Minimizer::new().run(examined.stimuli, &mut *examined.oracle, &mut ()).unwrap();
    let events = minimized.items.into_iter().map(|item| item.value).collect();
    let left = RawTrace { header: run.trace("payments").header, events };
    (count, String::from_utf8(left.write("left", Vec::new()).unwrap()).unwrap())
}

#[test]
fn what_is_found_shrinks() {
    let left = MISTAKES.map(|mistake| {
        let (count, left) = shrunk(mistake);
        format!("{mistake:?}: of {count} stimuli\n{left}")
    });
    insta::assert_snapshot!(left.join("\n"));
}

#[test]
fn the_calm_phase_of_a_finding_is_in_its_trace() {
    let cluster = Payments(Mistake::AsksOnce);
    let goes_on = |run: &Ended<Party>| {
        let calm = run.world.calm_since();
        !run.findings.is_empty() && calm.is_some_and(|calm| run.world.happened().last().unwrap().number > calm)
    };
    let run = (0..1000).map(|seed| world::simulate(&cluster, seed)).find(goes_on).expect("it goes on when it is calm");
    let calm = run.world.calm_since().unwrap();
    let mut trace = run.trace("payments");
    assert_eq!(trace.events.len(), run.world.happened().len());
    let place = trace.events.iter().position(|event| event.number.get() == calm).unwrap();
    assert!(place + 1 < trace.events.len());
    world::replay(&cluster, &trace).unwrap();
    // A shrunk trace gets its own calm phase back, and only what comes before is shrunk.
    let whole = text(&run);
    let reader = Reader::new("in", whole.as_bytes(), Options::default()).unwrap();
    let examined = world::examine_world(&cluster, reader).unwrap();
    assert_eq!((examined.stimuli.len(), examined.observations), (place + 1, trace.events.len() - place - 1));
    let events = examined.stimuli.into_iter().map(|item| item.value).collect();
    let chosen = RawTrace { header: trace.header.clone(), events }.write("chosen", Vec::new()).unwrap();
    let again = String::from_utf8(world::with_calm_phase(&cluster, chosen)).unwrap();
    // The header is a line too.
    let calm = |trace: &str| trace.lines().skip(place + 2).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(calm(&again), calm(&whole));
    // Another calm phase than the recorded one is a difference.
    trace.events[place + 1].at = None;
    let difference = world::replay(&cluster, &trace).err().expect("an event has another time");
    assert_eq!(difference.found, Unfit::Calm);
}

/// If a node never returned from an event, it would still be known at which event.
#[test]
fn a_run_of_few_events_tells_each_before_it_happens() {
    static TOLD: Mutex<Vec<Option<u64>>> = Mutex::new(Vec::new());
    let (_, left) = shrunk(Mistake::FallsOver);
    let cluster = Payments(Mistake::FallsOver);
    let reader = Reader::new("left", left.as_bytes(), Options::default()).unwrap();
    let mut examined = world::examine_world(&cluster, reader).unwrap();
    let bug = examined.oracle.aim(None).unwrap();
    examined.oracle.tell(Arc::new(|event| TOLD.lock().unwrap().push(event)));
    examined.oracle.test(&Candidate::new(&examined.stimuli, &Edit::Keep));
    let told = TOLD.lock().unwrap();
    let numbers: Vec<_> = examined.stimuli.iter().map(|item| item.number).collect();
    assert_eq!(told.first(), Some(&None), "none at first");
    let events: Vec<_> = told.iter().flatten().copied().collect();
    assert_eq!(events, numbers);
    assert_eq!(events.last(), Some(&bug.first.event.get().into()), "it falls over at the last");
}

/// The trace that is replayed in a build without a generator: see `tests/no-rng`.
#[test]
fn a_kept_trace_is_that_of_its_seed() {
    let cluster = Payments(Mistake::AnswersFirst);
    let run = (0..).map(|seed| world::simulate(&cluster, seed)).find(|run| !run.findings.is_empty()).unwrap();
    let path = root().join("tests/tests/world/answers-first.jsonl");
    if env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        fs::write(&path, text(&run)).unwrap();
    }
    assert_eq!(fs::read_to_string(path).unwrap(), text(&run));
}

/// A node that keeps setting timers for the current moment does not hold a run up for ever.
#[test]
fn a_run_ends() {
    #[derive(Clone)]
    struct Busy;

    impl Node for Busy {
        type Input = ();
        type Message = ();
        type Timer = ();
        type Record = ();

        fn start(&mut self, effects: &mut Effects<Self>) {
            effects.set_timer(0, ());
        }

        fn message(&mut self, _: NodeId, (): (), _: &mut Effects<Self>) {}

        fn timer(&mut self, (): (), effects: &mut Effects<Self>) {
            effects.set_timer(0, ());
        }
    }

    impl Cluster for Busy {
        type Node = Self;

        fn names(&self) -> Vec<Name> {
            vec!["busy".into()]
        }

        fn node(&self, _: NodeId) -> Self {
            Self
        }

        fn limits(&self) -> Limits {
            Limits { events: 1000, ..Limits::default() }
        }
    }

    let run = world::simulate(&Busy, 1);
    assert_eq!(run.trace("busy").events.len(), 1001);
    let again = world::replay(&Busy, &run.trace("busy")).unwrap();
    assert_eq!((again.digest(), again.world.happened().len()), (run.digest(), 2001));
}
