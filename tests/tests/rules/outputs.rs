//! Rules about outputs, which are reconciled, not emitted.

use afresh_core::{Options, Policy};

use super::story::{check, check_with};
use super::system::Words;

#[test]
fn only_what_differs_from_what_was_sent_is_sent() {
    check(
        "
        > in m1 a tell-c-hi
        out a/log r1: tell-c-hi
        out a/tell-c r1: hi
        out c/log r1: hi
        > in m2 a x
        out a/log r2: tell-c-hi x
        > in m2 r2 a x
        > trigger
        ",
    );
}

#[test]
fn each_slot_counts_its_revisions_withdrawals_included() {
    check(
        "
        > in m1 a x
        out a/log r1: x
        > in m2 a hush
        out a/log r2 withdrawn
        > in m3 a y
        > in m2 r2 -
        out a/log r3: x y
        > slots a
        out a/log r3: x y
        ",
    );
}

#[test]
fn outputs_are_sent_in_the_order_of_keys_and_slots() {
    check(
        "
        > in m1 c,a,b tell-a-hi
        out a/log r1: tell-a-hi hi hi hi
        out a/tell-a r1: hi
        out b/log r1: tell-a-hi
        out b/tell-a r1: hi
        out c/log r1: tell-a-hi
        out c/tell-a r1: hi
        ",
    );
}

#[test]
fn a_key_with_no_message_that_counts_has_no_outputs() {
    check(
        "
        > in m1 a tell-c-hi
        out a/log r1: tell-c-hi
        out a/tell-c r1: hi
        out c/log r1: hi
        > in m1 r2 -
        out a/log r2 withdrawn
        out a/tell-c r2 withdrawn
        out c/log r2 withdrawn
        > trigger
        > show a c
        a (0):
        c (0):
        ",
    );
}

#[test]
fn an_output_is_settled_when_its_receiver_has_the_last_revision() {
    check(
        "
        > in m1 a x
        out a/log r1: x
        > in m2 a y
        out a/log r2: x y
        > unsettled
        out a/log r2: x y
        > settle a/log 1
        > unsettled
        out a/log r2: x y
        > settle a/log 2
        > unsettled
        > settle a/none 1
        was never sent
        > in m3 a z
        out a/log r3: x y z
        > unsettled
        out a/log r3: x y z
        ",
    );
}

#[test]
fn what_is_not_settled_is_in_the_order_in_which_it_was_sent() {
    check(
        "
        > in m1 b x
        out b/log r1: x
        > in m2 a x
        out a/log r1: x
        > unsettled
        out b/log r1: x
        out a/log r1: x
        > in m3 b y
        out b/log r2: x y
        > restart
        > unsettled
        out a/log r1: x
        out b/log r2: x y
        ",
    );
}

#[test]
fn what_is_sent_again_is_as_it_was_and_not_settled() {
    check(
        "
        > in m1 a x
        out a/log r1: x
        > settle a/log 1
        > resend a/log a/none
        out a/log r1: x
        > unsettled
        out a/log r1: x
        > settle a/log 1
        > unsettled
        > plan resend a/log a/none
        keys 0
        out a/log r1: x
        unknown: output a/none
        ",
    );
}

#[test]
fn what_is_sent_to_other_keys_is_settled_at_once() {
    check(
        "
        > in m1 a tell-c-hi
        out a/log r1: tell-c-hi
        out a/tell-c r1: hi
        out c/log r1: hi
        > unsettled
        out a/log r1: tell-c-hi
        out c/log r1: hi
        > in m1 r2 a hush
        out a/log r2 withdrawn
        out a/tell-c r2 withdrawn
        out c/log r2 withdrawn
        > unsettled
        out a/log r2 withdrawn
        out c/log r2 withdrawn
        > in m1 r3 a tell-c-hi
        out a/log r3: tell-c-hi
        out a/tell-c r3: hi
        out c/log r3: hi
        > resend a/tell-c
        out a/tell-c r3: hi
        > unsettled
        out a/log r3: tell-c-hi
        out c/log r3: hi
        ",
    );
}

#[test]
fn a_commit_has_an_order() {
    check_with(
        Words::default(),
        Options { policy: Policy::Incremental, views: true, ..Options::default() },
        "
        > in m1 c,a x
        out a/log r1: x
        out c/log r1: x
        view a: x
        view c: x
        > in m2 b tell-a-boom
        quarantined a: boom
        out b/log r1: tell-a-boom
        out b/tell-a r1: boom
        view b: tell-a-boom
        > damage c default
        > scrub
        healed c: words total
        quarantined a: boom
        view b: tell-a-boom
        view c: x
        ",
    );
}
