//! A system that misbehaves as its messages say, for the tests of isolation. It aborts, hangs, overflows its stack,
//! exits, uses up memory, or floods the terminal. The binary also has a world of two such nodes, and one
//! that depends on the order of a hash set.

use std::collections::BTreeMap;

use afresh::Workload;
use afresh::proptest::collection::vec;
use afresh::proptest::prelude::*;
use afresh_core::{Flows, Input, Key, Message, Slot, System, Violation};
use afresh_tests::hashed::Hashed;
use afresh_tests::hostile::{DEEDS, Hostiles, misbehave};
use serde::{Deserialize, Serialize};

/// A system that misbehaves when its messages say so.
///
/// A message is a word, or `word:deed` with one of [`DEEDS`]. `reverse` breaks an invariant. The deed, such as `abort`,
/// is done if the message comes after `open` and no `guard` came before it.
#[derive(Clone)]
struct Hostile;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct State {
    open: bool,
    guard: bool,
    /// An ordinary bug: an invariant says that this is never true.
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

    fn invariants(&self, _: &Key, state: &State) -> Vec<Violation> {
        if state.reversed { vec![Violation::new("never-reversed", "it is")] } else { Vec::new() }
    }
}

/// Generates mostly harmless messages.
fn messages() -> impl Strategy<Value = Vec<Message<String>>> {
    let words = || prop_oneof![8 => Just("ping"), 2 => Just("open"), 2 => Just("boom:abort"), 1 => Just("boom:hang")];
    vec(words(), 0..12).prop_map(|words| {
        let message = |(number, word): (usize, &str)| Message::new("x", format!("m-{number}"), word.to_owned());
        words.into_iter().enumerate().map(message).collect()
    })
}

afresh::main!(
    world "hostiles" => Hostiles,
    world "hash" => Hashed { strict: true },
    world "hash+lax" => Hashed { strict: false };
    "hostile" => Hostile;
    Workload::new(messages)
);

pub(super) fn run() -> std::process::ExitCode {
    main()
}
