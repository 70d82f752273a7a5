//! Mutations of the way of a message through the engine: received, computed, committed.

use super::{Mutation, noticed};

const JOURNAL: &str = "core/src/journal.rs";
const RECEIVE: &str = "core/src/receive.rs";
const ROUNDS: &str = "core/src/rounds.rs";
const COMMIT: &str = "core/src/commit.rs";
const OUTBOX: &str = "core/src/outbox.rs";
const ENGINE: &str = "core/src/engine.rs";
const KEYS: &str = "core/src/keys.rs";
const INDEX: &str = "core/src/index.rs";

pub(super) const ALL: &[Mutation] = &[
    noticed(
        JOURNAL,
        "a conflict counts as a duplicate",
        "let equal = self.message(*same).body == message.body;",
        "let equal = true;",
    ),
    noticed(
        JOURNAL,
        "the last revision counts after a restart, not the highest",
        "admitted.max_by_key(|number| self.message(*number).revision)",
        "admitted.last()",
    ),
    noticed(
        JOURNAL,
        "a reflow does not admit rejected messages again",
        "            self.rejected.remove(&revision);",
        "            let _ = revision;",
    ),
    noticed(
        RECEIVE,
        "a stale revision counts",
        ".filter(|counting| self.journal.message(*counting).revision > revision)",
        ".filter(|counting| self.journal.message(*counting).revision < revision)",
    ),
    noticed(
        RECEIVE,
        "a rejected message is not marked as rejected",
        "                self.journal.reject(number);",
        "",
    ),
    noticed(
        RECEIVE,
        "a revised message moves to its last arrival",
        "let arrival = i64::from(self.journal.first(fact).get());",
        "let arrival = i64::from(number.get());",
    ),
    noticed(
        RECEIVE,
        "a second opening of a key counts",
        "if self.cells[cell].opening.is_some() {",
        "if false {",
    ),
    noticed(
        KEYS,
        "a message does not reach the second of its keys",
        "Self::Many([first, second].into_iter().chain(keys).collect())",
        "Self::Many([first].into_iter().chain(keys.filter(|key| *key != second)).collect())",
    ),
    noticed(INDEX, "the index of names does not grow", "        self.used += 1;", ""),
    noticed(
        ROUNDS,
        "a revision is added, and its predecessor stays",
        "let remove = before.filter(|_| old.contains(key));",
        "let remove = before.filter(|_| false);",
    ),
    noticed(
        ROUNDS,
        "a message that moves to another key stays with the old one",
        "if !old[..place].contains(key) && !keys.contains(key) {",
        "if place > keys.len() && !keys.contains(key) {",
    ),
    noticed(
        ROUNDS,
        "an output that is no longer called for is not withdrawn",
        "if !outputs.contains_key(slot) {",
        "if false {",
    ),
    noticed(
        ROUNDS,
        "an output that a later round takes back is sent",
        "if !outputs.contains_key(&slot) {",
        "if false {",
    ),
    noticed(
        ROUNDS,
        "a message between keys that is taken back stays",
        "if body.is_none() && !was_routed && !again {",
        "if body.is_none() {",
    ),
    noticed(
        ROUNDS,
        "a key does not note that it sends messages to other keys",
        "self.cells[number].routes |= !outcome.routed.is_empty();",
        "self.cells[number].routes = !outcome.routed.is_empty();",
    ),
    noticed(
        ROUNDS,
        "a plan leaves the states that it computed",
        "before.push((number, cell.clone()));",
        "let _ = before;",
    ),
    noticed(
        COMMIT,
        "an output is sent again although it is the same",
        "Some(last) => (last.body != *wanted).then(|| last.revision + 1),",
        "Some(last) => Some(last.revision + 1),",
    ),
    noticed(
        COMMIT,
        "an output keeps its revision when its body changes",
        "Some(last) => (last.body != *wanted).then(|| last.revision + 1),",
        "Some(last) => (last.body != *wanted).then_some(last.revision),",
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
        COMMIT,
        "the withdrawal of a message between keys is not settled",
        "before.is_some_and(|before| before.routed)",
        "before.is_some_and(|_| false)",
    ),
    noticed(
        OUTBOX,
        "a message between keys is not settled",
        "Self { event, settled: routed, routed }",
        "Self { event, settled: false, routed }",
    ),
    noticed(
        ENGINE,
        "the settlement of an old revision settles the new one",
        "if self.journal.sent(sending.event).revision == revision {",
        "if self.journal.sent(sending.event).revision >= revision {",
    ),
];
