//! Rules about facts and their revisions.

use super::story::check;

#[test]
fn a_duplicate_changes_nothing() {
    check(
        "
        > in m1 a x
        out a/log r1: x
        > in m1 a x
        > show a
        a (1): x
        ",
    );
}

#[test]
fn a_fact_is_named_by_sender_and_id() {
    check(
        "
        > in bank:m1 a x
        out a/log r1: x
        > in shop:m1 a y
        out a/log r2: x y
        ",
    );
}

#[test]
fn a_conflict_is_rejected_and_never_counts() {
    check(
        "
        > in m1 a x
        out a/log r1: x
        > in m1 a y
        rejected m1 r1: conflict: event 1 has this revision with another body
        > in m1 r2 a z
        out a/log r2: z
        > in m1 a y
        rejected m1 r1: conflict: event 1 has this revision with another body
        > reflow m1
        ",
    );
    // A conflict does not replace a revision that was itself rejected, either.
    check(
        "
        > in m1 a bad
        rejected m1 r1: a bad word
        > in m1 a y
        rejected m1 r1: conflict: event 1 has this revision with another body
        > reflow m1
        rejected m1 r1: a bad word
        > show a
        a is not known
        ",
    );
}

#[test]
fn the_highest_revision_counts_in_whatever_order_they_come() {
    check(
        "
        > in m1 r2 a y
        out a/log r1: y
        > in m1 r1 a x
        > in m1 r4 a z
        out a/log r2: z
        > in m1 r3 b w
        > show a b
        a (1): z
        b is not known
        ",
    );
}

#[test]
fn a_rejected_revision_hides_no_other() {
    check(
        "
        > in m1 r1 a x
        out a/log r1: x
        > in m1 r3 a bad
        rejected m1 r3: a bad word
        > in m1 r2 a y
        out a/log r2: y
        > show a
        a (1): y
        ",
    );
}

#[test]
fn a_withdrawal_concerns_the_keys_of_what_it_withdraws() {
    check(
        "
        > in m1 a,b x
        out a/log r1: x
        out b/log r1: x
        > in m2 b y
        out b/log r2: x y
        > in m1 r2 -
        out a/log r2 withdrawn
        out b/log r3: y
        > in m1 r3 b z
        out b/log r4: z y
        ",
    );
}

#[test]
fn a_withdrawal_may_come_first() {
    check(
        "
        > in m1 r2 -
        > in m2 a y
        out a/log r1: y
        > in m1 r1 a x
        > show a
        a (1): y
        > in m1 r3 a z
        out a/log r2: z y
        ",
    );
}

#[test]
fn a_withdrawal_is_always_admitted() {
    check(
        "
        > in m1 a bad
        rejected m1 r1: a bad word
        > in m1 r2 -
        > in m2 a x
        out a/log r1: x
        > in m2 r3 a bad
        rejected m2 r3: a bad word
        > in m2 r2 -
        out a/log r2 withdrawn
        ",
    );
}

#[test]
fn a_revision_that_moves_a_fact_concerns_the_old_keys_and_the_new() {
    check(
        "
        > in m1 a,b x
        out a/log r1: x
        out b/log r1: x
        > in m1 r2 b,c y
        out a/log r2 withdrawn
        out b/log r2: y
        out c/log r1: y
        > show a b c
        a (0):
        b (1): y
        c (1): y
        ",
    );
}

#[test]
fn a_key_that_a_message_names_twice_folds_it_once() {
    check(
        "
        > in m1 a,a x
        out a/log r1: x
        > in m1 r2 a,b,a y
        out a/log r2: y
        out b/log r1: y
        > in m1 r3 -
        out a/log r3 withdrawn
        out b/log r2 withdrawn
        ",
    );
}

#[test]
fn a_rejected_message_is_journaled_and_counts_as_if_absent() {
    check(
        "
        > in m1 a bad
        rejected m1 r1: a bad word
        > in m1 a bad
        > show a
        a is not known
        > in m2 a x
        out a/log r1: x
        ",
    );
}

#[test]
fn a_body_on_which_the_code_panics_is_rejected() {
    check(
        "
        > in m1 a wild
        rejected m1 r1: panicked: no keys in wild
        > in m2 a lost
        rejected m2 r1: panicked: lost its place
        > in m3 a x
        out a/log r1: x
        > reflow m1 m2 m3
        rejected m1 r1: panicked: no keys in wild
        rejected m2 r1: panicked: lost its place
        > restart fixed
        > reflow m1 m2
        out a/log r2: wild lost x
        ",
    );
}
