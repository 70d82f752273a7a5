//! Divergences: the parts in which the recorded, incremental, recomputed and restated results for a key differ.

use alloc::vec::Vec;

/// The result of comparing one part of a state with the same part of a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// State and view have the same value.
    Equal,
    /// The part has one value in the state and another in the view.
    Diverged,
    /// The trace is a window of the history, and the value depends on something before it.
    NotDerivable,
}

/// The result of comparing a state with a view, part by part. Each part is named after a field of the view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    parts: Vec<(&'static str, Comparison)>,
}

impl Parts {
    /// Builds the result of a comparison as a whole, with `view` as its only part.
    pub fn whole(equal: bool) -> Self {
        Self::default().part("view", equal)
    }

    /// Builds a result whose only part is `part`, which is not derivable.
    pub fn not_derivable(part: &'static str) -> Self {
        Self::default().unknown(part)
    }

    /// Adds `part`: equal, or diverged if `equal` is false.
    #[must_use]
    pub fn part(mut self, part: &'static str, equal: bool) -> Self {
        self.parts.push((part, if equal { Comparison::Equal } else { Comparison::Diverged }));
        self
    }

    /// Adds `part` as not derivable.
    #[must_use]
    pub fn unknown(mut self, part: &'static str) -> Self {
        self.parts.push((part, Comparison::NotDerivable));
        self
    }

    /// Turns a result for a window into one for a complete trace if `complete`: parts that are not derivable diverged,
    /// because a complete trace lacks nothing.
    #[must_use]
    pub fn within(mut self, complete: bool) -> Self {
        for (_, comparison) in &mut self.parts {
            if complete && *comparison == Comparison::NotDerivable {
                *comparison = Comparison::Diverged;
            }
        }
        self
    }

    /// Iterates over the parts and the result for each.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, Comparison)> {
        self.parts.iter().copied()
    }

    /// Iterates over the parts that diverged.
    pub fn diverged(&self) -> impl Iterator<Item = &'static str> {
        self.of(Comparison::Diverged)
    }

    /// Iterates over the parts that are not derivable.
    pub fn underivable(&self) -> impl Iterator<Item = &'static str> {
        self.of(Comparison::NotDerivable)
    }

    /// Returns `true` if no part diverged. Parts that are not derivable do not count as diverged.
    pub fn agree(&self) -> bool {
        self.diverged().next().is_none()
    }

    fn of(&self, which: Comparison) -> impl Iterator<Item = &'static str> {
        self.iter().filter(move |(_, comparison)| *comparison == which).map(|(part, _)| part)
    }
}

/// The two results that disagree in a divergence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Between {
    /// The incremental state, carried from update to update, and the state recomputed from the first message.
    IncrementalRecomputed,
    /// The view that [`System::restate`](crate::System::restate) gives, and the recomputed state.
    RestatedRecomputed,
    /// The recorded view, and the state recomputed from all messages.
    RecordedRecomputed,
    /// The recorded view, and one step from the recorded view before it.
    RecordedStep,
}
