//! Tests of lost messages.

use afresh_tests::payments::Mistake;

use crate::world::story::{check, check_with};

/// The app retries until it has an answer, so the loss of either message is harmless.
#[test]
fn what_is_lost_is_asked_for_again() {
    check(
        "
        pay 5
        ----
        app to bank: charge 5 for payment 1
        app: Ask(1) at 50 ms

        lose app bank
        ring app
        ----
        impossible: the timer is not due yet

        wait 50
        ring app
        ----
        app to bank: charge 5 for payment 1
        app: Ask(1) at 100 ms

        deliver app bank
        ----
        bank to app: payment 1 is charged

        lose bank app
        wait 50
        ring app
        ----
        app to bank: charge 5 for payment 1
        app: Ask(1) at 150 ms

        // The bank knows that it has charged this one.
        deliver app bank
        ----
        bank to app: payment 1 is charged

        deliver bank app
        show
        ----
        app: 1 of 5
        bank: 1 of 5, 5 in all
        ",
    );
}

/// A lost message is an event, as a delivered one is. Its cause is the event that sent it.
#[test]
fn a_trace_says_what_was_lost() {
    check_with(
        Mistake::AsksOnce,
        r#"
        pay 5
        ----
        app to bank: charge 5 for payment 1

        lose app bank
        deliver app bank
        ----
        there is none

        trace
        ----
        {"at":0,"in":{"id":"i-1","from":"outside","body":{"to":"app","input":{"amount":5}}}}
        {"cause":1,"at":0,"drop":{"ordinal":0,"from":"app","to":"bank","occurrence":0}}
        "#,
    );
}
