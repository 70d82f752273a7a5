//! Tests of storage that fails, is full or is slow.

use crate::world::story::check;

/// The app refuses a payment that it cannot write down. The bank does not answer for one, and the app retries.
#[test]
fn nothing_can_be_written_where_storage_is_full() {
    check(
        "
        disk app full
        pay 5
        show
        ----
        app: nothing
        bank: nothing, 0 in all

        disk app mended
        pay 5
        ----
        app to bank: charge 5 for payment 1
        app: Ask(1) at 50 ms

        disk bank full
        deliver app bank
        show
        ----
        app: 1 of 5 is open
        bank: nothing, 0 in all
        ",
    );
}

/// If storage fails, a record may or may not survive a crash. Here it survives.
#[test]
fn what_was_written_may_survive_storage_that_fails() {
    check(
        "
        pay 5
        ----
        app to bank: charge 5 for payment 1
        app: Ask(1) at 50 ms

        disk bank fail
        deliver app bank
        show
        ----
        app: 1 of 5 is open
        bank: nothing, 0 in all

        crash bank keep 1
        restart bank
        show
        ----
        app: 1 of 5 is open
        bank: 1 of 5, 5 in all

        disk bank fail
        ----
        impossible: this fault would change nothing

        disk bank mended
        wait 50
        ring app
        ----
        app to bank: charge 5 for payment 1
        app: Ask(1) at 100 ms

        deliver app bank
        ----
        bank to app: payment 1 is charged
        ",
    );
}

/// On slow storage a node waits for its sync. Its later effects are held back, so the answer never arrives before the
/// record is durable.
#[test]
fn nothing_follows_a_sync_before_it_is_done() {
    check(
        r#"
        pay 5
        ----
        app to bank: charge 5 for payment 1
        app: Ask(1) at 50 ms

        disk bank slow
        deliver app bank
        on the way
        ----
        app: Ask(1) at 50 ms

        pause app
        wait 30
        disk bank synced
        ----
        bank to app: payment 1 is charged

        disk bank synced
        ----
        impossible: this fault would change nothing

        // The answer is what the end of the sync has sent.
        lose bank app
        trace
        ----
        {"at":0,"in":{"id":"i-1","from":"outside","body":{"to":"app","input":{"amount":5}}}}
        {"at":0,"fault":{"storage":{"node":"bank","how":"slow"}}}
        {"cause":1,"at":0,"deliver":{"ordinal":0,"from":"app","to":"bank","occurrence":0}}
        {"at":0,"fault":{"pause":{"node":"app"}}}
        {"at":30,"fault":{"storage":{"node":"bank","how":"synced"}}}
        {"cause":5,"at":30,"drop":{"ordinal":0,"from":"bank","to":"app","occurrence":0}}
        "#,
    );
}

/// A crash during the wait loses both the record and the answer.
#[test]
fn a_crash_before_the_sync_is_done_loses_both() {
    check(
        "
        pay 5
        ----
        app to bank: charge 5 for payment 1
        app: Ask(1) at 50 ms

        disk bank slow
        deliver app bank
        crash bank torn
        restart bank
        show
        ----
        app: 1 of 5 is open
        bank: nothing, 0 in all

        on the way
        ----
        app: Ask(1) at 50 ms
        ",
    );
}
