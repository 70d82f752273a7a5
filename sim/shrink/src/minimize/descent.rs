//! The order in which parts of a sequence are tried: from its end to its start, growing and halving.

use std::ops::Range;

/// The first part that is tried is this fraction of what lies before it.
///
/// A larger one finds the few events that matter in a run or two less when they are very few; a smaller one when
/// they are many. On the logs and ledgers of the benches a quarter is the best all round.
const FRACTION: usize = 4;

/// Of so few that are left, a part that doubled is no more than half: most of the last few have to stay.
const FEW: usize = 8;

/// Walks a sequence from its end to its start. After a success the part doubles; after a failure it is halved until the
/// one place is found that must stay, and the walk goes on before that one.
///
/// A place found by halving is not asked about on its own: that it must stay is concluded, from the parts that contain
/// it. The conclusion is checked by [`Singles`](super::singles::Singles).
#[derive(Clone, Debug)]
pub(super) struct Descent {
    /// Everything from here on is settled.
    end: usize,
    /// Everything before here is left alone.
    floor: usize,
    /// The length of the next part, while nothing is known to block it.
    span: usize,
    /// The start of a part up to `end` that could not go as a whole.
    blocked: Option<usize>,
    /// The start of the part proposed last.
    proposed: usize,
}

impl Descent {
    /// Goes down from `end` to `floor`, about which nothing is known.
    pub(super) fn new(floor: usize, end: usize) -> Self {
        let mut descent = Self { end, floor, span: 0, blocked: None, proposed: end };
        descent.restart(end);
        descent
    }

    /// Goes down from `end` to `floor`, where it is known that the part from `blocked` on cannot go as a whole.
    pub(super) fn from_blocked(floor: usize, blocked: usize, end: usize) -> Self {
        Self { blocked: (blocked < end).then_some(blocked), ..Self::new(floor, end) }
    }

    fn restart(&mut self, end: usize) {
        self.end = end;
        self.span = (end.saturating_sub(self.floor) / FRACTION).max(1);
        self.blocked = None;
    }

    /// The next part to try; nothing at the end of the walk.
    pub(super) fn next(&mut self) -> Option<Range<usize>> {
        if self.blocked.is_some_and(|start| self.end - start == 1) {
            self.restart(self.end - 1);
        }
        if self.end <= self.floor {
            return None;
        }
        self.proposed = match self.blocked {
            Some(start) => start + (self.end - start) / 2,
            None => self.end.saturating_sub(self.span).max(self.floor),
        };
        Some(self.proposed..self.end)
    }

    /// What became of the part proposed last.
    pub(super) fn judged(&mut self, accepted: bool) {
        if !accepted {
            self.blocked = Some(self.proposed);
            return;
        }
        self.end = self.proposed;
        if self.blocked.is_none() {
            let left = self.end - self.floor;
            self.span = if left > FEW { self.span * 2 } else { (self.span * 2).min((left / 2).max(1)) };
        }
    }
}
