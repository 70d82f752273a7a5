//! Rules about keys whose computation panics.

use afresh_core::{Options, Policy};

use super::story::{check, check_with};
use super::system::Words;

#[test]
fn a_key_that_panics_is_set_apart_and_all_others_go_on() {
    check(
        "
        > in m1 a,b x
        out a/log r1: x
        out b/log r1: x
        > in m2 b boom
        quarantined b: boom
        > in m3 a,b,c y
        out a/log r2: x y
        out c/log r1: y
        > show b c
        b quarantined: boom
        c (1): y
        ",
    );
}

#[test]
fn of_the_keys_of_one_message_only_those_that_panic_are_set_apart() {
    // Only the key `unborn` panics; every word but `boom` is harmless.
    check(
        "
        > in m1 a,unborn,z x
        quarantined unborn: never born
        out a/log r1: x
        out z/log r1: x
        > in m2 unborn,a y
        out a/log r2: x y
        > show unborn
        unborn quarantined: never born
        > trigger unborn
        quarantined unborn: never born
        > restart fixed
        > trigger unborn
        out unborn/log r1: x y
        ",
    );
}

#[test]
fn a_key_set_apart_keeps_its_messages_and_its_outputs() {
    check(
        "
        > in m1 a x
        out a/log r1: x
        > in m2 a boom
        quarantined a: boom
        > in m3 a y
        > slots a
        out a/log r1: x
        > in m4 b z
        out b/log r1: z
        > restart fixed
        > show a
        a quarantined: boom
        > trigger a
        out a/log r2: x boom y
        ",
    );
}

#[test]
fn it_takes_a_knob_to_bring_a_key_back_even_if_what_it_panicked_on_is_gone() {
    for knob in ["trigger", "scrub a", "reflow m2", "reflow m1", "migrate other on", "migrate other on a"] {
        check(&format!(
            "
            > in m1 a x
            out a/log r1: x
            > in m2 a boom
            quarantined a: boom
            > in m2 r2 -
            > in m3 a y
            > show a
            a quarantined: boom
            > plan {knob}
            keys 1
            out a/log r2: x y
            > {knob}
            out a/log r2: x y
            > show a
            a (2): x y
            "
        ));
    }
}

#[test]
fn a_reflow_brings_back_the_keys_of_earlier_revisions_too() {
    check(
        "
        > in m1 a boom
        quarantined a: boom
        > in m1 r2 b x
        out b/log r1: x
        > show a
        a quarantined: boom
        > reflow m1
        > show a
        a is not known
        ",
    );
}

#[test]
fn a_key_that_panics_again_stays_apart() {
    check(
        "
        > in m1 a x
        out a/log r1: x
        > in m2 a boom
        quarantined a: boom
        > plan trigger
        keys 1
        quarantined a: boom
        > trigger
        quarantined a: boom
        > migrate loud on
        quarantined a: boom
        > show a
        a quarantined: boom
        ",
    );
}

#[test]
fn a_key_is_set_apart_once_and_only_if_it_is_so_in_the_end() {
    // `update` folded the late word in, so the panic shows only when a migration folds the key.
    let careless = Words { careless: true, ..Words::default() };
    let options = Options { policy: Policy::Incremental, ..Options::default() };
    check_with(
        careless,
        options,
        "
        > in m1 a x @2
        out a/log r1: x
        > in m2 a boom @1
        out a/log r2: x boom
        > plan migrate calm on
        keys 1
        out a/log r3: boom x
        > plan migrate loud on
        keys 1
        quarantined a: boom
        > migrate calm on
        out a/log r3: boom x
        > restart
        > show a
        a (2): boom x
        ",
    );
}

#[test]
fn a_key_may_be_set_apart_by_a_message_from_another_key() {
    check(
        "
        > in m1 a tell-b-boom
        quarantined b: boom
        out a/log r1: tell-b-boom
        out a/tell-b r1: boom
        > in m2 b x
        > in m3 a y
        out a/log r2: tell-b-boom y
        > in m1 r2 a tell-b-good
        out a/log r3: tell-b-good y
        out a/tell-b r2: good
        > trigger b
        out b/log r1: good x
        ",
    );
}

#[test]
fn what_a_key_had_routed_before_it_panicked_still_counts() {
    check(
        "
        > in m1 a tell-b-hi
        out a/log r1: tell-b-hi
        out a/tell-b r1: hi
        out b/log r1: hi
        > in m2 a boom
        quarantined a: boom
        > in m1 r2 a y
        > show b
        b (1): hi
        > restart fixed
        > trigger a
        out a/log r2: y boom
        out a/tell-b r2 withdrawn
        out b/log r2 withdrawn
        ",
    );
}

#[test]
fn a_routed_body_on_which_the_code_panics_sets_its_sender_apart() {
    check(
        "
        > in m1 a tell-b-wild
        quarantined a: no keys in wild
        > in m2 c tell-b-lost
        quarantined c: lost its place
        > show b
        b is not known
        > restart fixed
        > trigger
        out a/log r1: tell-b-wild
        out a/tell-b r1: wild
        out b/log r1: wild lost
        out c/log r1: tell-b-lost
        out c/tell-b r1: lost
        ",
    );
}

#[test]
fn unchecked_brings_a_key_back_by_a_fold_as_there_is_nothing_else() {
    check_with(
        Words::default(),
        Options { policy: Policy::Unchecked, ..Options::default() },
        "
        > in m1 a x
        out a/log r1: x
        > in m2 a boom
        quarantined a: boom
        > in m2 r2 a y
        > trigger
        out a/log r2: x y
        ",
    );
}
