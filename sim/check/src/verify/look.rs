//! Which steps and keys a pass compares, and how thoroughly.

use std::time::Duration;

use afresh_core::Key;

use super::coverage::Depth;
use crate::clock::Stopwatch;
use crate::ignore::Ignored;

/// Which steps and keys a pass compares, and how thoroughly. Every pass runs the whole trace.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    /// The depth, which says how much is recomputed from the first message.
    pub(crate) depth: Depth,
    /// The work that may be done to recompute steps from checkpoints. It is the same in each pass over a trace.
    pub(crate) work: Work,
    /// The time that may be spent on more than the least depth, since a moment; no limit if `None`.
    pub(crate) limit: Option<(Stopwatch, Duration)>,
    /// When slots are compared and properties are evaluated, apart from the end.
    pub(crate) cadence: Cadence,
    /// The part of all comparisons that this pass makes.
    pub(crate) share: Share,
    /// The parts of outputs that are not compared.
    pub(crate) ignored: Vec<Ignored>,
}

/// When a pass compares slots and evaluates properties before the end of the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cadence {
    /// Only at the end.
    AtEnd,
    /// The slots of each key whenever it changes, and the properties as often as this budget for so many stimuli
    /// allows.
    Within {
        /// The work that all evaluations may cause.
        budget: u64,
        /// The number of stimuli in the trace.
        stimuli: u64,
    },
}

impl Cadence {
    /// After every stimulus.
    pub(crate) const EACH: Self = Self::Within { budget: u64::MAX, stimuli: 1 };

    /// The work of evaluating properties over one key. What users write to be clear need not be fast.
    const KEY: u64 = 400;

    /// Returns the number of stimuli until properties over so many keys may be evaluated again.
    pub(super) fn pause(self, keys: usize) -> Option<u64> {
        let Self::Within { budget, stimuli } = self else { return None };
        let work = u128::from(stimuli) * keys as u128 * u128::from(Self::KEY);
        let pause = work.div_ceil(u128::from(budget.max(1)));
        Some(u64::try_from(pause).unwrap_or(u64::MAX).max(1))
    }
}

impl Look {
    /// Returns `true` if the time is over, and goes on with the least depth then.
    pub(super) fn is_out_of_time(&mut self) -> bool {
        let over = self.limit.is_some_and(|(since, limit)| since.elapsed() >= limit);
        if over {
            self.depth = Depth::LEAST;
        }
        over
    }
}

/// The work that may be done to recompute steps from checkpoints, in messages folded.
///
/// Each stimulus adds to it, and each message that is folded takes from it. So a message that needs few folds leaves
/// more for the others, and the steps that cannot be compared are spread over the trace.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work {
    each: u64,
    left: u64,
}

/// The messages that one stimulus may fold on average, whatever the budget. Messages that come in order, or nearly so,
/// need fewer.
const EACH_MIN: u64 = 128;

impl Work {
    /// Folds everything.
    pub(crate) const UNLIMITED: Self = Self { each: 0, left: u64::MAX };

    /// Folds nothing.
    pub(crate) const NONE: Self = Self { each: 0, left: 0 };

    /// The work for so many stimuli, if all of them together may cause `budget`.
    pub(crate) fn new(stimuli: u64, budget: u64) -> Self {
        Self { each: EACH_MIN.max(budget / stimuli.max(1)), left: 0 }
    }

    /// Adds the work that one more stimulus may cause.
    pub(super) fn stimulus(&mut self) {
        self.left = self.left.saturating_add(self.each);
    }

    /// Takes the work of folding so many messages. Returns `false`, and takes nothing, if that much is not left.
    pub(super) fn allows(&mut self, messages: usize) -> bool {
        let left = self.left.checked_sub(messages as u64);
        self.left = left.unwrap_or(self.left);
        left.is_some()
    }
}

/// The part of all comparisons that one pass makes.
#[derive(Clone, Debug)]
pub(crate) enum Share {
    /// All of them.
    All,
    /// Share `number` of the steps, of which there are `of`.
    Steps { number: u64, of: u64 },
    /// The comparisons of one key, at every step.
    Key(Key),
}

impl Share {
    /// Returns `true` if any comparison of this step is in the share.
    pub(super) fn has_step(&self, step: u64) -> bool {
        match self {
            Self::Steps { number, of } => mixed(step) % of == *number,
            Self::All | Self::Key(_) => true,
        }
    }

    /// Returns `true` if this pass makes the comparisons at the end of the trace.
    pub(super) fn has_end(&self) -> bool {
        self.has_step(0)
    }

    /// Returns `true` if this pass looks at the last state of a key, which was the `place`th one to occur.
    pub(super) fn has_last(&self, place: usize, key: &Key) -> bool {
        match self {
            Self::All => true,
            Self::Steps { number, of } => place as u64 % of == *number,
            Self::Key(only) => key == only,
        }
    }

    /// Returns `true` if the comparisons of `key` are in the share. `None` stands for those that concern several keys.
    pub(super) fn has(&self, key: Option<&Key>) -> bool {
        match self {
            Self::Key(only) => key == Some(only),
            Self::All | Self::Steps { .. } => true,
        }
    }
}

/// Mixes the number of a step, so that its remainders are spread evenly: in a long history, only the steps with even
/// numbers may be recomputed from the first message. This is a multiplicative hash (Knuth, *The Art of Computer
/// Programming*, volume 3, section 6.4).
fn mixed(step: u64) -> u64 {
    step.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32
}
