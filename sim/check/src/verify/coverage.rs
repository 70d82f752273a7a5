//! How thoroughly to compare, and the record of the comparisons.

use std::collections::BTreeMap;

use serde::Serialize;

use super::paths::Messages;

/// How often a step is recomputed from the first message, and how often it is restated.
///
/// It is decided before the first step, from the lengths of the histories. A message may cause a limited amount of
/// work. A step whose own work is within the limit is always recomputed; of the others, one in so many is, so that they
/// keep within the limit on average. The rule is smooth: a trace that is slightly longer takes slightly longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depth {
    /// `true` if some steps are not recomputed from the first message, but only from checkpoints.
    pub(crate) from_checkpoints: bool,
    /// The work that one message may cause on average by folds from the first message.
    folded: u64,
    /// The same for restatements.
    restated: u64,
}

/// The length from which on the messages of a history count as more work than one each.
///
/// A long history usually has a large state, and a message then takes longer. So a message counts in proportion to the
/// length of its history. The cost is not measured, because a report must not depend on the machine.
const LONG: u64 = 6_500;

/// The work of one restated message. Restatements are written to be clear, not fast.
const RESTATED: u64 = 100;

impl Depth {
    /// Recomputes and restates no step but the last of each key.
    pub(crate) const LEAST: Self = Self { from_checkpoints: true, folded: 0, restated: 0 };

    /// Decides the depth for histories of these lengths, so that the work stays within `budget`.
    pub(crate) fn new(lengths: impl Iterator<Item = u64>, budget: u64) -> Self {
        let mut counts = BTreeMap::<u64, u64>::new();
        lengths.for_each(|length| *counts.entry(length).or_default() += 1);
        let longest = work(counts.last_key_value().map_or(0, |(length, _)| *length));
        let limit = |budget: u64| {
            let (mut within, mut beyond) = (0, longest + 1);
            while beyond - within > 1 {
                let limit = within + (beyond - within) / 2;
                let total =
                    counts.iter().map(|(length, count)| total(*length, limit) * u128::from(*count)).sum::<u128>();
                *(if total <= u128::from(budget) { &mut within } else { &mut beyond }) = limit;
            }
            // Messages between keys make a history longer than its final length here, so let it have no limit then.
            if within == longest { u64::MAX } else { within }
        };
        let (folded, restated) = (limit(budget), limit(budget / RESTATED));
        Self { from_checkpoints: folded < u64::MAX, folded, restated }
    }

    /// Returns `true` if a history of this length is folded from its first message.
    pub(crate) fn folds(self, length: usize) -> bool {
        is_due(length as u64, self.folded)
    }

    /// Returns `true` if a history of this length is restated.
    pub(crate) fn restates(self, length: usize) -> bool {
        is_due(length as u64, self.restated)
    }
}

/// The work of folding a history of this length from its first message.
fn work(length: u64) -> u64 {
    length.max(length.saturating_mul(length) / LONG)
}

/// Returns `true` if the work for a history of this length is within the limit, or if its turn has come.
fn is_due(length: u64, limit: u64) -> bool {
    let work = work(length);
    // With other spacings than powers of two, a length could be a multiple of its spacing far too often: each even
    // length is a multiple of its half.
    work <= limit || limit > 0 && length.is_multiple_of(work.div_ceil(limit).next_power_of_two())
}

/// The work for all prefixes of a history of this length, if each may cause `limit` on average.
fn total(length: u64, limit: u64) -> u128 {
    let [length, limit, long] = [length, limit, LONG].map(u128::from);
    let within = length.min(if limit <= long { limit } else { (limit * long).isqrt() });
    let short = within.min(long);
    let sum = short * short / 2 + (within.pow(3) - short.pow(3)) / (3 * long);
    sum + (length - within) * limit
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
    ///
    /// The last step of each key is always recomputed from the first message and restated, whatever the budget.
    pub restated: u64,
    /// The number of steps that were compared after the time was over, and therefore only recomputed from checkpoints.
    #[serde(skip_serializing_if = "is_zero")]
    pub out_of_time: u64,
    /// The number of steps that were not compared, because their keys have long histories with many late messages, and
    /// folding these again would have taken more work than the budget.
    #[serde(skip_serializing_if = "is_zero")]
    pub beyond_budget: u64,
    /// The number of steps that were not compared because the key was quarantined.
    pub quarantined: u64,
    /// The number of steps that were not compared because a simulated fault had damaged the key and nothing had healed
    /// it.
    pub damaged: u64,
    /// The number of stimuli after which the properties were evaluated. They were evaluated at the end too. `None` if
    /// the system has none, or if they could not be evaluated, as in a window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub properties: Option<u64>,
    /// The number of recorded views that were compared with the result of all messages.
    pub recorded: u64,
    /// The number of recorded views that were compared with the recorded view before them.
    pub recorded_steps: u64,
    /// The number of recorded views that were not compared with the result of all messages, for the same reason as the
    /// steps in `beyond_budget`.
    #[serde(skip_serializing_if = "is_zero")]
    pub recorded_beyond_budget: u64,
    /// The number of messages that were folded for these comparisons.
    pub applications: u64,
    /// The messages that took the paths on which most bugs are.
    #[serde(flatten)]
    pub messages: Messages,
    /// The calls of the system's `update` that returned `Done`.
    ///
    /// Each call is for one change of the history of one key. The engine calls `update` only if the change is not just
    /// one more newest message, and if the key has a state to update.
    pub updated: u64,
    /// The calls of `update` that returned `FoldAgain`, as the `update` of a system without its own always does.
    pub folded_again: u64,
    /// The calls of `update` that panicked.
    #[serde(skip_serializing_if = "is_zero")]
    pub update_panicked: u64,
}

impl Coverage {
    pub(crate) fn merge(&mut self, other: &Self) {
        self.steps += other.steps;
        self.from_first += other.from_first;
        self.restated += other.restated;
        self.out_of_time += other.out_of_time;
        self.beyond_budget += other.beyond_budget;
        self.recorded_beyond_budget += other.recorded_beyond_budget;
        self.quarantined += other.quarantined;
        self.damaged += other.damaged;
        self.properties = match (self.properties, other.properties) {
            (Some(one), Some(other)) => Some(one + other),
            (one, other) => one.or(other),
        };
        self.recorded += other.recorded;
        self.recorded_steps += other.recorded_steps;
        self.applications += other.applications;
        self.messages.merge(&other.messages);
        self.updated += other.updated;
        self.folded_again += other.folded_again;
        self.update_panicked += other.update_panicked;
    }
}

pub(super) fn is_zero(count: &u64) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The work of the steps of one history that are recomputed.
    fn done(length: u64, budget: u64) -> u64 {
        let depth = Depth::new([length].into_iter(), budget);
        (1..=length).filter(|length| depth.folds(*length as usize)).map(work).sum()
    }

    #[test]
    fn short_histories_are_recomputed_at_every_step() {
        assert!(!Depth::new([10_000].into_iter(), 60_000_000).from_checkpoints);
        assert!(!Depth::new([10_000; 1000].into_iter(), u64::MAX).from_checkpoints);
        assert!(Depth::new([10_000; 2].into_iter(), 60_000_000).from_checkpoints);
    }

    #[test]
    fn the_work_is_within_the_budget_and_uses_a_good_part_of_it() {
        for length in [11_000, 19_990, 20_010, 100_000, 260_000] {
            let (much, little) = (done(length, 60_000_000), done(length, 600_000));
            assert!((25_000_000..=60_100_000).contains(&much), "{length}: {much}");
            assert!(little <= 601_000, "{length}: {little}");
        }
    }

    #[test]
    fn a_slightly_longer_history_takes_slightly_longer() {
        for length in (10_000..40_000).step_by(100) {
            let (shorter, longer) = (done(length, 60_000_000), done(length + 100, 60_000_000));
            assert!(shorter.abs_diff(longer) < shorter / 4, "{length}: {shorter}, then {longer}");
        }
    }

    #[test]
    fn without_a_budget_no_step_is_due() {
        let depth = Depth::new([5].into_iter(), 0);
        assert!(depth == Depth::LEAST && !depth.folds(1) && !depth.restates(5));
    }
}
