//! Tests of reordered messages.

use crate::world::story::check;

#[test]
fn a_message_may_arrive_before_those_that_were_sent_first() {
    check(
        r#"
        pay 5
        ----
        app to bank: charge 5 for payment 1
        app: Ask(1) at 50 ms

        pay 7
        ----
        app to bank: charge 7 for payment 2
        app: Ask(2) at 50 ms

        deliver last app bank
        ----
        bank to app: payment 2 is charged

        deliver app bank
        ----
        bank to app: payment 1 is charged

        show
        ----
        app: 1 of 5 is open, 2 of 7 is open
        bank: 1 of 5, 2 of 7, 12 in all

        // The cause names the message. If the cause is gone, it is found as the second message between the two
        // nodes.
        trace
        ----
        {"at":0,"in":{"id":"i-1","from":"outside","body":{"to":"app","input":{"amount":5}}}}
        {"at":0,"in":{"id":"i-2","from":"outside","body":{"to":"app","input":{"amount":7}}}}
        {"cause":2,"at":0,"deliver":{"ordinal":0,"from":"app","to":"bank","occurrence":1}}
        {"cause":1,"at":0,"deliver":{"ordinal":0,"from":"app","to":"bank","occurrence":0}}
        "#,
    );
}
