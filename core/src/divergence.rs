//! Divergences: where recorded, incremental, recomputed and restated differ, part by part.

use alloc::vec::Vec;

/// How one part of a state compares with one part of a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// The same.
    Equal,
    /// Not the same.
    Diverged,
    /// The window of the history that is there does not say.
    NotDerivable,
}

/// A comparison, part by part. The names of the parts are those of the view's fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    parts: Vec<(&'static str, Comparison)>,
}

impl Parts {
    /// The comparison of two wholes that have no parts to tell apart.
    pub fn whole(equal: bool) -> Self {
        Self::default().part("view", equal)
    }

    /// A comparison in which `part` is not derivable, where there is nothing else to say.
    pub fn not_derivable(part: &'static str) -> Self {
        Self::default().unknown(part)
    }

    /// Adds `part`.
    #[must_use]
    pub fn part(mut self, part: &'static str, equal: bool) -> Self {
        self.parts.push((part, if equal { Comparison::Equal } else { Comparison::Diverged }));
        self
    }

    /// Adds `part` as one that is not derivable.
    #[must_use]
    pub fn unknown(mut self, part: &'static str) -> Self {
        self.parts.push((part, Comparison::NotDerivable));
        self
    }

    /// The parts and how they compare.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, Comparison)> {
        self.parts.iter().copied()
    }

    /// The parts that diverged.
    pub fn diverged(&self) -> impl Iterator<Item = &'static str> {
        self.of(Comparison::Diverged)
    }

    /// The parts that are not derivable.
    pub fn underivable(&self) -> impl Iterator<Item = &'static str> {
        self.of(Comparison::NotDerivable)
    }

    /// Whether no part diverged.
    pub fn agree(&self) -> bool {
        self.diverged().next().is_none()
    }

    fn of(&self, which: Comparison) -> impl Iterator<Item = &'static str> {
        self.iter().filter(move |(_, comparison)| *comparison == which).map(|(part, _)| part)
    }
}

/// Which two of the four accounts of a state differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Between {
    /// The state carried from update to update, and the one folded from the first message.
    IncrementalRecomputed,
    /// The independent statement, and the fold.
    RestatedRecomputed,
    /// What the trace recorded, and the fold of all messages.
    RecordedRecomputed,
    /// What the trace recorded, and one step from what it had recorded before.
    RecordedStep,
}
