//! A system that does what no system should, for the tests of what survives it: it aborts, hangs, overflows its stack, exits,
//! eats memory and floods the terminal, as its messages say. And a world of two nodes that do.

use std::collections::BTreeMap;

use afresh::Workload;
use afresh::proptest::collection::vec;
use afresh::proptest::prelude::*;
use afresh_core::{Broken, Flows, Input, Key, Message, Slot, System};
use afresh_tests::hostile::{DEEDS, Hostiles, misbehave};
use serde::{Deserialize, Serialize};

/// Messages are words: `open`, `guard`, `reverse:nothing`. `reverse:abort` and `boom:abort` abort as well, where they come after
/// `open` and not after `guard`; so does any other deed.
#[derive(Clone)]
struct Hostile;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct State {
    open: bool,
    guard: bool,
    /// A bug like any other: an invariant says that it is never true.
    reversed: bool,
}

impl System for Hostile {
    type In = String;
    type Out = u64;
    type State = State;
    type View = State;

    fn keys(&self, _: &String) -> impl IntoIterator<Item = Key> {
        ["all".into()]
    }

    fn apply(&self, _: &Key, state: &mut State, input: Input<'_, String>, _: &Flows) {
        let (word, deed) = input.body.split_once(':').unwrap_or((input.body, ""));
        match word {
            "open" => state.open = true,
            "guard" => state.guard = true,
            "reverse" if state.open && DEEDS.contains(&deed) => state.reversed = true,
            _ => {}
        }
        if state.open && !state.guard {
            misbehave(deed);
        }
    }

    fn view(&self, _: &Key, state: &State) -> State {
        state.clone()
    }

    fn outputs(&self, _: &Key, _: &State, _: &Flows) -> BTreeMap<Slot, u64> {
        BTreeMap::new()
    }

    fn invariants(&self, _: &Key, state: &State) -> Vec<Broken> {
        let broken = Broken { invariant: "never-reversed", found: "it is".to_owned() };
        if state.reversed { vec![broken] } else { Vec::new() }
    }
}

/// Mostly harmless.
fn messages() -> impl Strategy<Value = Vec<Message<String>>> {
    let words = || prop_oneof![8 => Just("ping"), 2 => Just("open"), 2 => Just("boom:abort"), 1 => Just("boom:hang")];
    vec(words(), 0..12).prop_map(|words| {
        let message = |(number, word): (usize, &str)| Message::new("x", format!("m-{number}"), word.to_owned());
        words.into_iter().enumerate().map(message).collect()
    })
}

afresh::main!(world "hostiles" => Hostiles; "hostile" => Hostile; Workload::new(messages));
