//! How thoroughly to compare, and the record of the comparisons.

use serde::Serialize;

/// How much of each comparison is recomputed from the first message. It is decided before the first step, from the
/// lengths of the histories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depth {
    /// `true` to fold from checkpoints, and from the first message only if the length of the history is a square
    /// number.
    pub(crate) from_checkpoints: bool,
    /// `true` to restate at every step, otherwise only if the length of the history is a square number.
    restate_all: bool,
}

impl Depth {
    /// Decides the depth for histories of these final lengths. `budget` is the number of messages that may be folded.
    pub(crate) fn new(lengths: impl Iterator<Item = u64>, budget: u64) -> Self {
        let applies = lengths.fold(0_u64, |sum, length| sum.saturating_add(length.saturating_mul(length) / 2));
        // Restatements are written to be clear, not fast, so one message counts as many folded ones.
        Self { from_checkpoints: applies > budget, restate_all: applies.saturating_mul(100) <= budget }
    }

    pub(crate) fn restates_all(self) -> bool {
        self.restate_all
    }

    pub(crate) fn restates(self, length: usize) -> bool {
        self.restate_all || super::accounts::is_square(length)
    }
}

/// The number of comparisons that a check made, by kind.
///
/// A *step* is one key after one stimulus that concerned it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// The number of steps at which the incremental state was compared with the recomputed state.
    ///
    /// For a world of nodes, this is the number of events in its run.
    pub steps: u64,
    /// The number of steps at which the state was recomputed from the first message, not from a checkpoint of the
    /// checker.
    pub from_first: u64,
    /// The number of steps at which the restated result was compared too.
    pub restated: u64,
    /// The number of steps that were not compared because the key was quarantined.
    pub quarantined: u64,
    /// The number of steps that were not compared because a simulated fault had damaged the key and nothing had healed
    /// it.
    pub damaged: u64,
    /// The number of recorded views that were compared with the result of all messages.
    pub recorded: u64,
    /// The number of recorded views that were compared with the recorded view before them.
    pub recorded_steps: u64,
    /// The number of messages that were folded for these comparisons.
    pub applications: u64,
}

impl Coverage {
    pub(crate) fn merge(&mut self, other: &Self) {
        self.steps += other.steps;
        self.from_first += other.from_first;
        self.restated += other.restated;
        self.quarantined += other.quarantined;
        self.damaged += other.damaged;
        self.recorded += other.recorded;
        self.recorded_steps += other.recorded_steps;
        self.applications += other.applications;
    }
}
