//! Rules about flows and knobs.

use super::story::check;

#[test]
fn a_flow_covers_the_whole_history() {
    check(
        "
        > in m1 a x
        out a/log r1: x
        > migrate loud on a
        out a/log r2: X
        > in m2 a y
        out a/log r3: X Y
        > migrate loud off a
        out a/log r4: x y
        > migrate loud on
        out a/log r5: X Y
        ",
    );
}

#[test]
fn a_flow_is_on_for_keys_that_are_yet_to_come() {
    check(
        "
        > migrate loud on b
        > migrate other on
        > in m1 a,b x
        out a/log r1: x
        out b/log r1: X
        > migrate loud on
        out a/log r2: X
        > in m2 c y
        out c/log r1: Y
        ",
    );
}

#[test]
fn of_migrations_the_last_one_counts_for_all_keys_or_for_one() {
    check(
        "
        > in m1 a,b x
        out a/log r1: x
        out b/log r1: x
        > migrate loud on
        out a/log r2: X
        out b/log r2: X
        > migrate loud off a
        out a/log r3: x
        > migrate loud on
        out a/log r4: X
        > migrate loud off a
        out a/log r5: x
        > migrate loud off
        out b/log r3: x
        > in m2 a,b y
        out a/log r6: x y
        out b/log r4: x y
        ",
    );
}

#[test]
fn a_migration_reflows_what_it_affects_and_nothing_else() {
    check(
        "
        > in m1 a tell-c-hi
        out a/log r1: tell-c-hi
        out a/tell-c r1: hi
        out c/log r1: hi
        > in m2 b x
        out b/log r1: x
        > plan migrate loud on a
        keys 2
        out a/log r2: TELL-C-HI
        out a/tell-c r2 withdrawn
        out c/log r2 withdrawn
        > migrate loud on a
        out a/log r2: TELL-C-HI
        out a/tell-c r2 withdrawn
        out c/log r2 withdrawn
        > migrate loud on a
        ",
    );
}

#[test]
fn a_knob_on_what_is_healthy_does_nothing() {
    check(
        "
        > in m1 a tell-c-hi
        out a/log r1: tell-c-hi
        out a/tell-c r1: hi
        out c/log r1: hi
        > in m1 r2 a,b tell-c-ho
        out a/log r2: tell-c-ho
        out a/tell-c r2: ho
        out b/log r1: tell-c-ho
        out b/tell-c r1: ho
        out c/log r2: ho ho
        > trigger
        > scrub a
        > reflow m1
        ",
    );
}

#[test]
fn a_knob_that_names_what_is_not_there_says_so_in_its_plan() {
    check(
        "
        > in m1 a x
        out a/log r1: x
        > plan trigger b a
        keys 1
        unknown: key b
        > plan reflow m2 m1
        keys 1
        unknown: message m2 from bank
        > plan scrub
        keys 1
        > trigger b
        > reflow m2
        > resend b/log
        ",
    );
}

#[test]
fn a_rejected_message_is_taken_when_it_is_reflowed_under_code_that_takes_it() {
    check(
        "
        > in m1 a x @1
        out a/log r1: x
        > in m2 a,b bad @2
        rejected m2 r1: a bad word
        > in m3 a y @3
        out a/log r2: x y
        > plan reflow m2 m2
        keys 0
        rejected m2 r1: a bad word
        > reflow m2
        rejected m2 r1: a bad word
        > restart fixed
        > plan reflow m2 m2
        keys 2
        out a/log r3: x bad y
        out b/log r1: bad
        > show b
        b is not known
        > reflow m2
        out a/log r3: x bad y
        out b/log r1: bad
        > reflow m2
        ",
    );
}

#[test]
fn a_reflow_asks_again_about_every_revision_of_a_fact() {
    check(
        "
        > in m1 a x
        out a/log r1: x
        > in m1 r3 b bad
        rejected m1 r3: a bad word
        > in m1 r2 a y
        out a/log r2: y
        > restart fixed
        > show a b
        a (1): y
        b is not known
        > plan reflow m1
        keys 2
        out a/log r3 withdrawn
        out b/log r1: bad
        > reflow m1
        out a/log r3 withdrawn
        out b/log r1: bad
        ",
    );
}
