//! The verified trace: the last one that showed the bug.

use std::borrow::Cow;

use regex::Regex;

use super::candidate::{Candidate, Identity, Item, Texts};
use super::edit::Edit;
use super::oracle::Content;
use super::order::is_smaller;
use super::pass::View;

/// The verified trace: the last one that showed the bug, or the original.
#[derive(Clone, Debug)]
pub(super) struct Verified<T> {
    /// The items of the trace.
    pub(super) items: Vec<Item<T>>,
    /// The number of the event at which the failure showed, if the oracle can tell.
    pub(super) failing: Option<u64>,
    /// The texts that differ from those of the original.
    texts: Texts,
    /// The pattern whose matches must stay as they are.
    keep: Option<Regex>,
}

impl<T> Verified<T> {
    /// Returns the original, before it is run.
    pub(super) fn new(items: Vec<Item<T>>, keep: Option<Regex>) -> Self {
        Self { items, failing: None, texts: Texts::new(), keep }
    }

    /// Returns the number of events, and of bytes in their texts.
    pub(super) fn size(&self, content: &dyn Content<T>) -> (usize, usize) {
        let texts = self.items.iter().filter_map(|item| content.text(&item.value));
        (self.items.len(), texts.map(|text| text.len()).sum())
    }

    /// Returns the trace as a pass sees it.
    pub(super) fn view<'v>(&'v self, content: &'v dyn Content<T>) -> Seen<'v, T> {
        Seen { verified: self, content }
    }

    /// Returns the candidate that `edit` makes of this trace. Returns `None` if the candidate would not be smaller, or
    /// if a rewritten event does not read back, or if it would change a text that must stay.
    pub(super) fn candidate<'c>(&'c self, edit: &'c Edit, content: &dyn Content<T>) -> Option<Candidate<'c, T>> {
        if edit.removed().is_empty()
            && *edit != Edit::Keep
            && !is_smaller(&self.view(content), &edit.rewrites(&self.items, content)?)
        {
            return None;
        }
        let rewritten = edit.rewrite(&self.items, content)?;
        if let Some(keep) = &self.keep
            && loses(keep, &self.items, edit, &rewritten, content)
        {
            return None;
        }
        let mut texts = Cow::Borrowed(&self.texts);
        for (_, item) in &rewritten {
            let text = Identity::of([content.text(&item.value)?.as_bytes()]);
            texts.to_mut().insert(item.number, text);
        }
        Some(Candidate::with(&self.items, edit, rewritten, texts))
    }

    /// Makes the candidate of `edit` the verified trace, because it showed the bug, at event `failing` if the oracle
    /// can tell. `texts` holds the texts that then differ from those of the original.
    pub(super) fn accept(&mut self, edit: &Edit, texts: Texts, failing: Option<u64>, content: &dyn Content<T>) {
        // The edit fits: it was applied before, to make the candidate.
        let _ = edit.apply(&mut self.items, content);
        self.texts = texts;
        self.failing = failing;
    }
}

/// Returns whether an edit removes or changes any match of `keep`. `rewritten` holds the events that it changes, each
/// with its place.
fn loses<T>(
    keep: &Regex,
    items: &[Item<T>],
    edit: &Edit,
    rewritten: &[(usize, Item<T>)],
    content: &dyn Content<T>,
) -> bool {
    let text = |item: &Item<T>| content.line(&item.value).map(Cow::into_owned).unwrap_or_default();
    let place = |number: u64| items.partition_point(|item| item.number < number);
    let removed = edit.removed().iter().flat_map(|(first, last)| &items[place(*first)..place(last.saturating_add(1))]);
    let changes = |(place, after): &(usize, Item<T>)| {
        let (before, after) = (text(&items[*place]), text(after));
        !keep.find_iter(&before).map(|found| found.as_str()).eq(keep.find_iter(&after).map(|found| found.as_str()))
    };
    removed.into_iter().any(|item| keep.is_match(&text(item))) || rewritten.iter().any(changes)
}

/// The verified trace, as a pass sees it.
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

    fn rebase(&self, remove: &[(u64, u64)]) -> Option<Vec<u64>> {
        self.content.rebase(&self.verified.items, remove).map(|rebased| rebased.gone)
    }

    fn rank(&self, place: usize, text: Option<&str>) -> Option<i64> {
        let event = &self.verified.items[place].value;
        match text {
            None => self.content.rank(event),
            Some(text) => self.content.rank(&self.content.with_text(event, text)?),
        }
    }

    fn text(&self, place: usize) -> Option<Cow<'_, str>> {
        self.content.text(&self.verified.items[place].value)
    }
}
