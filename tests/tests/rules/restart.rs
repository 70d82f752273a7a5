//! Rules about restarts from the journal. Every story restarts after each of its commands; these tests cover the
//! rest.

use afresh::guard::guard;
use afresh_core::{At, Engine, Message, Observation, Options, Policy, Stimulus, What};

use super::story::{check, check_in};
use super::system::{Say, Words};

#[test]
fn a_restart_sends_nothing_and_says_what_is_to_be_sent_again() {
    check(
        "
        > in m1 a x
        out a/log r1: x
        > in m2 b y
        out b/log r1: y
        > settle a/log 1
        > restart
        > unsettled
        out b/log r1: y
        > restart
        > in m3 a z
        out a/log r2: x z
        ",
    );
}

#[test]
fn after_a_restart_with_other_code_a_trigger_sends_what_that_calls_for() {
    check(
        "
        > in m1 a x
        out a/log r1: x
        > in m2 a bad
        rejected m2 r1: a bad word
        > in m3 b boom
        quarantined b: boom
        > restart fixed
        > show a b
        a (1): x
        b quarantined: boom
        > trigger
        out b/log r1: boom
        > reflow m2
        out a/log r2: x bad
        ",
    );
}

#[test]
fn a_message_that_the_code_of_today_refuses_is_rejected_at_the_restart() {
    check(
        "
        > restart fixed
        > in m1 a x
        out a/log r1: x
        > in m1 r2 a bad
        out a/log r2: bad
        > in m2 b boom
        out b/log r1: boom
        > in m3 c wild
        out c/log r1: wild
        > in m4 d tell-e-lost
        out d/log r1: tell-e-lost
        out d/tell-e r1: lost
        out e/log r1: lost
        > restart broken
        rejected m1 r2: a bad word
        rejected m3 r1: panicked: no keys in wild
        quarantined b: boom
        > show a b c
        a (1): x
        b quarantined: boom
        c (0):
        > trigger a c
        out a/log r3: x
        out c/log r2 withdrawn
        ",
    );
}

#[test]
fn a_message_that_was_reflowed_in_vain_does_not_stop_a_restart() {
    check(
        "
        > in m1 a wild
        rejected m1 r1: panicked: no keys in wild
        > reflow m1
        rejected m1 r1: panicked: no keys in wild
        > restart
        > in m2 a x
        out a/log r1: x
        ",
    );
}

#[test]
fn a_restart_in_a_trace_loses_all_but_the_journal() {
    check(
        "
        > in m1 a x
        out a/log r1: x
        > in m2 b y
        out b/log r1: y
        > settle a/log 1
        > fail
        > unsettled
        out b/log r1: y
        > in m3 a z
        out a/log r2: x z
        > in m1 a x
        > show a b
        a (2): x z
        b (1): y
        ",
    );
    // The restart loses damage as well.
    check_in(
        Policy::Incremental,
        "
        > in m1 a x
        out a/log r1: x
        > damage a default
        > fail
        > scrub
        > show a
        a (1): x
        ",
    );
}

#[test]
fn from_a_deploy_on_another_version_runs() {
    check(
        "
        > in m1 a x
        out a/log r1: x
        > in m2 a bad
        rejected m2 r1: a bad word
        > in m3 b boom
        quarantined b: boom
        > deploy fixed
        > trigger
        out b/log r1: boom
        > reflow m2
        out a/log r2: x bad
        > deploy nobody-knows-it
        > in m4 a bad
        out a/log r3: x bad bad
        > deploy broken
        rejected m2 r1: a bad word
        rejected m4 r1: a bad word
        quarantined b: boom
        > trigger a
        out a/log r4: x
        ",
    );
}

/// Those who look for what happened since a time find it.
#[test]
fn what_a_restart_does_has_the_time_of_the_event_before_it() {
    let options = Options { guard, ..Options::default() };
    let mut engine = Engine::new(Words { fixed: true, ..Words::default() }, options);
    for (id, word) in [("m-1", "boom"), ("m-2", "bad")] {
        let body = Say { keys: vec!["a".into()], word: word.into(), at: None };
        engine.take(Some(At::Stamp(5)), Stimulus::In(Message::new("x", id, body)));
    }
    let before = engine.journal().len();
    let journal: Vec<_> = engine.journal().events().cloned().collect();
    let restarted = Engine::restart(Words::default(), options, journal).expect("its numbers are in order");
    let of_restart: Vec<_> = restarted.journal().since(before).map(|event| (&event.what, event.at)).collect();
    assert!(of_restart.iter().any(|(what, _)| matches!(what, What::Observation(Observation::Quarantined(_)))));
    assert!(of_restart.iter().any(|(what, _)| matches!(what, What::Observation(Observation::Rejected(_)))));
    assert!(of_restart.iter().all(|(_, at)| *at == Some(At::Stamp(5))), "{of_restart:?}");
}

/// Without positions, messages between keys that one stimulus produced have one place, and their senders decide, with
/// numbers compared as numbers. A restart finds them in the order in which they were sent, which is another.
#[test]
fn what_keys_sent_each_other_keeps_its_order_over_a_restart() {
    check(
        "
        > in m0 k9,k10 mute
        out k10/log r1: mute
        out k9/log r1: mute
        > in m1 k9 tell-b-nine
        out k9/log r2: mute tell-b-nine
        > in m2 k10 tell-b-ten
        out k10/log r2: mute tell-b-ten
        > in m0 r2 -
        out b/log r1: nine ten
        out k10/log r3: tell-b-ten
        out k10/tell-b r1: ten
        out k9/log r3: tell-b-nine
        out k9/tell-b r1: nine
        > restart
        > show b
        b (2): nine ten
        ",
    );
}
