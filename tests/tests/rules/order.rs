//! Rules about the canonical order of a history.

use afresh::Loaded;
use afresh_core::{Event, EventNumber, Header, Message, Name, Options, Policy, Stimulus, What};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::story::{check, check_with};
use super::system::{Say, Words};

#[test]
fn positions_decide_and_ties_are_broken_by_sender_and_id() {
    check(
        "
        > in shop:m1 a s1 @5
        out a/log r1: s1
        > in bank:m2 a b2 @5
        out a/log r2: b2 s1
        > in bank:m1 a b1 @5
        out a/log r3: b1 b2 s1
        > in shop:m0 a first @-1
        out a/log r4: first b1 b2 s1
        ",
    );
}

#[test]
fn numbers_in_ids_and_senders_compare_as_numbers() {
    check(
        "
        > in m10 a ten @5
        out a/log r1: ten
        > in m9 a nine @5
        out a/log r2: nine ten
        > in m11 a eleven @5
        out a/log r3: nine ten eleven
        > in bank-10:m1 a b10 @5
        out a/log r4: nine ten eleven b10
        > in bank-9:m1 a b9 @5
        out a/log r5: nine ten eleven b9 b10
        ",
    );
}

#[test]
fn at_the_same_position_the_further_parts_decide() {
    check(
        "
        > in m1 a part-2 @5
        out a/log r1: part-2
        > in m2 a part-1.7 @5
        out a/log r2: part-1.7 part-2
        > in m3 a part-1 @5
        out a/log r3: part-1 part-1.7 part-2
        > in m4 a part-9 @4
        out a/log r4: part-9 part-1 part-1.7 part-2
        ",
    );
    // They come before the rule that a routed message is the last.
    check(
        "
        > in m1 a tell-c-hi @5
        out a/log r1: tell-c-hi
        out a/tell-c r1: hi
        out c/log r1: hi
        > in m2 c part-3 @5
        out c/log r2: hi part-3
        ",
    );
}

#[test]
fn the_checker_has_the_same_order() {
    let said = [("m10", "x"), ("m9", "y"), ("m011", "part-3"), ("m11", "part-1.2"), ("m1", "part-1"), ("m2", "z")];
    let events = said.iter().zip(1..).map(|((id, word), number)| {
        let body = Say { keys: vec!["a".into()], word: (*word).to_owned(), at: Some(1) };
        let what = What::Stimulus(Stimulus::In(Message::new("bank", *id, body)));
        Event { number: EventNumber::new(number).expect("it counts from 1"), cause: None, at: None, what }
    });
    let trace = Loaded::new(Header::complete("words"), events.collect());
    let report = afresh::check::check(&Words::default(), &trace, afresh::check::Options::default());
    assert_eq!(report.findings, []);
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(5), failure_persistence: None, ..Default::default() })]

    #[test]
    fn the_order_of_names_is_total(names in vec("[0129a-]{0,6}", 3)) {
        let [a, b, c] = [0, 1, 2].map(|place| Name::from(names[place].as_str()));
        prop_assert_eq!(a.natural_cmp(&b), b.natural_cmp(&a).reverse());
        prop_assert_eq!(a.natural_cmp(&b).is_eq(), a == b);
        if a.natural_cmp(&b).is_le() && b.natural_cmp(&c).is_le() {
            prop_assert!(a.natural_cmp(&c).is_le());
        }
    }

    #[test]
    fn numbers_in_names_order_as_numbers(prefix in "[a-z]{0,9}-", a: u64, b: u64, suffix in "[a-z]{0,2}") {
        let name = |number: u64| Name::from(format!("{prefix}{number}{suffix}"));
        prop_assert_eq!(name(a).natural_cmp(&name(b)), a.cmp(&b));
    }
}

#[test]
fn at_the_same_position_a_routed_message_comes_last() {
    // By name, the sender `a` of the routed message sorts before the sender `bank`.
    check(
        "
        > in m1 a tell-c-hi @5
        out a/log r1: tell-c-hi
        out a/tell-c r1: hi
        out c/log r1: hi
        > in m2 c x @5
        out c/log r2: x hi
        > in m3 c y @6
        out c/log r3: x hi y
        ",
    );
}

#[test]
fn without_positions_a_fact_has_the_place_of_its_first_revision() {
    check(
        "
        > in m1 a one
        out a/log r1: one
        > in m2 a bad
        rejected m2 r1: a bad word
        > in m3 r5 -
        > in m4 a four
        out a/log r2: one four
        > in m3 r6 a three
        out a/log r3: one three four
        > in m2 r2 a two
        out a/log r4: one two three four
        > in m1 r2 a uno
        out a/log r5: uno two three four
        ",
    );
}

#[test]
fn without_positions_a_routed_message_has_the_place_of_what_first_sent_it() {
    check(
        "
        > in m1 a tell-c-hi
        out a/log r1: tell-c-hi
        out a/tell-c r1: hi
        out c/log r1: hi
        > in m2 c x
        out c/log r2: hi x
        > in m3 a mute
        out a/log r2: tell-c-hi mute
        out a/tell-c r2 withdrawn
        out c/log r3: x
        > in m3 r2 -
        out a/log r3: tell-c-hi
        out a/tell-c r3: hi
        out c/log r4: hi x
        ",
    );
    // An output that the rounds of one stimulus made and took back was never sent, so it has no place yet.
    check(
        "
        > migrate loud on
        > in m1 b tell-c-hi
        out b/log r1: TELL-C-HI
        > in m2 a tell-b-mute
        out a/log r1: TELL-B-MUTE
        > migrate loud off
        out a/log r2: tell-b-mute
        out a/tell-b r1: mute
        out b/log r2: tell-c-hi mute
        > in m3 c x
        out c/log r1: x
        > plan migrate loud on a
        keys 3
        out a/log r3: TELL-B-MUTE
        out a/tell-b r2 withdrawn
        out b/log r3: tell-c-hi
        out b/tell-c r1: hi
        out c/log r2: x hi
        > in m2 r2 -
        out a/log r3 withdrawn
        out a/tell-b r2 withdrawn
        out b/log r3: tell-c-hi
        out b/tell-c r1: hi
        out c/log r2: x hi
        ",
    );
}

#[test]
fn late_input_is_folded_in_its_place() {
    check(
        "
        > in m1 a x @10
        out a/log r1: x
        > in m2 a y @30
        out a/log r2: x y
        > in m3 a z @20
        out a/log r3: x z y
        > in m1 r2 a x @40
        out a/log r4: z y x
        > in m3 r2 -
        out a/log r5: y x
        ",
    );
}

#[test]
fn late_input_is_folded_from_a_checkpoint_before_it() {
    let many =
        |range: std::ops::RangeInclusive<u32>| range.map(|n| format!("> in m{n} a w{n} @{n}0\n")).collect::<String>();
    let words = |range: std::ops::RangeInclusive<u32>| range.map(|n| format!(" w{n}")).collect::<String>();
    let story = format!(
        "> in m0 a hush @0\n{}> in late a LATE @1505\n> in m200 r2 -\n> in m300 r2 a early @1\n{}> scrub a\n> show a\n\
         a (500): hush early{} LATE{}{}{}\n",
        many(1..=400),
        many(401..=499),
        words(1..=150),
        words(151..=199),
        words(201..=299),
        words(301..=499),
    );
    for policy in [Policy::FirstPrinciples, Policy::Incremental, Policy::Unchecked] {
        check_with(Words::default(), Options { policy, ..Options::default() }, &story);
    }
}

#[test]
fn of_several_late_messages_the_first_decides_what_is_folded_again() {
    let words = |range: std::ops::RangeInclusive<u32>| range.map(|n| format!(" w{n}")).collect::<String>();
    let many = (1..=200).map(|n| format!("> in m{n} c w{n} @{n}0\n")).collect::<String>();
    let story = format!(
        "> migrate loud on a b\n> in m0 c hush @0\n{many}> in a1 a tell-c-LATE @1505\nout a/log r1: TELL-C-LATE\n\
         > in b1 b tell-c-EARLY @15\nout b/log r1: TELL-C-EARLY\n> migrate loud off a b\n\
         out a/log r2: tell-c-LATE\nout a/tell-c r1: LATE\nout b/log r2: tell-c-EARLY\nout b/tell-c r1: EARLY\n\
         > show c\nc (203): hush w1 EARLY{} LATE{}\n",
        words(2..=150),
        words(151..=200),
    );
    check(&story);
}
