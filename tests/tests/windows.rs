//! Windows that systems recorded, with much disorder: correct systems show no bug in them, and others do.

use afresh::check::check;
use afresh::replay::replay;
use afresh::{Loaded, Subject, check, format, replay};
use afresh_fixtures::generate::{Disorder, Export};
use afresh_fixtures::{Documents, Fixture, Ledger, OrderBook};
use afresh_tests::Folder;
use afresh_tests::kept::{AT_THE_OPENING, WINDOW};

/// How many windows each system records.
const SEEDS: u64 = 40;

/// Checks and replays the windows that `recorder` recorded. Returns the findings, each with its seed.
fn findings<S: Fixture + Subject>(recorder: &S, disorder: Disorder) -> Vec<String> {
    let system = S::correct();
    let mut findings = Vec::new();
    for seed in 0..SEEDS {
        let export = Export { seed, disorder, ..WINDOW };
        let header = export.header(S::NAME);
        let events: Vec<_> = export.events(recorder.clone()).collect();
        let mut writer = format::Writer::new("window", Vec::new(), &header).expect("it can be written");
        events.iter().for_each(|event| writer.event(event).expect("it can be written"));
        let file = writer.finish().expect("it can be written");
        let reader = format::Reader::new("window", &file[..], format::Options::default()).expect("it has a header");
        let replayed = replay(&system, reader, replay::Options::default(), None).expect("it replays");
        let checked = check(&system, &Loaded::new(header, events), check::Options::default());
        for (command, found) in [("check", checked.findings), ("replay", replayed.findings)] {
            let said = |finding: &check::Finding| {
                let first = &finding.first;
                format!(
                    "{} seed {seed}, {command}: {} at event {}, {}",
                    S::NAME,
                    finding.signature,
                    first.event,
                    first.found
                )
            };
            findings.extend(found.iter().map(said));
        }
    }
    findings
}

#[test]
fn a_window_of_a_correct_system_shows_no_bug() {
    // Without positions, a message that repeats one from before the window, or is older, looks like a new one.
    let late = WINDOW.disorder.late_permille;
    let only_late = Disorder { late_permille: late, places_max: 20, ..Disorder::default() };
    let found = [
        findings(&Ledger::correct(), WINDOW.disorder),
        findings(&OrderBook::correct(), WINDOW.disorder),
        findings(&Documents::correct(), only_late),
    ]
    .concat();
    assert!(found.is_empty(), "{} findings:\n{}", found.len(), found.join("\n"));
}

#[test]
fn a_window_of_a_system_with_a_bug_shows_it() {
    for bug in ["late-capture", "refused-transfer"] {
        let recorder = Ledger::with(bug).expect("it is a bug");
        let found = findings(&recorder, WINDOW.disorder);
        assert!(!found.is_empty(), "{bug}");
    }
}

/// The engine and the checker agree on a message at the last position of the opening.
#[test]
fn a_message_exactly_at_the_opening_is_no_bug() {
    let folder = Folder::default();
    folder.write("window.jsonl", AT_THE_OPENING);
    let said = folder.ok(&["check", "window.jsonl"]);
    assert!(said.starts_with("window.jsonl: ok: 2 stimuli, 1 key"), "{said}");
    assert!(said.contains("not derivable"), "{said}");
}
