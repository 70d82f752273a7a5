//! Rules about windows of a history.

use afresh_core::{Options, Policy};

use super::story::{check, check_with};
use super::system::Words;

fn check_window(story: &str) {
    for policy in [Policy::FirstPrinciples, Policy::Incremental] {
        check_with(Words::default(), Options { policy, complete: false, ..Options::default() }, story);
    }
}

#[test]
fn a_key_that_does_not_open_is_not_derivable() {
    check_window(
        "
        > in m1 a x
        > show a
        a is not derivable
        > scrub
        ",
    );
}

#[test]
fn a_key_learns_from_the_view_that_it_opens_with() {
    check_window(
        "
        > open a x,y 17
        out a/log r1: x y
        > in m1 a z
        out a/log r2: x y z
        > show a
        a (18): x y z
        > open b x ?
        out b/log r1: x
        > in m2 b y
        out b/log r2: x y
        > show b
        b (?): x y
        > open c ? 1
        > show c
        c is not derivable
        ",
    );
}

#[test]
fn a_key_learns_later_what_its_opening_left_unknown_and_only_that() {
    check_window(
        "
        > open a x ?
        out a/log r1: x
        > in m1 a y
        out a/log r2: x y
        > learn a x,y ?
        learns nothing
        > learn a z 7
        view a: z
        > show a
        a (7): x y
        > in m2 a z
        out a/log r3: x y z
        > learn a x,y,z 9
        learns nothing
        > show a
        a (8): x y z
        > in m1 r2 a w
        out a/log r4: x w z
        > show a
        a (?): x w z
        ",
    );
}

#[test]
fn a_key_that_does_not_open_learns_from_the_first_view() {
    check_window(
        "
        > in m1 a x
        > learn a ? 1
        learns nothing
        > learn a w,x 2
        view a: w x
        out a/log r1: w x
        > in m2 a y
        out a/log r2: w x y
        > trigger
        > scrub
        > show a
        a (3): w x y
        > learn b x 1
        view b: x
        out b/log r1: x
        > migrate loud on a
        out a/log r3: w x Y
        > restart
        > show a b
        a is not derivable
        b is not derivable
        ",
    );
}

#[test]
fn what_was_learned_goes_with_a_message_that_sorts_before_it() {
    check_window(
        "
        > open a x ? after 10
        out a/log r1: x
        > in m1 a y @20
        out a/log r2: x y
        > learn a x,y 7
        view a: x y
        > in m2 a z @30
        out a/log r3: x y z
        > show a
        a (8): x y z
        > in m3 a w @15
        out a/log r4: x w y z
        > show a
        a (?): x w y z
        ",
    );
}

#[test]
fn a_complete_history_learns_nothing() {
    check(
        "
        > in m1 a x
        out a/log r1: x
        > learn a x 7
        learns nothing
        ",
    );
}

#[test]
fn a_key_opens_once() {
    check_window(
        "
        > open a x 1
        out a/log r1: x
        > open a y 2
        rejected: the key is open already
        > show a
        a (1): x
        > open b ? 2
        > open b y 2
        rejected: the key is open already
        ",
    );
}

#[test]
fn a_message_that_sorts_before_the_opening_makes_its_key_not_derivable() {
    check_window(
        "
        > open a x 1 after 10
        out a/log r1: x
        > in m1 a y @11
        out a/log r2: x y
        > in m2 a z @10
        > show a
        a is not derivable
        > slots a
        out a/log r2: x y
        > in m3 a w @12
        > in m2 r2 -
        out a/log r3: x y w
        ",
    );
}

#[test]
fn without_positions_a_message_before_the_opening_is_one_that_came_before_it() {
    check_window(
        "
        > in m1 a y
        > open a x 1
        > show a
        a is not derivable
        > open b x 1
        out b/log r1: x
        > in m1 r2 b z
        out a/log r1: x
        > show a b
        a (1): x
        b is not derivable
        ",
    );
}

#[test]
fn an_opening_brings_a_key_back() {
    check(
        "
        > in m1 a boom @5
        quarantined a: boom
        > in m1 r2 -
        > open a x 1 after 1
        out a/log r1: x
        > show a
        a (1): x
        ",
    );
}
