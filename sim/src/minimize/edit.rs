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

    /// The edit that removes the items of `verified` with these numbers, which ascend.
    #[must_use]
    pub fn remove_all<T>(verified: &[Item<T>], numbers: &[u64]) -> Self {
        let mut numbers = numbers.iter().peekable();
        Self::remove_each(verified, |item| {
            while numbers.next_if(|number| **number < item.number).is_some() {}
            numbers.next_if(|number| **number == item.number).is_some()
        })
    }

    /// The edit that removes the items of `verified` with any but these numbers, which ascend.
    #[must_use]
    pub fn keep_only<T>(verified: &[Item<T>], numbers: &[u64]) -> Self {
        let mut numbers = numbers.iter().peekable();
        Self::remove_each(verified, |item| {
            while numbers.next_if(|number| **number < item.number).is_some() {}
            numbers.next_if(|number| **number == item.number).is_none()
        })
    }

    /// Removes the items for which `goes` holds, in as few spans as there are gaps between the others.
    fn remove_each<T>(verified: &[Item<T>], mut goes: impl FnMut(&Item<T>) -> bool) -> Self {
        let mut spans: Vec<(u64, u64)> = Vec::new();
        let mut goes_on = false;
        for item in verified {
            match (goes(item), goes_on, spans.last_mut()) {
                (false, ..) => goes_on = false,
                (true, true, Some(span)) => span.1 = item.number,
                (true, ..) => {
                    spans.push((item.number, item.number));
                    goes_on = true;
                }
            }
        }
        if spans.is_empty() { Self::Keep } else { Self::Remove(spans) }
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
