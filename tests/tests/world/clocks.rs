//! Tests of clocks that are wrong.

use crate::world::story::check;

/// A node knows the time only from its clock, but timers follow the time that passes.
#[test]
fn a_clock_jumps_and_timers_do_not() {
    check(
        r#"
        wait 10
        pay 5
        ----
        app to bank: charge 5 for payment 1
        app: Ask(1) at 60 ms

        skew app 100
        clock app
        ----
        110 ms

        clock bank
        ----
        10 ms

        ring app
        ----
        impossible: the timer is not due yet

        skew app -120
        clock app
        ----
        -10 ms

        trace
        ----
        {"at":10,"in":{"id":"i-1","from":"outside","body":{"to":"app","input":{"amount":5}}}}
        {"at":10,"fault":{"skew":{"node":"app","nanoseconds":100000000}}}
        {"at":10,"fault":{"skew":{"node":"app","nanoseconds":-120000000}}}
        "#,
    );
}
