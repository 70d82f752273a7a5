//! Mutations of the parts of the engine that keep the messages and the state of one key.

use super::{Mutation, noticed, unnoticed};

const CELL: &str = "core/src/cell.rs";
const FOLD: &str = "core/src/fold.rs";
const HISTORY: &str = "core/src/history.rs";
const NAME: &str = "core/src/name.rs";

pub(super) const ALL: &[Mutation] = &[
    noticed(
        CELL,
        "a revision of the newest message is added to it",
        "let newest = removed.is_none() && last;",
        "let newest = last;",
    ),
    noticed(
        CELL,
        "a late message is applied as if it were the newest",
        "let newest = removed.is_none() && last;",
        "let newest = removed.is_none();",
    ),
    noticed(
        CELL,
        "a message that moves in its history counts as revised in place",
        "in_place: removed == added,",
        "in_place: true,",
    ),
    noticed(
        CELL,
        "a late message does not make the views after it forgotten",
        "let unlearned = self.unlearn(if unsure { 0 } else { first });",
        "let (unlearned, _) = (false, unsure);",
    ),
    noticed(
        CELL,
        "the checkpoints after a late message stay",
        "let kept = self.checkpoints.partition_point(|checkpoint| checkpoint.length <= step.first);",
        "let kept = self.checkpoints.len();",
    ),
    noticed(
        CELL,
        "a fold skips the first message after its checkpoint",
        "self.apply(context, &mut state, checkpoint.length, self.history.len());",
        "self.apply(context, &mut state, checkpoint.length + 1, self.history.len());",
    ),
    unnoticed(
        CELL,
        "a fold from a late message keeps one checkpoint too many",
        "partition_point(|checkpoint| checkpoint.length <= first)",
        "partition_point(|checkpoint| checkpoint.length <= first + 1)",
        "it takes two late messages in one batch, the later one just before a checkpoint; a test of a healing does that.",
    ),
    noticed(
        CELL,
        "a migration keeps the checkpoints",
        "pub(crate) fn refold(&mut self, context: &Context<'_, S>) {\n        self.checkpoints.clear();",
        "pub(crate) fn refold(&mut self, context: &Context<'_, S>) {",
    ),
    noticed(
        CELL,
        "the slots of messages that are folded again are not looked at",
        "if !folded.all(said) {",
        "if false {",
    ),
    noticed(
        CELL,
        "a damaged index is never rebuilt",
        "let damaged = !self.history.is_whole();",
        "let damaged = false;",
    ),
    noticed(
        CELL,
        "a scrub keeps damaged checkpoints",
        "if whole < self.checkpoints.len() {",
        "if whole > self.checkpoints.len() {",
    ),
    noticed(
        CELL,
        "a scrub reports the healthy keys, not the damaged ones",
        "carried @ Carried::State(_) if carried != self.carried => carried.into_state(),",
        "carried @ Carried::State(_) if carried == self.carried => carried.into_state(),",
    ),
    noticed(
        FOLD,
        "a message before the opening leaves the key derivable",
        "Some(after) => entry.position <= after,",
        "Some(after) => false && entry.position <= after,",
    ),
    noticed(
        FOLD,
        "a view that was learned counts one message too early",
        "self.learned.push(Learned { length, view });",
        "self.learned.push(Learned { length: length.saturating_sub(1), view });",
    ),
    noticed(
        HISTORY,
        "a withdrawal does not lower the checksum of the index",
        "self.sum = self.sum.wrapping_sub(u64::from(entry.source.0));",
        "",
    ),
    noticed(HISTORY, "a rebuilt index is not sorted", "entries.sort_by(|a, b| sources.order(a, b));", ""),
    noticed(
        HISTORY,
        "a rebuilt index has a revised message at its last arrival",
        "Some(self.entry(system, Source::event(number), i64::from(self.journal.first(fact).get())))",
        "Some(self.entry(system, Source::event(number), i64::from(number.get())))",
    ),
    unnoticed(
        HISTORY,
        "messages between keys do not come after the others",
        "within.then_with(routed).then_with(named)",
        "within.then_with(named).then_with(routed)",
        "in the traces of the example systems, no state depends on this order.",
    ),
    noticed(
        HISTORY,
        "a changed message between keys leaves its earlier revision",
        "Some(Rerouted { before: counting.map(source), after: after.map(source) })",
        "Some(Rerouted { before: None, after: after.map(source) })",
    ),
    unnoticed(
        HISTORY,
        "a message that its first stimulus took back keeps its place",
        "unmade: after.is_none() && since == arrival",
        "unmade: false",
        "no example system without positions sends messages between keys.",
    ),
    noticed(
        NAME,
        "numbers in names compare by their first digit",
        "x.len().cmp(&y.len()).then_with(|| x.cmp(y))",
        "x.cmp(y)",
    ),
];
