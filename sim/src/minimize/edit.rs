//! The one change by which a candidate differs from the last verified trace.

use serde::{Deserialize, Serialize};

use super::candidate::Item;

/// Exactly one change of a trace.
///
/// An edit names events by number, so it means the same whatever was removed before it, and a list of edits can be
/// replayed on the original.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Edit {
    /// No change: the verified trace as it is, run to see that the bug is there.
    Keep,
    /// Removes every event whose number is in one of these spans, each `(first, last)` and inclusive, in ascending order.
    Remove(Vec<(u64, u64)>),
}

impl Edit {
    /// The edit that removes `removed`, a contiguous part of a verified trace.
    #[must_use]
    pub fn remove<T>(removed: &[Item<T>]) -> Self {
        match removed {
            [] => Self::Keep,
            [first, .., last] => Self::Remove(vec![(first.number, last.number)]),
            [only] => Self::Remove(vec![(only.number, only.number)]),
        }
    }

    /// Applies the edit: `verified` becomes the candidate.
    pub fn apply<T>(&self, verified: &mut Vec<Item<T>>) {
        match self {
            Self::Keep => {}
            Self::Remove(spans) => {
                // Both are in ascending order, so one pass does for any number of spans.
                let mut spans = spans.iter().peekable();
                verified.retain(|item| {
                    while spans.next_if(|(_, last)| *last < item.number).is_some() {}
                    spans.peek().is_none_or(|(first, _)| item.number < *first)
                });
            }
        }
    }
}
