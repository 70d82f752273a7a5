//! Descent: a walk down a sequence, from its end to its start, which gives the parts to try. They grow and halve.

use std::ops::Range;

/// The first part covers one in this many of all places.
///
/// A larger part saves a run or two if very few events matter, a smaller one if many do. On the logs and ledgers of the
/// benchmarks, a quarter is the best all round.
const FRACTION: usize = 4;

/// If no more places than this are left, a grown part covers at most half of them, because most of the last few events
/// have to stay.
const FEW: usize = 8;

/// Goes through a sequence from its end to its start, and returns the parts to try.
///
/// After a success, the next part is twice as long. After a failure, the part is halved until one place is left, which
/// must stay. The descent then continues before that place.
///
/// Such a place is never tried alone: the failures of the parts around it imply that it must stay.
/// [`Singles`](super::singles::Singles) checks this later.
#[derive(Clone, Debug)]
pub(super) struct Descent {
    /// The place from which on everything is decided.
    end: usize,
    /// The place before which nothing is tried.
    floor: usize,
    /// The length of the next part, unless `blocked` limits it.
    span: usize,
    /// The start of a part up to `end` that is known not to be removable as a whole.
    blocked: Option<usize>,
    /// The start of the part proposed last.
    proposed: usize,
}

impl Descent {
    /// Creates a descent from place `end` down to place `floor`.
    pub(super) fn new(floor: usize, end: usize) -> Self {
        let mut descent = Self { end, floor, span: 0, blocked: None, proposed: end };
        descent.restart(end);
        descent
    }

    /// Creates a descent from place `end` down to place `floor`. The caller knows that the part from `blocked` to `end`
    /// cannot be removed as a whole, so that part is not tried.
    pub(super) fn from_blocked(floor: usize, blocked: usize, end: usize) -> Self {
        Self { blocked: (blocked < end).then_some(blocked), ..Self::new(floor, end) }
    }

    fn restart(&mut self, end: usize) {
        self.end = end;
        self.span = (end.saturating_sub(self.floor) / FRACTION).max(1);
        self.blocked = None;
    }

    /// Returns the next part to try, or `None` if the descent has reached `floor`.
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

    /// Tells the descent whether the part proposed last was removed.
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
