//! Drops what has a value in common: all of one key, one sender, one kind.

use super::descent::Descent;
use super::edit::Edit;
use super::pass::{Pass, View};

/// A shorter trace is not looked at: its spans and single events take no more runs than its groups.
const SHORT: usize = 256;

/// How many events at least are a group.
const FEW: usize = 8;

/// After so many failures in a row it is given up: events of many common values have none that they can do without.
const FAILURES_MAX: usize = 8;

/// Tries groups of events that share a value, the largest ones first, in the order of a [`Descent`]: the kinds, of which there
/// are few, one by one, and of the many keys many at a time.
///
/// It is for what a slice cannot reach, where the failing event has no rare value in common with what made it fail.
#[derive(Clone, Debug, Default)]
pub(super) struct Groups {
    /// The numbers of the events of each group, the largest group last.
    groups: Vec<Vec<u64>>,
    descent: Option<Descent>,
    /// The edit proposed last.
    proposed: Option<Edit>,
    /// Failures since the last success.
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
        // By what is in them, not by the hashes of their values.
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
                // All of them went with other groups.
                Edit::Keep => descent.judged(true),
                // The rest of the groups went with these, and that has failed.
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
