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
    /// Changes the texts of these events, in ascending order. It is one change where they have something in common: a field,
    /// or a value by which they name the same thing.
    Rewrite(Vec<Rewrite>),
    /// Removes events, and changes those left that were about them.
    Merge {
        /// As of `Remove`.
        remove: Vec<(u64, u64)>,
        /// As of `Rewrite`.
        rewrite: Vec<Rewrite>,
    },
}

/// A change of the text of one event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rewrite {
    /// The number of the event.
    pub event: u64,
    /// What is put into the place of what, in ascending order and apart from each other.
    pub splices: Vec<Splice>,
}

/// `(from, to, with)`: the bytes from `from` to before `to` of the text, as it was, become `with`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Splice(pub usize, pub usize, pub String);

impl Rewrite {
    /// What becomes of `text`; nothing where the splices do not fit it.
    #[must_use]
    pub fn apply(&self, text: &str) -> Option<String> {
        let mut changed = String::with_capacity(text.len());
        let mut end = 0;
        for Splice(from, to, with) in &self.splices {
            changed += text.get(end..*from)?;
            changed += with;
            // Also sees that a splice does not end before it begins.
            text.get(*from..*to)?;
            end = *to;
        }
        changed += text.get(end..)?;
        Some(changed)
    }
}

impl Edit {
    /// The spans of numbers of the events that it removes.
    #[must_use]
    pub fn removed(&self) -> &[(u64, u64)] {
        match self {
            Self::Keep | Self::Rewrite(_) => &[],
            Self::Remove(spans) | Self::Merge { remove: spans, .. } => spans,
        }
    }

    /// The changes of texts.
    #[must_use]
    pub fn rewritten(&self) -> &[Rewrite] {
        match self {
            Self::Keep | Self::Remove(_) => &[],
            Self::Rewrite(rewrites) | Self::Merge { rewrite: rewrites, .. } => rewrites,
        }
    }

    /// Applies the edit: `verified` becomes the candidate. `rewrite` changes the text of one event.
    ///
    /// It is `None`, and nothing is changed, where an event cannot be rewritten so.
    #[must_use]
    pub fn apply<T>(&self, verified: &mut Vec<Item<T>>, rewrite: impl Fn(&T, &Rewrite) -> Option<T>) -> Option<()> {
        let rewritten = self.rewrite(verified, rewrite)?;
        for (place, item) in rewritten {
            verified[place] = item;
        }
        // Both are in ascending order, so one pass does for any number of spans.
        let mut spans = self.removed().iter().peekable();
        if spans.peek().is_some() {
            verified.retain(|item| {
                while spans.next_if(|(_, last)| *last < item.number).is_some() {}
                spans.peek().is_none_or(|(first, _)| item.number < *first)
            });
        }
        Some(())
    }

    /// The items that it changes, each with its place in `verified`.
    pub(super) fn rewrite<T>(
        &self,
        verified: &[Item<T>],
        rewrite: impl Fn(&T, &Rewrite) -> Option<T>,
    ) -> Option<Vec<(usize, Item<T>)>> {
        let changed = |change: &Rewrite| {
            let place = verified.binary_search_by_key(&change.event, |item| item.number).ok()?;
            Some((place, Item { number: change.event, value: rewrite(&verified[place].value, change)? }))
        };
        self.rewritten().iter().map(changed).collect()
    }
}
