//! Edits: the one change by which a candidate differs from the verified trace.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::candidate::Item;
use super::oracle::Content;
use super::patches::{Fields, rebase};
use super::sites::sites;

/// One change of a trace.
///
/// An edit names events by number, so its meaning does not depend on which events were removed before. A list of edits
/// can be replayed on the original.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Edit {
    /// Changes nothing. The original is run with this edit to make sure that it shows the bug.
    Keep,
    /// Removes the events whose numbers are in one of these spans. Each span is `(first, last)`, both included. The
    /// spans ascend.
    Remove(Vec<(u64, u64)>),
    /// Changes the texts of these events, in ascending order. The changes have something in common, such as a field, or
    /// a value that names the same thing in each event.
    Rewrite(Vec<Rewrite>),
    /// Removes events, and changes the texts of events that stay, so that they no longer refer to the removed ones.
    Merge {
        /// The spans of numbers to remove, as in [`Remove`](Self::Remove).
        remove: Vec<(u64, u64)>,
        /// The changes of texts, as in [`Rewrite`](Self::Rewrite).
        rewrite: Vec<Rewrite>,
    },
    /// Removes events that name places, and changes the places in those that stay, so that each of them still does the
    /// same.
    Rebase {
        /// The spans of numbers to remove, as in [`Remove`](Self::Remove).
        remove: Vec<(u64, u64)>,
        /// Where the parts of a patch are in the texts of events, if they patch a text. Otherwise the system says what
        /// changes; see [`Content::rebase`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fields: Option<Fields>,
    },
}

/// A change of the text of one event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rewrite {
    /// The number of the event.
    pub event: u64,
    /// The replacements, in ascending order and without overlap.
    pub splices: Vec<Splice>,
}

/// One replacement, `(from, to, with)`: `with` replaces the bytes `from..to` of the text before the change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Splice(pub usize, pub usize, pub String);

impl Rewrite {
    /// Returns the change of an event with this text that gives the value at `path`, such as `.in.body`, the JSON
    /// `with`. Returns `None` if the text has no such value, or if the value stays the same.
    pub(crate) fn of_value(event: u64, text: &str, path: &str, with: String) -> Option<Self> {
        let span = sites(text).into_iter().find(|site| site.path == path)?.span;
        (text[span.clone()] != with).then(|| Self { event, splices: vec![Splice(span.start, span.end, with)] })
    }

    /// Returns `text` with the change made, or `None` if a splice does not fit it.
    #[must_use]
    pub fn apply(&self, text: &str) -> Option<String> {
        let mut changed = String::with_capacity(text.len());
        let mut end = 0;
        for Splice(from, to, with) in &self.splices {
            changed += text.get(end..*from)?;
            changed += with;
            // Also rejects a splice that ends before it begins.
            text.get(*from..*to)?;
            end = *to;
        }
        changed += text.get(end..)?;
        Some(changed)
    }
}

impl Edit {
    /// The spans of events that the edit removes: the numbers of the first and the last event of each span.
    #[must_use]
    pub fn removed(&self) -> &[(u64, u64)] {
        match self {
            Self::Keep | Self::Rewrite(_) => &[],
            Self::Remove(spans) | Self::Merge { remove: spans, .. } | Self::Rebase { remove: spans, .. } => spans,
        }
    }

    /// Returns whether only the system of a trace knows what the edit changes.
    #[must_use]
    pub fn asks_system(&self) -> bool {
        matches!(self, Self::Rebase { fields: None, .. })
    }

    /// Returns the changes that the edit makes to the texts of `verified`. Returns `None` if only the system knows
    /// them, and `content` does not.
    #[must_use]
    pub fn rewrites<T>(&self, verified: &[Item<T>], content: &dyn Content<T>) -> Option<Cow<'_, [Rewrite]>> {
        Some(match self {
            Self::Keep | Self::Remove(_) => Cow::Borrowed(&[]),
            Self::Rewrite(rewrites) | Self::Merge { rewrite: rewrites, .. } => Cow::Borrowed(rewrites),
            Self::Rebase { remove, fields: Some(fields) } => Cow::Owned(rebase(verified, remove, fields, content)),
            Self::Rebase { remove, fields: None } => Cow::Owned(content.rebase(verified, remove)?.rewrites),
        })
    }

    /// Applies the edit, so that `verified` becomes the candidate. `content` gives the texts of the events.
    ///
    /// Returns `None` and changes nothing if an event cannot be rewritten.
    #[must_use]
    pub fn apply<T>(&self, verified: &mut Vec<Item<T>>, content: &dyn Content<T>) -> Option<()> {
        let rewritten = self.rewrite(verified, content)?;
        for (place, item) in rewritten {
            verified[place] = item;
        }
        // Items and spans both ascend, so one pass is enough for any number of spans.
        let mut spans = self.removed().iter().peekable();
        if spans.peek().is_some() {
            verified.retain(|item| {
                while spans.next_if(|(_, last)| *last < item.number).is_some() {}
                spans.peek().is_none_or(|(first, _)| item.number < *first)
            });
        }
        Some(())
    }

    /// Returns the items that the edit rewrites, each with its place in `verified`.
    pub(super) fn rewrite<T>(&self, verified: &[Item<T>], content: &dyn Content<T>) -> Option<Vec<(usize, Item<T>)>> {
        let changed = |change: &Rewrite| {
            let place = verified.binary_search_by_key(&change.event, |item| item.number).ok()?;
            let event = &verified[place].value;
            let value = content.with_text(event, &change.apply(&content.text(event)?)?)?;
            Some((place, Item { number: change.event, value }))
        };
        self.rewrites(verified, content)?.iter().map(changed).collect()
    }
}
