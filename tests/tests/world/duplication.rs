//! Tests of duplicated messages.

use afresh_tests::payments::Mistake;

use crate::world::story::{check, check_with};

#[test]
fn a_message_may_arrive_twice() {
    check(
        "
        pay 5
        ----
        app to bank: charge 5 for payment 1
        app: Ask(1) at 50 ms

        double app bank
        ----
        app to bank: charge 5 for payment 1

        deliver app bank
        ----
        bank to app: payment 1 is charged

        deliver app bank
        ----
        bank to app: payment 1 is charged

        show
        ----
        app: 1 of 5 is open
        bank: 1 of 5, 5 in all
        ",
    );
}

/// Both copies have the same name, because the same event sent them.
#[test]
fn a_bank_that_charges_again_is_seen() {
    check_with(
        Mistake::ChargesAgain,
        r#"
        pay 5
        ----
        app to bank: charge 5 for payment 1
        app: Ask(1) at 50 ms

        double app bank
        ----
        app to bank: charge 5 for payment 1

        deliver app bank
        ----
        bank to app: payment 1 is charged

        lose app bank
        trace
        ----
        {"at":0,"in":{"id":"i-1","from":"outside","body":{"to":"app","input":{"amount":5}}}}
        {"cause":1,"at":0,"fault":{"duplicate":{"ordinal":0,"from":"app","to":"bank","occurrence":0}}}
        {"cause":1,"at":0,"deliver":{"ordinal":0,"from":"app","to":"bank","occurrence":0}}
        {"cause":1,"at":0,"drop":{"ordinal":0,"from":"app","to":"bank","occurrence":0}}
        "#,
    );
}
