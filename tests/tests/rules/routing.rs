//! Rules about messages between keys.

use afresh_core::{Options, Policy};

use super::story::{check, check_with};
use super::system::Words;

#[test]
fn a_routed_output_is_a_message_from_its_key_and_slot() {
    check(
        "
        > in m1 a tell-b-c-hi
        out a/log r1: tell-b-c-hi
        out a/tell-b-c r1: hi
        out b/log r1: hi
        out c/log r1: hi
        > in m1 r2 a tell-b-c-ho
        out a/log r2: tell-b-c-ho
        out a/tell-b-c r2: ho
        out b/log r2: ho
        out c/log r2: ho
        > in m1 r3 a tell-c-ho
        out a/log r3: tell-c-ho
        out a/tell-b-c r3 withdrawn
        out a/tell-c r1: ho
        out b/log r3 withdrawn
        ",
    );
}

#[test]
fn a_routed_message_is_not_asked_for_admission() {
    check(
        "
        > in m1 a tell-b-bad
        out a/log r1: tell-b-bad
        out a/tell-b r1: bad
        out b/log r1: bad
        ",
    );
}

#[test]
fn one_stimulus_is_followed_through_all_its_rounds() {
    // `b` tells `c` because `a` tells it to, and everything is committed together.
    check(
        "
        > in m1 b tell-c-hi
        out b/log r1: tell-c-hi
        out b/tell-c r1: hi
        out c/log r1: hi
        > in m2 a tell-b-mute
        out a/log r1: tell-b-mute
        out a/tell-b r1: mute
        out b/log r2: tell-c-hi mute
        out b/tell-c r2 withdrawn
        out c/log r2 withdrawn
        > plan migrate loud on a
        keys 3
        out a/log r2: TELL-B-MUTE
        out a/tell-b r2 withdrawn
        out b/log r3: tell-c-hi
        out b/tell-c r3: hi
        out c/log r3: hi
        ",
    );
}

#[test]
fn a_slot_holds_what_the_last_round_called_for() {
    check(
        "
        > in m1 a,b x
        out a/log r1: x
        out b/log r1: x
        > in m2 a,b tell-b-mute
        out a/log r2: x tell-b-mute
        out a/tell-b r1: mute
        out b/log r2: x tell-b-mute mute
        > in m2 r2 -
        out a/log r3: x
        out a/tell-b r2 withdrawn
        out b/log r3: x
        ",
    );
}

#[test]
fn keys_that_do_not_come_to_rest_are_set_apart_after_so_many_rounds() {
    let story = "
        > in m1 a echo-b
        out a/log r1: echo-b
        out a/tell-b r1: 1
        out b/log r1: 1
        > in m2 b echo-a
        quarantined b: messages between keys did not come to rest in 4 rounds
        out a/log r2: echo-b 4
        out a/tell-b r2: 5
        out b/log r2: 3 echo-a
        out b/tell-a r1: 4
        > in m3 a x
        out a/log r3: echo-b 4 x
        > in m2 r2 -
        > trigger b
        out a/log r4: echo-b x
        out a/tell-b r3: 1
        out b/log r3: 1
        out b/tell-a r2 withdrawn
        ";
    for policy in [Policy::FirstPrinciples, Policy::Incremental] {
        check_with(Words::default(), Options { policy, rounds_max: 4, ..Options::default() }, story);
    }
}

#[test]
fn as_many_rounds_as_are_allowed_may_be_needed() {
    let options = Options { rounds_max: 2, ..Options::default() };
    check_with(
        Words::default(),
        options,
        "
        > in m1 a tell-b-hi
        out a/log r1: tell-b-hi
        out a/tell-b r1: hi
        out b/log r1: hi
        > in m2 c echo-d
        out c/log r1: echo-d
        out c/tell-d r1: 1
        out d/log r1: 1
        > in m3 d echo-e
        out d/log r2: 1 echo-e
        out d/tell-e r1: 2
        out e/log r1: 2
        > in m3 r2 d x
        out d/log r3: 1 x
        out d/tell-e r2 withdrawn
        out e/log r2 withdrawn
        > in m4 c 7
        out c/log r2: echo-d 7
        out c/tell-d r2: 8
        out d/log r4: 8 x
        > in m3 r3 d echo-e
        out d/log r5: 8 echo-e
        out d/tell-e r3: 9
        out e/log r3: 9
        > in m4 r2 c 6
        quarantined e: messages between keys did not come to rest in 2 rounds
        out c/log r3: echo-d 6
        out c/tell-d r3: 7
        out d/log r6: 7 echo-e
        out d/tell-e r4: 8
        ",
    );
}
