//! What a check looked at, and how deep.

use serde::Serialize;

/// How deep to look, decided from the lengths of the histories before the first step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depth {
    /// Fold from states kept on the way, and from the first message only where the length of the history is a square.
    pub(crate) from_checkpoints: bool,
    /// Restate at every step; else where the length of the history is a square.
    restate_all: bool,
}

impl Depth {
    /// The depth at which the histories, of these lengths at their end, take at most `budget` applications.
    pub(crate) fn new(lengths: impl Iterator<Item = u64>, budget: u64) -> Self {
        let applies = lengths.fold(0_u64, |sum, length| sum.saturating_add(length.saturating_mul(length) / 2));
        // A restatement is written to be clear, not fast: a message of it is worth a good many applications.
        Self { from_checkpoints: applies > budget, restate_all: applies.saturating_mul(100) <= budget }
    }

    pub(crate) fn restates_all(self) -> bool {
        self.restate_all
    }

    pub(crate) fn restates(self, length: usize) -> bool {
        self.restate_all || super::accounts::is_square(length)
    }
}

/// What a check looked at. A step is a key after a stimulus that concerned it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Steps at which the incremental state was held against a recomputed one.
    pub steps: u64,
    /// Those at which it was recomputed from the first message; at the others from the checker's own states on the way.
    pub from_first: u64,
    /// Those at which the independent statement was asked as well.
    pub restated: u64,
    /// Steps at which the key was set apart after a panic: there was nothing to compare.
    pub set_apart: u64,
    /// Steps at which the key was damaged on purpose, by a fault, and not yet healed: what it carried had to be wrong.
    pub damaged: u64,
    /// Recorded views that were held against all the messages.
    pub recorded: u64,
    /// Recorded views that were held against the recorded view before them.
    pub recorded_steps: u64,
    /// Messages that were folded for all this.
    pub applications: u64,
}

impl Coverage {
    pub(crate) fn merge(&mut self, other: &Self) {
        self.steps += other.steps;
        self.from_first += other.from_first;
        self.restated += other.restated;
        self.set_apart += other.set_apart;
        self.damaged += other.damaged;
        self.recorded += other.recorded;
        self.recorded_steps += other.recorded_steps;
        self.applications += other.applications;
    }
}
