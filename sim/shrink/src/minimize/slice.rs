//! Keeps what is linked to the failing event, by values that few events share.

use super::descent::Descent;
use super::edit::Edit;
use super::nearness::nearest;
use super::pass::{Pass, View};

/// How many the first try keeps: a bug takes no more, mostly, and what it does not take goes in a run or two.
const FEW: usize = 8;

/// By how much more each try keeps than the one before.
const GROWTH: usize = 4;

/// Grows outwards from the failing event: keeps the few events that are nearest to it and drops all others, then more of
/// them, until the bug is there. Then drops the farthest of those that were kept, and nearer ones, in the order of a
/// [`Descent`].
///
/// Where few events are linked to the failing one, or the bug does not show in them alone, it costs a few runs and changes
/// nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct Slice {
    /// The numbers of the linked events, the nearest first: the failing one itself.
    nearest: Vec<u64>,
    /// How many of them were kept in the last try.
    kept: usize,
    /// How many of them were seen not to be enough.
    too_few: usize,
    /// After the bug was there: goes down the list.
    descent: Option<Descent>,
}

impl Pass for Slice {
    fn name(&self) -> &'static str {
        "slice"
    }

    fn only_removes(&self) -> bool {
        true
    }

    fn begin(&mut self, view: &dyn View) {
        self.nearest = nearest(view).into_iter().map(|place| view.number(place)).collect();
    }

    fn propose(&mut self, view: &dyn View) -> Option<Edit> {
        if let Some(descent) = &mut self.descent {
            return Some(view.remove_all(&sorted(&self.nearest[descent.next()?])));
        }
        let linked = self.nearest.len();
        // To keep more than half saves too little to be worth a run.
        let most = linked.min(view.len() / 2);
        if self.kept >= most || view.len() < FEW {
            return None;
        }
        self.kept = if self.kept == 0 { FEW } else { self.kept * GROWTH }.min(most);
        Some(view.keep_only(&sorted(&self.nearest[..self.kept])))
    }

    fn judged(&mut self, accepted: bool) {
        match &mut self.descent {
            Some(descent) => descent.judged(accepted),
            None if accepted => self.descent = Some(Descent::from_blocked(1, self.too_few.max(1), self.kept)),
            None => self.too_few = self.kept,
        }
    }
}

fn sorted(numbers: &[u64]) -> Vec<u64> {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable();
    sorted
}
