//! The pass that removes events with a common value: all of one key, one sender or one kind.

use super::descent::Descent;
use super::edit::Edit;
use super::pass::{Pass, View};

/// The fewest events of a trace on which this pass tries anything. In a shorter one, removing spans and single events
/// takes no more runs.
const SHORT: usize = 256;

/// The fewest events of a group.
const FEW: usize = 8;

/// The number of failures in a row after which the pass gives up. If events share many common values, mostly no group
/// can be removed.
const FAILURES_MAX: usize = 8;

/// Tries to remove groups of events that share a value, the largest groups first, in the order of a [`Descent`]. So the
/// few kinds of events are tried one by one, and the many keys many at a time.
///
/// This reduces traces that a slice cannot, because the failing event shares no rare value with the events that made it
/// fail.
#[derive(Clone, Debug, Default)]
pub(super) struct Groups {
    /// The numbers of the events of each group, the largest group last.
    groups: Vec<Vec<u64>>,
    descent: Option<Descent>,
    /// The edit proposed last.
    proposed: Option<Edit>,
    /// The number of failures since the last success.
    failures: usize,
}

impl Pass for Groups {
    fn name(&self) -> &'static str {
        "group"
    }

    fn only_removes(&self) -> bool {
        true
    }

    fn begin(&mut self, view: &dyn View) {
        if view.len() < SHORT {
            return;
        }
        let mut all: Vec<(u64, u64)> = Vec::new();
        for place in 0..view.len() {
            all.extend(view.links(place).into_iter().map(|value| (value, view.number(place))));
        }
        all.sort_unstable();
        all.dedup();
        let same = all.chunk_by(|a, b| a.0 == b.0).filter(|same| (FEW..view.len()).contains(&same.len()));
        self.groups = same.map(|same| same.iter().map(|(_, number)| *number).collect()).collect();
        // The order depends on the events of the groups, not on the hashes of their values.
        self.groups.sort_unstable_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
        self.groups.dedup();
        self.descent = Some(Descent::new(0, self.groups.len()));
    }

    fn propose(&mut self, view: &dyn View) -> Option<Edit> {
        let descent = self.descent.as_mut().filter(|_| self.failures < FAILURES_MAX)?;
        loop {
            let mut numbers = self.groups[descent.next()?].concat();
            numbers.sort_unstable();
            numbers.dedup();
            match view.remove_all(&numbers) {
                // All events of these groups were already removed with other groups.
                Edit::Keep => descent.judged(true),
                // These groups hold the same events as those proposed last, which could not be removed.
                edit if self.failures > 0 && self.proposed.as_ref() == Some(&edit) => descent.judged(false),
                edit => {
                    self.proposed = Some(edit.clone());
                    return Some(edit);
                }
            }
        }
    }

    fn judged(&mut self, accepted: bool) {
        self.failures = if accepted { 0 } else { self.failures + 1 };
        if let Some(descent) = &mut self.descent {
            descent.judged(accepted);
        }
    }
}
