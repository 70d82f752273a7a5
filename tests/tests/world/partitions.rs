//! Tests of links that are cut in one direction.

use crate::world::story::check;

#[test]
fn over_a_link_that_is_cut_nothing_arrives() {
    check(
        "
        pay 5
        ----
        app to bank: charge 5 for payment 1
        app: Ask(1) at 50 ms

        cut app bank
        deliver app bank
        ----
        impossible: the link is cut

        cut app bank
        ----
        impossible: this fault would change nothing

        heal app bank
        deliver app bank
        ----
        bank to app: payment 1 is charged

        heal app bank
        ----
        impossible: this fault would change nothing
        ",
    );
}

/// The bank receives messages, but its own do not arrive.
#[test]
fn the_other_direction_is_another_link() {
    check(
        "
        cut bank app
        pay 5
        ----
        app to bank: charge 5 for payment 1
        app: Ask(1) at 50 ms

        deliver app bank
        ----
        bank to app: payment 1 is charged

        deliver bank app
        ----
        impossible: the link is cut

        lose bank app
        cut bank nobody
        ----
        impossible: there is no such node
        ",
    );
}
