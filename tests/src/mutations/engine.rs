//! Mutations of the way of a message through the engine: received, computed, committed.

use super::{Mutation, noticed, unnoticed};

const JOURNAL: &str = "core/src/journal.rs";
const RECEIVE: &str = "core/src/receive.rs";
const ROUNDS: &str = "core/src/rounds.rs";
const COMMIT: &str = "core/src/commit.rs";
const ENGINE: &str = "core/src/engine.rs";
const KEYS: &str = "core/src/keys.rs";

pub(super) const ALL: &[Mutation] = &[
    noticed(
        JOURNAL,
        "a conflict counts as a duplicate",
        "let equal = self.message(same).body == message.body;",
        "let equal = true;",
    ),
    noticed(
        JOURNAL,
        "the last revision counts after a restart, not the highest",
        "admitted.max_by_key(|number| self.message(*number).revision)",
        "admitted.last()",
    ),
    noticed(
        RECEIVE,
        "a stale revision counts",
        ".filter(|counting| self.journal.message(*counting).revision > revision)",
        ".filter(|counting| self.journal.message(*counting).revision < revision)",
    ),
    noticed(
        RECEIVE,
        "a revised message moves to its last arrival",
        "let arrival = i64::from(self.journal.first(fact).get());",
        "let arrival = i64::from(number.get());",
    ),
    unnoticed(
        KEYS,
        "a message does not reach the second of its keys",
        "Self::Many([first, second].into_iter().chain(keys).collect())",
        "Self::Many([first].into_iter().chain(keys.filter(|key| *key != second)).collect())",
        "each message of the example systems concerns one key.",
    ),
    noticed(
        ROUNDS,
        "a message that moves to another key stays with the old one",
        "if !old[..place].contains(key) && !keys.contains(key) {",
        "if place > keys.len() && !keys.contains(key) {",
    ),
    unnoticed(
        ROUNDS,
        "an output that a later round takes back is sent",
        "if !outputs.contains_key(&slot) {",
        "if false {",
        "no simulated run of the examples gets there, and one trace gets there once, without an effect.",
    ),
    noticed(
        ROUNDS,
        "a key does not note that it sends messages to other keys",
        "self.cells[number].routes |= !outcome.routed.is_empty();",
        "self.cells[number].routes = !outcome.routed.is_empty();",
    ),
    noticed(
        COMMIT,
        "the first round that wants a slot decides, not the last",
        "                mem::swap(later, earlier);",
        "",
    ),
    noticed(
        COMMIT,
        "a withdrawal goes to nobody",
        "Some(last) if self.body.is_none() => last.to.clone(),",
        "Some(_) if self.body.is_none() => Default::default(),",
    ),
    noticed(
        ENGINE,
        "the settlement of an old revision settles the new one",
        "if self.journal.sent(sending.event).revision == revision {",
        "if self.journal.sent(sending.event).revision >= revision {",
    ),
];
