//! Starting again from a journal. Every story restarts after each of its commands; these are about what more there is.

use super::story::check;

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
        b set apart: boom
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
        b set apart: boom
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
