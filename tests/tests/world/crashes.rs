//! Tests of crashes, and of the records that survive them.

use afresh_tests::payments::Mistake;

use crate::world::story::{check, check_with};

#[test]
fn what_was_synced_is_there_after_a_crash() {
    check(
        "
        pay 5
        ----
        app to bank: charge 5 for payment 1
        app: Ask(1) at 50 ms

        deliver app bank
        ----
        bank to app: payment 1 is charged

        crash bank
        crash bank
        ----
        impossible: this fault would change nothing

        restart bank
        show
        ----
        app: 1 of 5 is open
        bank: 1 of 5, 5 in all

        // What was on its way arrives all the same, and the timers of a node are gone with it.
        crash app
        on the way
        ----
        bank to app: payment 1 is charged

        deliver bank app
        ----
        impossible: the node has crashed, is paused, or waits for its storage

        restart app
        ----
        app to bank: charge 5 for payment 1
        app: Ask(1) at 50 ms

        deliver bank app
        restart bank
        ----
        impossible: this fault would change nothing
        ",
    );
}

/// A bank that answers before its records are durable forgets payments that it has reported to the app.
#[test]
fn what_was_not_synced_is_lost() {
    check_with(
        Mistake::AnswersFirst,
        "
        pay 5
        ----
        app to bank: charge 5 for payment 1
        app: Ask(1) at 50 ms

        deliver app bank
        ----
        bank to app: payment 1 is charged

        deliver bank app
        crash bank
        restart bank
        show
        ----
        app: 1 of 5
        bank: nothing, 0 in all
        ",
    );
}

/// Not all unsynced records need be lost: storage may already have written some of them, oldest first.
#[test]
fn some_of_what_was_not_synced_may_survive() {
    check_with(
        Mistake::AnswersFirst,
        r#"
        pay 5
        ----
        app to bank: charge 5 for payment 1
        app: Ask(1) at 50 ms

        pay 7
        ----
        app to bank: charge 7 for payment 2
        app: Ask(2) at 50 ms

        deliver app bank
        ----
        bank to app: payment 1 is charged

        deliver app bank
        ----
        bank to app: payment 2 is charged

        crash bank keep 3
        ----
        impossible: this fault would change nothing

        crash bank keep 1 torn
        restart bank
        show
        ----
        app: 1 of 5 is open, 2 of 7 is open
        bank: 1 of 5, 5 in all

        trace
        ----
        {"at":0,"in":{"id":"i-1","from":"outside","body":{"to":"app","input":{"amount":5}}}}
        {"at":0,"in":{"id":"i-2","from":"outside","body":{"to":"app","input":{"amount":7}}}}
        {"cause":1,"at":0,"deliver":{"ordinal":0,"from":"app","to":"bank","occurrence":0}}
        {"cause":2,"at":0,"deliver":{"ordinal":0,"from":"app","to":"bank","occurrence":1}}
        {"at":0,"fault":{"crash":{"node":"bank","kept":1,"torn":true}}}
        {"at":0,"fault":{"restart":{"node":"bank"}}}
        "#,
    );
}

/// A panic of a node ends the run. The event that the node panicked on is the last one.
#[test]
fn a_panic_is_no_crash() {
    check_with(
        Mistake::FallsOver,
        "
        pay 500
        ----
        app to bank: charge 500 for payment 1
        app: Ask(1) at 50 ms

        deliver app bank
        ----
        panics: cannot charge 500
        ",
    );
}
