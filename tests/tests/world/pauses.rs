//! Tests of nodes that are paused.

use crate::world::story::check;

#[test]
fn what_is_for_a_paused_node_waits() {
    check(
        "
        pay 5
        ----
        app to bank: charge 5 for payment 1
        app: Ask(1) at 50 ms

        pause bank
        deliver app bank
        ----
        impossible: the node has crashed, is paused, or waits for its storage

        pause app
        wait 60
        ring app
        ----
        impossible: the node has crashed, is paused, or waits for its storage

        pay 7
        ----
        impossible: the node has crashed, is paused, or waits for its storage

        resume app
        ----

        // A timer of a node that was paused goes off late.
        ring app
        ----
        app to bank: charge 5 for payment 1
        app: Ask(1) at 110 ms

        resume bank
        deliver app bank
        ----
        bank to app: payment 1 is charged

        resume bank
        ----
        impossible: this fault would change nothing
        ",
    );
}
