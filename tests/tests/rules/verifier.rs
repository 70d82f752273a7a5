//! Rules about the checker: its comparisons and the coverage that it reports.

use afresh::Loaded;
use afresh::check::verify::Messages;
use afresh::check::{Options, Report, check};
use afresh_core::{Damage, Event, EventNumber, EventOf, Fault, Header, Knob, Observation, Opening};
use afresh_core::{Message, Name, Signature, SlotId, Stimulus, Viewed, What};

use super::system::{Say, Shown, Words};

/// An event of a trace.
#[derive(Clone)]
enum Happened {
    /// The key `a` hears a word.
    Said(&'static str),
    /// The key `a` hears a word at a position.
    SaidAt(&'static str, i64),
    /// A recorded view of the words that the key has heard.
    Recorded(&'static str),
    Did(Stimulus<Say, Shown>),
}
use Happened::{Did, Recorded, Said, SaidAt};

fn check_trace(
    system: Words,
    header: Header,
    happened: impl IntoIterator<Item = Happened>,
    options: Options,
) -> Report {
    let events = happened.into_iter().zip(1..).map(|(happened, number)| {
        let said = |word: &str, at| {
            let body = Say { keys: vec!["a".into()], word: word.to_owned(), at };
            What::Stimulus(Stimulus::In(Message::new("bank", format!("m{number}"), body)))
        };
        let what = match happened {
            Said(word) => said(word, None),
            SaidAt(word, at) => said(word, Some(at)),
            Recorded(words) => {
                let total = u32::try_from(words.split_whitespace().count()).ok();
                let value = Shown { words: words.to_owned(), total };
                What::Observation(Observation::View(Box::new(Viewed { key: "a".into(), value })))
            }
            Did(stimulus) => What::Stimulus(stimulus),
        };
        Event { number: EventNumber::new(number).expect("it counts from 1"), cause: None, at: None, what }
    });
    let events: Vec<EventOf<Words>> = events.collect();
    check(&system, &Loaded::new(header, events), options)
}

fn check_complete(system: Words, happened: impl IntoIterator<Item = Happened>) -> Report {
    check_trace(system, Header::complete("words"), happened, Options::default())
}

/// Returns the signature of each finding, its count, and the first event that shows it.
fn found(report: &Report) -> Vec<(String, u64, u32)> {
    let findings = report.findings.iter();
    findings.map(|found| (found.signature.to_string(), found.count, found.first.event.get())).collect()
}

fn migrate(flow: &str, on: bool) -> Happened {
    let knob = Knob::Migrate { flow: flow.into(), keys: None, on, by: "story".into(), why: String::new() };
    Did(Stimulus::Knob(Box::new(knob)))
}

#[test]
fn what_is_carried_is_held_against_the_fold_at_every_step() {
    let careless = Words { careless: true, ..Words::default() };
    let late = || [SaidAt("x", 1), SaidAt("z", 3), SaidAt("y", 2), SaidAt("w", 4)];
    assert_eq!(found(&check_complete(careless, late())), [("incremental/words".to_owned(), 2, 3)]);
    assert!(check_complete(Words::default(), late()).is_clean());
}

#[test]
fn a_fold_that_is_not_what_was_restated_is_reported_and_not_healed() {
    let twice = Words { twice: true, ..Words::default() };
    let report = check_complete(twice, [Said("x"), Said("y")]);
    assert_eq!(found(&report), [("restated/total".to_owned(), 2, 1)]);
    super::story::check_with(
        twice,
        afresh_core::Options::default(),
        "
        > in m1 a x
        out a/log r1: x
        > scrub
        > show a
        a (2): x
        ",
    );
}

#[test]
fn what_touched_promises_is_held_against_the_outputs() {
    let forgetful = Words { forgetful: true, ..Words::default() };
    let report = check_complete(forgetful, [Said("x"), Said("y")]);
    assert_eq!(found(&report), [("outputs/log".to_owned(), 2, 1)]);
}

#[test]
fn a_panic_is_a_finding() {
    let report = check_complete(Words::default(), [Said("x"), Said("boom"), Said("wild"), Said("y")]);
    assert_eq!(found(&report), [("panic/boom".to_owned(), 1, 2), ("panic/no keys in wild".to_owned(), 1, 3)]);
    assert_eq!(report.coverage.quarantined, 2, "the step that panicked, and the one after it");
}

#[test]
fn a_state_that_a_fault_has_damaged_is_not_compared_until_it_is_healed() {
    let damage = Fault::Damage { key: "a".into(), what: Damage::Default };
    let scrub = Knob::Scrub { keys: None, by: "story".into(), why: String::new() };
    let [damage, scrub] = [Stimulus::Fault(Box::new(damage)), Stimulus::Knob(Box::new(scrub))];
    let happened = [Said("x"), Did(damage.clone()), Said("y"), Did(scrub.clone()), Said("z")];
    let report = check_complete(Words::default(), happened);
    assert!(report.is_clean(), "{:?}", found(&report));
    assert_eq!((report.coverage.steps, report.coverage.damaged), (3, 1));
    // A view that was recorded meanwhile shows the damage, which is no difference either. This record has no healing.
    let happened = [Said("x"), Did(damage), Said("y"), Recorded("y"), Did(scrub), Recorded("x y"), Said("z")];
    let report = check_complete(Words::default(), happened);
    assert_eq!(found(&report), [("recorded/healed".to_owned(), 1, 5)]);
    assert_eq!((report.coverage.recorded, report.coverage.recorded_steps), (1, 0));
}

#[test]
fn a_report_says_what_was_looked_at() {
    let words = || (0..100).map(|_| Said("x"));
    let in_full = check_complete(Words::default(), words()).coverage;
    assert_eq!((in_full.steps, in_full.from_first, in_full.restated), (100, 100, 100));
    let small = Options { budget: 1000, jobs: 1, ..Options::default() };
    let in_part = check_trace(Words::default(), Header::complete("words"), words(), small).coverage;
    assert_eq!((in_part.steps, in_part.from_first, in_part.restated), (100, 27, 1));
    for jobs in [2, 3] {
        let shared = check_trace(Words::default(), Header::complete("words"), words(), Options { jobs, ..small });
        assert_eq!(shared.coverage, in_part);
    }
}

/// Each message belongs before all others, so no checkpoint helps, and folds for all steps take 180,300 messages.
#[test]
fn folds_of_late_messages_keep_to_the_budget() {
    let late = || (1..=600).map(|n| message(&format!("m-{n}"), 1, Some("x"), -n));
    let of = |budget, jobs, happened: Vec<Happened>| {
        let options = Options { budget, jobs, ..Options::default() };
        check_trace(Words::default(), Header::complete("words"), happened, options).coverage
    };
    let in_full = of(180_300, 1, late().collect());
    assert_eq!((in_full.steps, in_full.from_first, in_full.beyond_budget), (600, 600, 0));
    let in_part = of(1000, 1, late().collect());
    assert_eq!((in_part.steps, in_part.from_first, in_part.beyond_budget), (366, 11, 234));
    for jobs in [2, 3] {
        assert_eq!(of(1000, jobs, late().collect()), in_part);
    }
    let in_order = of(0, 1, late().rev().collect());
    assert_eq!((in_order.steps, in_order.from_first, in_order.beyond_budget), (600, 1, 0));
}

/// A message from `bank` to the key `a`: its id, revision, word and position. Without a word, it is a withdrawal.
fn message(id: &str, revision: u32, word: Option<&str>, at: i64) -> Happened {
    let body = word.map(|word| Say { keys: vec!["a".into()], word: word.to_owned(), at: Some(at) });
    Did(Stimulus::In(Message { from: "bank".into(), id: id.into(), revision, body }))
}

/// Checks a trace with several numbers of threads, and returns what the coverage says of the dangerous paths: messages
/// that are late, duplicate, revised and withdrawn; then the calls of `update` that returned `Done` and `FoldAgain`,
/// and those that panicked.
fn paths(system: Words, header: &Header, happened: &[Happened]) -> [u64; 7] {
    let check = |jobs| {
        let options = Options { jobs, ..Options::default() };
        check_trace(system, header.clone(), happened.to_vec(), options).coverage
    };
    let coverage = check(1);
    for jobs in [2, 3] {
        assert_eq!(check(jobs), coverage, "{jobs} jobs");
    }
    let Messages { late, duplicate, revised, withdrawn, keyless } = coverage.messages;
    assert_eq!(keyless, 0);
    [late, duplicate, revised, withdrawn, coverage.updated, coverage.folded_again, coverage.update_panicked]
}

#[test]
fn a_report_says_how_often_the_dangerous_paths_ran() {
    let complete = Header::complete("words");
    let words = |happened: &[Happened]| paths(Words::default(), &complete, happened);
    let first = || vec![message("m1", 1, Some("x"), 1), message("m2", 1, Some("z"), 3)];
    let then = |next: Vec<Happened>| words(&[first(), next].concat());
    // In order, nothing is to be updated. Messages that do not count are no dangerous path either.
    assert_eq!(then(vec![]), [0; 7]);
    assert_eq!(then(vec![message("m3", 1, Some("bad"), 2)]), [0; 7], "rejected");
    assert_eq!(then(vec![message("m2", 1, Some("y"), 3)]), [0; 7], "conflict");
    let stale = vec![message("m3", 2, Some("y"), 4), message("m3", 1, Some("w"), 4)];
    assert_eq!(then(stale), [0; 7], "stale");

    assert_eq!(then(vec![message("m3", 1, Some("y"), 2)]), [1, 0, 0, 0, 0, 1, 0], "late");
    assert_eq!(then(vec![message("m2", 1, Some("z"), 3)]), [0, 1, 0, 0, 0, 0, 0], "duplicate");
    assert_eq!(then(vec![message("m2", 2, Some("y"), 3)]), [0, 0, 1, 0, 0, 1, 0], "revised in place");
    // It is removed at one place and added at another: `update` is called for the first of both only, and folds again.
    assert_eq!(then(vec![message("m2", 2, Some("z"), 0)]), [0, 0, 1, 0, 0, 1, 0], "revised elsewhere");
    assert_eq!(then(vec![message("m1", 2, None, 0)]), [0, 0, 0, 1, 0, 1, 0], "withdrawn");
    // It comes back as the newest, which needs no update.
    let back = vec![message("m2", 2, None, 0), message("m2", 3, Some("z"), 3)];
    assert_eq!(then(back), [0, 0, 1, 1, 0, 1, 0], "withdrawn, then revised");
    assert_eq!(then(vec![message("m3", 1, None, 0)]), [0; 7], "the withdrawal of a message that never counted");
}

#[test]
fn a_report_says_how_many_messages_concern_no_key() {
    let say = |id: &str, revision, keys: &[&str], word: &str| {
        let keys = keys.iter().map(|key| (*key).into()).collect();
        let body = Some(Say { keys, word: word.to_owned(), at: Some(1) });
        Did(Stimulus::In(Message { from: "bank".into(), id: id.into(), revision, body }))
    };
    let happened = [
        say("m1", 1, &["a"], "x"),
        say("m2", 1, &[], "x"),
        // The same again, one that is rejected, and one that has a key from now on.
        say("m2", 1, &[], "x"),
        say("m3", 1, &[], "bad"),
        say("m2", 2, &["b"], "x"),
        // One that has none any more.
        say("m1", 2, &[], "x"),
    ];
    for jobs in [1, 2] {
        let options = Options { jobs, ..Options::default() };
        let report = check_trace(Words::default(), Header::complete("words"), happened.to_vec(), options);
        assert_eq!(report.coverage.messages.keyless, 2);
    }
}

#[test]
fn a_report_says_what_update_returned() {
    let complete = Header::complete("words");
    let late = |word| vec![message("m1", 1, Some("x"), 1), message("m2", 1, Some("z"), 3), message("m3", 1, word, 2)];
    // Careless code answers a late word itself; all other changes are folded again.
    let careless = Words { careless: true, ..Words::default() };
    let happened = [late(Some("y")), vec![message("m1", 2, Some("w"), 1)]].concat();
    assert_eq!(paths(careless, &complete, &happened), [1, 0, 1, 0, 1, 1, 0]);
    let touchy = Words { touchy: true, ..Words::default() };
    assert_eq!(paths(touchy, &complete, &late(Some("y"))), [1, 0, 0, 0, 0, 0, 1]);
}

#[test]
fn a_routed_message_counts_like_any_other() {
    let say = |key: &str, word: &str, at| {
        let body = Say { keys: vec![key.into()], word: word.to_owned(), at: Some(at) };
        Did(Stimulus::In(Message::new("bank", format!("{word}{at}"), body)))
    };
    let complete = Header::complete("words");
    let told = |happened: &[Happened]| paths(Words::default(), &complete, happened);
    let late = [say("b", "z", 9), say("c", "tell-b-hi", 5)];
    assert_eq!(told(&late), [1, 0, 0, 0, 0, 1, 0], "late for b");
    // The slot is the same, so the message to b is revised.
    let revised = [say("c", "tell-b-hi", 5), say("c", "tell-b-ho", 6)];
    assert_eq!(told(&revised), [0, 0, 1, 0, 0, 1, 0], "revised");
    let withdrawn = [say("c", "tell-b-hi", 5), say("c", "mute", 6)];
    assert_eq!(told(&withdrawn), [0, 0, 0, 1, 0, 1, 0], "withdrawn");
    // No message arrives if outputs are sent again, or if a restart or another version routes them again.
    let outputs = vec![SlotId { key: "c".into(), slot: "tell-b".into() }];
    let again = Knob::ReflowOut { outputs, by: "story".into(), why: String::new() };
    let restart = Fault::Restart { node: Name::default() };
    let deploy = Fault::Deploy { node: Name::default(), system: "fixed".into() };
    let knob = Did(Stimulus::Knob(Box::new(again)));
    let [restart, deploy] = [restart, deploy].map(|fault| Did(Stimulus::Fault(Box::new(fault))));
    let all = [late.to_vec(), vec![knob, restart, deploy]].concat();
    assert_eq!(told(&all), [1, 0, 0, 0, 0, 1, 0]);
}

#[test]
fn in_a_window_update_runs_only_for_keys_with_a_state() {
    let window = Header { complete: false, ..Header::complete("words") };
    let late = [message("m1", 1, Some("x"), 1), message("m2", 1, Some("z"), 3), message("m3", 1, Some("y"), 2)];
    assert_eq!(paths(Words::default(), &window, &late), [1, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn the_last_state_is_always_looked_at_and_the_first_wrong_step_is_found() {
    let words = |bad: usize| (1..=100).map(move |n| Said(if n == bad { "odd" } else { "x" }));
    let odd = Words { odd: true, ..Words::default() };
    for (bad, budget) in [(100, 0), (57, 0), (57, 2000), (1, 0)] {
        let check = |jobs| {
            let options = Options { budget, jobs, ..Options::default() };
            check_trace(odd, Header::complete("words"), words(bad), options)
        };
        let report = check(1);
        let (signature, _, first) = &found(&report)[0];
        assert_eq!((signature.as_str(), *first), ("restated/total", bad as u32), "{bad}, {budget}");
        assert!(report.coverage.restated < 100, "only some steps are restated");
        for jobs in [2, 3] {
            assert_eq!(check(jobs), report);
        }
    }
}

#[test]
fn of_a_recorded_view_both_questions_are_asked() {
    let happened = [
        Said("a"),
        Recorded("a"),
        Said("b"),
        Recorded("X b"),
        Said("c"),
        Recorded("X b c"),
        Said("d"),
        Recorded("X b c d"),
        Said("e"),
        Recorded("a b c d e"),
        Said("f"),
        Recorded("a b c d e f"),
    ];
    // Every row of the overwritten stretch is wrong, but only its edges do not follow from the row before.
    let expected = [("recorded/words".to_owned(), 3, 4), ("recorded-step/words".to_owned(), 2, 4)];
    let report = check_complete(Words::default(), happened);
    assert_eq!(found(&report), expected);
    assert_eq!((report.coverage.recorded, report.coverage.recorded_steps), (6, 5));
}

#[test]
fn a_recorded_view_is_compared_under_the_flows_of_its_moment() {
    let happened = |later| {
        [
            Said("x"),
            Recorded("x"),
            migrate("loud", true),
            Recorded("X"),
            Said("y"),
            Recorded(later),
            migrate("loud", false),
        ]
    };
    assert!(check_complete(Words::default(), happened("X Y")).is_clean());
    assert_eq!(found(&check_complete(Words::default(), happened("x y")))[0], ("recorded/words".to_owned(), 1, 6));
}

#[test]
fn states_and_views_are_compared_part_by_part() {
    let value = Shown { words: "x".to_owned(), total: None };
    let opening = || Did(Stimulus::Opening(Box::new(Opening { key: "a".into(), value: value.clone(), after: None })));
    let header = || Header { complete: false, ..Header::complete("words") };
    let check = |recorded| {
        check_trace(Words::default(), header(), [opening(), Said("y"), Recorded(recorded)], Options::default())
    };
    let right = check("x y");
    assert!(right.is_clean(), "{:?}", found(&right));
    assert_eq!(right.notes.not_derivable.parts().collect::<Vec<_>>(), [("total", 1)]);
    let wrong = check("x z");
    assert_eq!(wrong.findings[0].signature, Signature::new("recorded", "words"));
    assert_eq!(wrong.notes.not_derivable.parts().collect::<Vec<_>>(), [("total", 1)]);
}

#[test]
fn a_window_learns_as_it_goes() {
    let value = Shown { words: "v".to_owned(), total: None };
    let opening = Did(Stimulus::Opening(Box::new(Opening { key: "a".into(), value, after: None })));
    let header = Header { complete: false, ..Header::complete("words") };
    let happened = [
        opening,
        Said("w"),
        // Its total is not derivable, and is learned.
        Recorded("v w"),
        Said("x"),
        Recorded("v w x"),
        Said("y"),
        Recorded("v w x y y"),
    ];
    for budget in [0, 1000] {
        let options = Options { budget, ..Options::default() };
        let report = check_trace(Words::default(), header.clone(), happened.clone(), options);
        let mut found: Vec<_> = found(&report).into_iter().map(|(signature, ..)| signature).collect();
        found.sort();
        let expected = ["total", "words"].map(|part| [format!("recorded-step/{part}"), format!("recorded/{part}")]);
        let mut expected = expected.concat();
        expected.sort();
        assert_eq!(found, expected);
        assert_eq!(report.notes.not_derivable.parts().collect::<Vec<_>>(), [("total", 1)]);
        let finding = report.findings.iter().find(|finding| finding.signature.check == "recorded");
        let said = finding.map_or("", |finding| &finding.first.found);
        assert!(said.ends_with("which rests on the view of event 3"), "{said}");
    }
}

#[test]
fn nothing_of_a_complete_trace_is_not_derivable() {
    let unborn = || (1..=3).map(|_| Said("x"));
    let blank = Words { blank: true, ..Words::default() };
    let recorded = unborn().chain([Recorded("x x x")]);
    let report = check_complete(blank, recorded);
    assert!(report.notes.not_derivable.is_empty(), "{:?}", report.notes.not_derivable);
    // The total of this version is unknown, so it differs from every other.
    assert_eq!(found(&report), [("restated/total".to_owned(), 3, 1), ("recorded/total".to_owned(), 1, 4)]);
}

#[test]
fn from_a_deploy_on_the_facts_are_what_that_version_makes_of_them() {
    let fault = |fault| Did(Stimulus::Fault(Box::new(fault)));
    let deploy = |system: &str| fault(Fault::Deploy { node: "app".into(), system: system.into() });
    let reflow = Knob::ReflowIn {
        messages: vec![afresh_core::FactId { from: "bank".into(), id: "m2".into() }],
        by: "story".into(),
        why: String::new(),
    };
    let happened = [
        Said("x"),
        Said("bad"),
        deploy("fixed"),
        Said("bad"),
        Did(Stimulus::Knob(Box::new(reflow))),
        fault(Fault::Damage { key: "a".into(), what: Damage::Default }),
        fault(Fault::Restart { node: "app".into() }),
        Said("y"),
        deploy("broken"),
        Said("z"),
    ];
    let report = check_complete(Words::default(), happened);
    assert_eq!(found(&report), []);
    // The steps exclude the rejected message and the damage. A restart removes the damage, so no healing is needed.
    assert_eq!((report.coverage.steps, report.coverage.damaged), (8, 0));
}
