//! The pass that keeps only events linked to the failing one by values that few events share.

use super::descent::Descent;
use super::edit::Edit;
use super::nearness::nearest;
use super::pass::{Pass, View};

/// How many events the first try keeps. Most bugs need no more, and the rest is removed in a few runs.
const FEW: usize = 8;

/// The factor by which each try keeps more events than the try before.
const GROWTH: usize = 4;

/// Keeps only the events that are nearest to the failing one, and more of them in each try, until the bug shows. Then
/// removes kept events, the farthest first, in the order of a [`Descent`].
///
/// If few events are linked to the failing one, or the bug does not show in them alone, this costs a few runs and
/// changes nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct Slice {
    /// The numbers of the linked events, the nearest first. The first one is the failing event itself.
    nearest: Vec<u64>,
    /// How many of the nearest events the last try kept.
    kept: usize,
    /// How many of the nearest events are known not to show the bug.
    too_few: usize,
    /// The order in which kept events are removed, once a try has shown the bug.
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
        // A try that keeps more than half of the trace saves too little to be worth a run.
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
