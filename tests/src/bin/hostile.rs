//! A system that does what no system should, for the tests of what survives it: it aborts, hangs, overflows its stack, exits,
//! eats memory and floods the terminal, as its messages say.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::io::Write;
use std::time::Duration;
use std::{io, process, thread};

use afresh::Workload;
use afresh::proptest::collection::vec;
use afresh::proptest::prelude::*;
use afresh_core::{Broken, Flows, Input, Key, Message, Slot, System};
use serde::{Deserialize, Serialize};

/// What a message can have done.
const DEEDS: [&str; 7] = ["abort", "exit", "flood", "hang", "memory", "nothing", "overflow"];

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

    fn keys(&self, _: &String) -> Vec<Key> {
        vec!["all".into()]
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

fn misbehave(deed: &str) {
    match deed {
        "abort" => process::abort(),
        "exit" => process::exit(7),
        "hang" => loop {
            thread::sleep(Duration::from_millis(5));
        },
        "overflow" => {
            black_box(deep(1));
        }
        "memory" => {
            let mut eaten = Vec::new();
            loop {
                eaten.push(black_box(vec![1_u8; 8 << 20]));
            }
        }
        "flood" => {
            let line = [b'x'; 1024];
            for _ in 0..2048 {
                io::stdout().write_all(&line).and_then(|()| io::stderr().write_all(&line)).unwrap_or_default();
            }
        }
        _ => {}
    }
}

#[expect(unconditional_recursion, reason = "that is what it is for")]
fn deep(depth: u64) -> u64 {
    let room = black_box([depth; 64]);
    deep(room[0] + 1) + room[63]
}

/// Mostly harmless.
fn messages() -> impl Strategy<Value = Vec<Message<String>>> {
    let words = || prop_oneof![8 => Just("ping"), 2 => Just("open"), 2 => Just("boom:abort"), 1 => Just("boom:hang")];
    vec(words(), 0..12).prop_map(|words| {
        let message = |(number, word): (usize, &str)| Message::new("x", format!("m-{number}"), word.to_owned());
        words.into_iter().enumerate().map(message).collect()
    })
}

afresh::main!("hostile" => Hostile; Workload::new(messages));
