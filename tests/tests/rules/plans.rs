//! Rules about plans. A `plan` in a story is compared with what then happens, and must leave the engine unchanged.

use afresh_core::{Engine, Knob, Message, Options, Policy, Stimulus, Updates};

use super::story::check;
use super::system::{Say, Words};

#[test]
fn a_plan_says_what_becomes_of_the_keys_that_are_sent_messages_too() {
    check(
        "
        > in m1 a tell-b-tell
        out a/log r1: tell-b-tell
        out a/tell-b r1: tell
        out b/log r1: tell
        > in m2 b bad
        rejected m2 r1: a bad word
        > in m3 b tell-c-hush
        out b/log r2: tell tell-c-hush
        out b/tell-c r1: hush
        > in m4 c x
        > plan migrate loud on b
        keys 2
        out b/log r3: TELL TELL-C-HUSH
        out b/tell-c r2 withdrawn
        out c/log r1: x
        > plan migrate loud on
        keys 3
        out a/log r2: TELL-B-TELL
        out a/tell-b r2 withdrawn
        out b/log r3: TELL-C-HUSH
        out b/tell-c r2 withdrawn
        out c/log r1: X
        > plan trigger
        keys 3
        > plan scrub c
        keys 1
        > plan reflow m1 m2 m3 m4
        keys 3
        rejected m2 r1: a bad word
        > plan resend b/log
        keys 0
        out b/log r2: tell tell-c-hush
        ",
    );
}

#[test]
fn a_plan_leaves_no_key_that_it_was_the_first_to_reach() {
    check(
        "
        > migrate loud on
        > in m1 a tell-b-boom
        out a/log r1: TELL-B-BOOM
        > plan migrate loud off
        keys 2
        quarantined b: boom
        out a/log r2: tell-b-boom
        out a/tell-b r1: boom
        > show b
        b is not known
        > migrate loud off
        quarantined b: boom
        out a/log r2: tell-b-boom
        out a/tell-b r1: boom
        > plan trigger b
        keys 1
        quarantined b: boom
        > restart fixed
        > plan trigger b
        keys 1
        out b/log r1: boom
        ",
    );
}

#[test]
fn a_plan_counts_no_call_of_update() {
    let options = Options { policy: Policy::Incremental, ..Options::default() };
    let mut engine = Engine::new(Words::default(), options);
    let body = Say { keys: vec!["c".into()], word: "tell-b-hi".to_owned(), at: None };
    engine.take(None, Stimulus::In(Message::new("bank", "m1", body)));
    // A loud word sends nothing, so the message to b is withdrawn.
    let (by, why) = ("story".into(), String::new());
    let knob = Knob::Migrate { flow: "loud".into(), keys: Some(vec!["c".into()]), on: true, by, why };
    engine.plan(&knob);
    assert_eq!(engine.updates(), Updates::default());
    engine.take(None, Stimulus::Knob(Box::new(knob)));
    assert_eq!(engine.updates(), Updates { calls: 1, done: 0, folded_again: 1 });
}
