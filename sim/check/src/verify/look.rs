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
    /// The time that may be spent on more than the least depth, since a moment; no limit if `None`.
    pub(crate) limit: Option<(Stopwatch, Duration)>,
    /// `true` to compare slots and properties after every stimulus, and not only at the end.
    pub(crate) each_step: bool,
    /// The part of all comparisons that this pass makes.
    pub(crate) share: Share,
    /// The parts of outputs that are not compared.
    pub(crate) ignored: Vec<Ignored>,
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
