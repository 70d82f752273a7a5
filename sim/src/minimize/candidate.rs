//! What a run is made of: the last verified trace and one edit of it.

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::edit::Edit;

/// One item of a trace, with the number that every edit keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item<T> {
    /// The event number. Numbers ascend along a trace.
    pub number: u64,
    /// The event itself.
    pub value: T,
}

impl<T> Item<T> {
    /// `values` numbered 1, 2, 3 and so on.
    pub fn numbered(values: impl IntoIterator<Item = T>) -> Vec<Self> {
        (1..).zip(values).map(|(number, value)| Self { number, value }).collect()
    }
}

/// A trace that an oracle is asked about: the last verified trace with one edit made to it.
///
/// Nothing is copied to make a candidate. An oracle that keeps states along the verified trace starts again from
/// [`first_change`](Self::first_change).
#[derive(Clone, Debug)]
pub struct Candidate<'a, T> {
    verified: &'a [Item<T>],
    edit: &'a Edit,
    kept: Vec<Range<usize>>,
}

impl<'a, T> Candidate<'a, T> {
    /// `verified` with `edit` made to it.
    #[must_use]
    pub fn new(verified: &'a [Item<T>], edit: &'a Edit) -> Self {
        let mut kept = Vec::new();
        let mut from = 0;
        if let Edit::Remove(spans) = edit {
            for (first, last) in spans {
                let start = verified.partition_point(|item| item.number < *first);
                let end = verified.partition_point(|item| item.number <= *last);
                if start < end {
                    if from < start {
                        kept.push(from..start);
                    }
                    from = from.max(end);
                }
            }
        }
        if from < verified.len() {
            kept.push(from..verified.len());
        }
        Self { verified, edit, kept }
    }

    /// The trace that the edit is made to; the bug is known to be in it.
    #[must_use]
    pub fn verified(&self) -> &'a [Item<T>] {
        self.verified
    }

    /// The one change that is made.
    #[must_use]
    pub fn edit(&self) -> &'a Edit {
        self.edit
    }

    /// The items of the candidate, in order.
    pub fn items(&self) -> impl Iterator<Item = &'a Item<T>> + Clone {
        self.kept.iter().flat_map(|range| &self.verified[range.clone()])
    }

    /// The events of the candidate, in order, without their numbers.
    pub fn values(&self) -> impl Iterator<Item = &'a T> {
        self.items().map(|item| &item.value)
    }

    /// The number of items.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kept.iter().map(ExactSizeIterator::len).sum()
    }

    /// Whether nothing is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// How many items at the start are those of the verified trace, unchanged.
    #[must_use]
    pub fn first_change(&self) -> usize {
        self.kept.first().map_or(0, |range| if range.start == 0 { range.end } else { 0 })
    }

    /// The identity of the candidate by the numbers of its events.
    #[must_use]
    pub fn identity(&self) -> Identity {
        // Runs of consecutive numbers rather than numbers: of a long trace there are few.
        let kept = self.kept.iter().map(|range| &self.verified[range.clone()]);
        let runs = kept.flat_map(|items| items.chunk_by(|item, next| item.number + 1 == next.number));
        Identity::of(runs.flat_map(|run| [run[0].number, run[run.len() - 1].number]).map(u64::to_le_bytes))
    }
}

/// What makes two candidates the same, so that neither is run twice: 128 bits of BLAKE3 over what an oracle looks at.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity(u128);

impl Identity {
    /// The identity of the bytes of `parts`, one after the other.
    pub fn of(parts: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(part.as_ref());
        }
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
