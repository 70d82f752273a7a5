//! The last trace in which the bug was seen, and what can become of it.

use std::borrow::Cow;

use super::candidate::{Candidate, Identity, Item, Texts};
use super::edit::{Edit, Rewrite};
use super::oracle::Content;
use super::order::is_smaller;
use super::pass::View;

/// The last trace in which the bug was seen.
#[derive(Clone, Debug)]
pub(super) struct Verified<T> {
    /// Its items.
    pub(super) items: Vec<Item<T>>,
    /// The number of the event at which the oracle saw the failure, where it can tell.
    pub(super) failing: Option<u64>,
    /// What the texts are, of those that are not as they were in the original.
    texts: Texts,
    /// Whether the text of every event is to stay as it is.
    verbatim: bool,
}

impl<T> Verified<T> {
    /// The original, before anything is known of it.
    pub(super) fn new(items: Vec<Item<T>>, verbatim: bool) -> Self {
        Self { items, failing: None, texts: Texts::new(), verbatim }
    }

    /// What a pass sees of it.
    pub(super) fn view<'v>(&'v self, content: &'v dyn Content<T>) -> Seen<'v, T> {
        Seen { verified: self, content }
    }

    /// The candidate of `edit`; nothing where an event does not read back, or the edit makes the trace no smaller.
    pub(super) fn candidate<'c>(&'c self, edit: &'c Edit, content: &dyn Content<T>) -> Option<Candidate<'c, T>> {
        if edit.removed().is_empty() && *edit != Edit::Keep && !is_smaller(&self.view(content), edit.rewritten()) {
            return None;
        }
        let rewritten = edit.rewrite(&self.items, |event, change| rewrite(event, change, content))?;
        let mut texts = Cow::Borrowed(&self.texts);
        for (_, item) in &rewritten {
            let text = Identity::of([content.text(&item.value)?.as_bytes()]);
            texts.to_mut().insert(item.number, text);
        }
        Some(Candidate::with(&self.items, edit, rewritten, texts))
    }

    /// The bug was seen at event `failing` of the candidate of `edit`, which gives the texts `texts`: it is the verified trace
    /// from now on.
    pub(super) fn accept(&mut self, edit: &Edit, texts: Texts, failing: Option<u64>, content: &dyn Content<T>) {
        // It could be applied to make the candidate.
        let _ = edit.apply(&mut self.items, |event, change| rewrite(event, change, content));
        self.texts = texts;
        self.failing = failing;
    }
}

fn rewrite<T>(event: &T, change: &Rewrite, content: &dyn Content<T>) -> Option<T> {
    content.with_text(event, &change.apply(&content.text(event)?)?)
}

/// A verified trace as passes see it.
pub(super) struct Seen<'v, T> {
    verified: &'v Verified<T>,
    content: &'v dyn Content<T>,
}

impl<T> View for Seen<'_, T> {
    fn len(&self) -> usize {
        self.verified.items.len()
    }

    fn number(&self, place: usize) -> u64 {
        self.verified.items[place].number
    }

    fn failing(&self) -> Option<u64> {
        self.verified.failing
    }

    fn links(&self, place: usize) -> Vec<u64> {
        self.content.links(&self.verified.items[place].value)
    }

    fn scope(&self, width: usize) -> Option<Vec<u64>> {
        self.content.scope(width)
    }

    fn rank(&self, place: usize, text: Option<&str>) -> Option<i64> {
        let event = &self.verified.items[place].value;
        match text {
            None => self.content.rank(event),
            Some(text) => self.content.rank(&self.content.with_text(event, text)?),
        }
    }

    fn text(&self, place: usize) -> Option<Cow<'_, str>> {
        if self.verified.verbatim { None } else { self.content.text(&self.verified.items[place].value) }
    }
}
