//! The misdeeds that no system should do, for the tests of isolation, and a world of two nodes that do them.

use std::hint::black_box;
use std::io::Write;
use std::time::Duration;
use std::{io, process, thread};

use afresh::rng::Rng;
use afresh::world::{Cluster, Effects, Limits, Node, NodeId, Posting};
use afresh_core::Name;

/// The names of the misdeeds.
pub const DEEDS: [&str; 7] = ["abort", "exit", "flood", "hang", "memory", "nothing", "overflow"];

/// Does one of them.
pub fn misbehave(deed: &str) {
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

/// A node that passes each word on to the other node, which does the deed once it is open.
#[derive(Debug, Default)]
pub struct Teller {
    open: bool,
}

impl Node for Teller {
    type Input = String;
    type Message = String;
    type Timer = ();
    type Record = ();

    fn input(&mut self, word: String, effects: &mut Effects<Self>) {
        effects.send(NodeId::new(1), word);
    }

    fn message(&mut self, _: NodeId, word: String, _: &mut Effects<Self>) {
        if word == "open" {
            self.open = true;
        } else if self.open {
            misbehave(&word);
        }
    }
}

/// A world of two such nodes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hostiles;

impl Cluster for Hostiles {
    type Node = Teller;

    fn names(&self) -> Vec<Name> {
        vec!["teller".into(), "doer".into()]
    }

    fn node(&self, _: NodeId) -> Teller {
        Teller::default()
    }

    /// Generates a mostly harmless workload.
    fn workload(&self, rng: &mut Rng) -> Vec<Posting<Teller>> {
        let count = rng.between(0, 12);
        let mut tell = |_| {
            let word = ["nothing", "nothing", "nothing", "nothing", "open", "open", "abort", "hang"][rng.place(8)];
            (rng.between(0, 90_000_000), NodeId::new(0), word.to_owned())
        };
        (0..count).map(&mut tell).collect()
    }

    fn limits(&self) -> Limits {
        Limits { faults: 100_000_000, calm: 100_000_000, ..Limits::default() }
    }
}
