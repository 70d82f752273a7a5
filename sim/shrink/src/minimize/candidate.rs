//! Candidates: the verified trace with one edit made to it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::edit::Edit;

/// An event of a trace, with the number that it keeps through every edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item<T> {
    /// The event number. Numbers ascend along a trace.
    pub number: u64,
    /// The event itself.
    pub value: T,
}

impl<T> Item<T> {
    /// Returns `values` as items that are numbered from 1.
    pub fn numbered(values: impl IntoIterator<Item = T>) -> Vec<Self> {
        (1..).zip(values).map(|(number, value)| Self { number, value }).collect()
    }
}

/// The identity of the current text of each event that was rewritten, by event number.
pub(super) type Texts = BTreeMap<u64, Identity>;

/// The trace that an oracle runs next: the verified trace with one edit made to it.
///
/// Only the events that are rewritten are copied. An oracle that keeps states along the verified trace can start from
/// [`first_change`](Self::first_change).
#[derive(Clone, Debug)]
pub struct Candidate<'a, T> {
    verified: &'a [Item<T>],
    edit: &'a Edit,
    /// The ranges of the verified trace that the candidate keeps, by place. Each rewritten event is a range of its own.
    kept: Vec<Range<usize>>,
    /// The items that the edit rewrites, each with its place in the verified trace.
    rewritten: Vec<(usize, Item<T>)>,
    /// The texts that differ from those of the original.
    texts: Cow<'a, Texts>,
}

impl<'a, T> Candidate<'a, T> {
    /// Returns the candidate that `edit` makes of `verified`. The edit must not rewrite events.
    #[must_use]
    pub fn new(verified: &'a [Item<T>], edit: &'a Edit) -> Self {
        Self::with(verified, edit, Vec::new(), Cow::Owned(Texts::new()))
    }

    /// Returns the candidate that `edit` makes of `verified`.
    ///
    /// `rewritten` holds the items that the edit rewrites, each with its place. `texts` holds all texts of the
    /// candidate that differ from those of the original.
    pub(super) fn with(
        verified: &'a [Item<T>],
        edit: &'a Edit,
        rewritten: Vec<(usize, Item<T>)>,
        texts: Cow<'a, Texts>,
    ) -> Self {
        let place = |number: u64| verified.partition_point(|item| item.number < number);
        let removed = edit.removed().iter().map(|(first, last)| place(*first)..place(last.saturating_add(1)));
        let changed = rewritten.iter().map(|(place, _)| *place..*place + 1);
        let mut apart: Vec<_> = removed.map(|range| (range, false)).chain(changed.map(|range| (range, true))).collect();
        apart.sort_by_key(|(range, _)| range.start);
        let mut kept = Vec::new();
        let mut from = 0;
        for (range, stays) in apart.into_iter().filter(|(range, _)| !range.is_empty()) {
            if from < range.start {
                kept.push(from..range.start);
            }
            from = from.max(range.end);
            if stays {
                kept.push(range);
            }
        }
        if from < verified.len() {
            kept.push(from..verified.len());
        }
        Self { verified, edit, kept, rewritten, texts }
    }

    /// The verified trace: the one that the edit changes. It is known to show the bug.
    #[must_use]
    pub fn verified(&self) -> &'a [Item<T>] {
        self.verified
    }

    /// The one change of the verified trace.
    #[must_use]
    pub fn edit(&self) -> &'a Edit {
        self.edit
    }

    /// The items that the edit rewrites, with their new content.
    pub fn rewritten(&self) -> impl Iterator<Item = &Item<T>> {
        self.rewritten.iter().map(|(_, item)| item)
    }

    /// The items of the candidate, in order.
    pub fn items(&self) -> impl Iterator<Item = &Item<T>> + Clone {
        self.kept.iter().flat_map(|range| self.part(range))
    }

    fn part(&self, range: &Range<usize>) -> &[Item<T>] {
        match self.rewritten.binary_search_by_key(&range.start, |(place, _)| *place) {
            Ok(index) => std::slice::from_ref(&self.rewritten[index].1),
            Err(_) => &self.verified[range.clone()],
        }
    }

    /// The events of the candidate, in order, without their numbers.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.items().map(|item| &item.value)
    }

    /// The number of events of the candidate.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kept.iter().map(ExactSizeIterator::len).sum()
    }

    /// Whether the candidate has no items.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// The number of items at the start that are the same as in the verified trace.
    #[must_use]
    pub fn first_change(&self) -> usize {
        let kept = self.kept.first().filter(|range| range.start == 0).map_or(0, |range| range.end);
        self.rewritten.first().map_or(kept, |(place, _)| kept.min(*place))
    }

    /// Returns the texts that differ from those of the original.
    pub(super) fn into_texts(self) -> Texts {
        self.texts.into_owned()
    }

    /// Returns the identity of the candidate, made of the numbers of its events and of the texts that were rewritten.
    #[must_use]
    pub fn identity(&self) -> Identity {
        // Hashes ranges of consecutive numbers, because even a long trace has few of them.
        let numbers = |range: &Range<usize>| {
            let items = &self.verified[range.clone()];
            items.chunk_by(|item, next| item.number + 1 == next.number)
        };
        let mut runs: Vec<(u64, u64)> = Vec::new();
        for run in self.kept.iter().flat_map(numbers) {
            let (first, last) = (run[0].number, run[run.len() - 1].number);
            match runs.last_mut() {
                Some(run) if run.1 + 1 == first => run.1 = last,
                _ => runs.push((first, last)),
            }
        }
        let mut hasher = blake3::Hasher::new();
        for (first, last) in &runs {
            hasher.update(&first.to_le_bytes()).update(&last.to_le_bytes());
            for (number, text) in self.texts.range(first..=last) {
                hasher.update(&number.to_le_bytes()).update(&text.0.to_le_bytes());
            }
        }
        Identity::from_hash(&hasher)
    }
}

/// The identity of a candidate: 128 bits of BLAKE3 over everything that an oracle looks at.
///
/// If two candidates have the same identity, only one of them is run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity(u128);

impl Identity {
    /// Returns the identity of the bytes of all `parts`, one after another.
    pub fn of(parts: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(part.as_ref());
        }
        Self::from_hash(&hasher)
    }

    fn from_hash(hasher: &blake3::Hasher) -> Self {
        let mut bytes = [0; 16];
        hasher.finalize_xof().fill(&mut bytes);
        Self(u128::from_be_bytes(bytes))
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Identity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Identity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        u128::from_str_radix(&text, 16).map(Self).map_err(|_| de::Error::custom("expected 32 hexadecimal digits"))
    }
}
