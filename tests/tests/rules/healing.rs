//! Rules about policies and the healing of damage.

use afresh_core::{Options, Policy};

use super::story::{check_in, check_with};
use super::system::Words;

#[test]
fn under_first_principles_the_next_update_heals() {
    check_in(
        Policy::FirstPrinciples,
        "
        > in m1 a x
        out a/log r1: x
        > in m2 a y
        out a/log r2: x y
        > damage a default
        > show a
        a (0):
        > in m3 a z
        out a/log r3: x y z
        > damage a index
        > in m4 a w
        healed a: index
        out a/log r4: x y z w
        ",
    );
}

#[test]
fn under_incremental_an_update_does_not_heal() {
    for (damage, carried) in [("stale 1", "x z"), ("missing 1", "y z")] {
        check_in(
            Policy::Incremental,
            &format!(
                "
                > in m1 a x
                out a/log r1: x
                > in m2 a y
                out a/log r2: x y
                > damage a {damage}
                > in m3 a z
                out a/log r3: {carried}
                > scrub a
                healed a: words total
                out a/log r4: x y z
                "
            ),
        );
    }
}

#[test]
fn one_field_is_healed_alone() {
    check_in(
        Policy::Incremental,
        "
        > in m1 a x
        out a/log r1: x
        > damage a field 1
        > in m2 a y
        out a/log r2: x y
        > show a
        a (4): x y
        > scrub a
        healed a: total
        > show a
        a (2): x y
        ",
    );
}

#[test]
fn what_there_is_not_cannot_be_missing() {
    check_in(
        Policy::Incremental,
        "
        > in m1 a x
        out a/log r1: x
        > damage a missing 7
        > in m2 a y
        out a/log r2: x y
        > scrub a
        ",
    );
}

#[test]
fn scrub_trigger_reflow_and_migration_heal() {
    for knob in ["scrub", "trigger", "scrub a", "trigger a", "reflow m1"] {
        check_in(
            Policy::Incremental,
            &format!(
                "
                > in m1 a x
                out a/log r1: x
                > in m2 b y
                out b/log r1: y
                > damage a other b
                > in m3 a z
                out a/log r2: y z
                > plan {knob}
                keys {}
                healed a: words
                out a/log r3: x z
                > {knob}
                healed a: words
                out a/log r3: x z
                ",
                if matches!(knob, "scrub" | "trigger") { 2 } else { 1 },
            ),
        );
    }
    check_in(
        Policy::Incremental,
        "
        > in m1 a x
        out a/log r1: x
        > damage a default
        > migrate loud on a
        healed a: words total
        out a/log r2: X
        ",
    );
}

#[test]
fn checkpoints_are_checked_and_never_trusted() {
    let many =
        |range: std::ops::RangeInclusive<u32>| range.map(|n| format!("> in m{n} a w{n} @{n}0\n")).collect::<String>();
    let words = |range: std::ops::RangeInclusive<u32>| range.map(|n| format!(" w{n}")).collect::<String>();
    // A late word is folded from a damaged checkpoint, and the state is wrong until a scrub folds from the first
    // message.
    let story = format!(
        "> in m0 a hush @0\n{}> in hush a hush @5000\n> damage a checkpoints\n> in late a LATE @3995\n> scrub a\n\
         healed a: checkpoint words total\n> scrub a\n> show a\na (403): hush{} LATE w400 hush\n",
        many(1..=400),
        words(1..=399),
    );
    check_in(Policy::Incremental, &story);
    // A damaged checkpoint is found even if it was never used.
    let story = format!(
        "> in m0 a hush @0\n{}> damage a checkpoints\n> trigger a\nhealed a: checkpoint\n> in late a LATE @3995\n\
         > show a\na (402): hush{} LATE w400\n",
        many(1..=400),
        words(1..=399),
    );
    check_in(Policy::Incremental, &story);
}

/// Two keys send late words at the same time. The first checkpoint holds about 128 messages, and whichever of them one
/// late word comes before, while the other comes later, both words are in the state once.
#[test]
fn a_late_word_is_not_folded_from_a_checkpoint_behind_it() {
    let many = (1..=140).map(|n| format!("> in m{n} a w{n} @{n}0\n")).collect::<String>();
    let words = |range: std::ops::RangeInclusive<u32>| range.map(|n| format!(" w{n}")).collect::<String>();
    for (before, early, late) in (124..=131).flat_map(|before| [(before, "x", "y"), (before, "y", "x")]) {
        let (at, first, rest) = (before - 1, words(1..=before - 1), words(before..=139));
        let sent = |key: &str| if key == early { "EARLY" } else { "LATE" };
        let (x, y) = (sent("x"), sent("y"));
        check_in(
            Policy::Incremental,
            &format!(
                "> in m0 a hush @0\n{many}\
                 > in q x,y mute @1\nout x/log r1: mute\nout y/log r1: mute\n\
                 > in e {early} tell-a-EARLY @{at}5\nout {early}/log r2: mute tell-a-EARLY\n\
                 > in l {late} tell-a-LATE @1395\nout {late}/log r2: mute tell-a-LATE\n\
                 > in q r2 -\nout x/log r3: tell-a-{x}\nout x/tell-a r1: {x}\n\
                 out y/log r3: tell-a-{y}\nout y/tell-a r1: {y}\n\
                 > show a\na (143): hush{first} EARLY{rest} LATE w140\n"
            ),
        );
    }
}

#[test]
fn an_index_is_built_anew_from_the_journal() {
    check_in(
        Policy::Incremental,
        "
        > in m1 a x
        out a/log r1: x
        > in m2 a y
        out a/log r2: x y
        > damage a index
        > in m2 r2 -
        out a/log r3: x
        > damage a index
        > in m3 a z
        out a/log r4: x z
        > in m3 r2 a w
        out a/log r5: w
        > scrub a
        healed a: index words total
        out a/log r6: x w
        ",
    );
}

#[test]
fn a_key_that_has_lost_its_only_message_is_still_one_of_all() {
    check_in(
        Policy::Incremental,
        "
        > in m1 a hush
        > damage a index
        > show a
        a (1): hush
        > scrub
        healed a: index
        > show a
        a (1): hush
        > damage a index
        > in m1 r2 -
        > show a
        a is not known
        ",
    );
}

#[test]
fn what_no_view_shows_is_healed_too() {
    check_in(
        Policy::Incremental,
        "
        > in m1 a x @1
        out a/log r1: x
        > in m2 b x @2
        out b/log r1: x
        > damage a other b
        > scrub
        healed a: state
        ",
    );
}

#[test]
fn a_state_that_cannot_even_be_shown_is_healed() {
    check_in(
        Policy::Incremental,
        "
        > in m1 a x
        out a/log r1: x
        > in m2 b ugly
        out b/log r1: ugly
        > damage a other b
        > plan trigger a
        keys 1
        healed a: state
        > trigger a
        healed a: state
        > show a
        a (1): x
        ",
    );
}

#[test]
fn what_was_routed_from_a_damaged_state_is_put_right() {
    check_in(
        Policy::Incremental,
        "
        > in m1 a tell-c-hi
        out a/log r1: tell-c-hi
        out a/tell-c r1: hi
        out c/log r1: hi
        > damage a default
        > in m2 a y
        out a/log r2: y
        out a/tell-c r2 withdrawn
        out c/log r2 withdrawn
        > scrub
        healed a: words total
        out a/log r3: tell-c-hi y
        out a/tell-c r3: hi
        out c/log r3: hi
        ",
    );
}

#[test]
fn unchecked_never_looks_back() {
    check_in(
        Policy::Unchecked,
        "
        > in m1 a x
        out a/log r1: x
        > damage a default
        > scrub
        out a/log r2:
        > in m2 a y
        out a/log r3: y
        > trigger
        > reflow m1
        > show a
        a (1): y
        > restart
        > show a
        a (2): x y
        > trigger
        out a/log r4: x y
        ",
    );
}

#[test]
fn a_bug_in_update_is_healed_as_damage_is() {
    let careless = Words { careless: true, ..Words::default() };
    let options = Options { policy: Policy::Incremental, ..Options::default() };
    check_with(
        careless,
        options,
        "
        > in m1 a x @1
        out a/log r1: x
        > in m2 a z @3
        out a/log r2: x z
        > in m3 a y @2
        out a/log r3: x z y
        > scrub
        healed a: words
        out a/log r4: x y z
        ",
    );
    check_with(
        careless,
        Options::default(),
        "
        > in m1 a x @1
        out a/log r1: x
        > in m2 a z @3
        out a/log r2: x z
        > in m3 a y @2
        out a/log r3: x y z
        ",
    );
}

#[test]
fn damage_damages_caches_alone() {
    for damage in ["default", "stale 1", "missing 0", "missing 1", "field 0", "other b", "checkpoints", "index"] {
        let story = format!(
            "
            > in m1 a x
            out a/log r1: x
            > in m2 b y
            out b/log r1: y
            > in m3 a z
            out a/log r2: x z
            > damage a {damage}
            > slots a
            out a/log r2: x z
            > restart
            > scrub
            > show a b
            a (2): x z
            b (1): y
            "
        );
        check_in(Policy::Incremental, &story);
        check_in(Policy::FirstPrinciples, &story);
    }
    // A key without a state has nothing to damage.
    check_in(
        Policy::Incremental,
        "
        > in m1 a boom
        quarantined a: boom
        > in m2 a x
        > damage a stale 1
        > damage a default
        > damage b stale 1
        > show a b
        a quarantined: boom
        b is not known
        ",
    );
}

#[test]
fn an_index_that_is_built_anew_holds_what_was_just_sent_once() {
    // Healing `a` sends `b` a message, and the index of `b` is rebuilt before the message reaches it.
    check_in(
        Policy::Incremental,
        "
        > in m1 a tell-b-x
        out a/log r1: tell-b-x
        out a/tell-b r1: x
        out b/log r1: x
        > damage a default
        > in m2 a y
        out a/log r2: y
        out a/tell-b r2 withdrawn
        out b/log r2 withdrawn
        > in m3 b z
        out b/log r3: z
        > damage b index
        > scrub
        healed a: words total
        healed b: index words total
        out a/log r3: tell-b-x y
        out a/tell-b r3: x
        out b/log r4: x z
        > show a b
        a (2): tell-b-x y
        b (2): x z
        > scrub
        ",
    );
}
