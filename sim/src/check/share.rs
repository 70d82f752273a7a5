//! How several passes over a trace share the work: each runs all of it, and looks at a part.

use std::hash::BuildHasher;

use afresh_core::Key;
use rustc_hash::FxBuildHasher;

/// What a pass looks at. All passes together look at every key at every step.
#[derive(Clone, Copy)]
pub(super) enum Share {
    /// Everything.
    All,
    /// Every `of`th step, from this number on.
    Steps { number: u64, of: u64 },
    /// One key in `of`, at every step.
    Keys { number: u64, of: u64 },
}

impl Share {
    /// This key, and hardly any other.
    pub(super) fn of(key: &Key) -> Self {
        let of = 1 << 32;
        Self::Keys { number: hash(key) % of, of }
    }

    /// Whether it has any part of this step.
    pub(super) fn has_step(self, step: u64) -> bool {
        match self {
            Self::Steps { number, of } => step % of == number,
            Self::All | Self::Keys { .. } => true,
        }
    }

    /// Whether it has any part of what is to be looked at once, at the end.
    pub(super) fn has_end(self) -> bool {
        self.has_step(0)
    }

    /// Whether it has this key, at the steps that it has; or what concerns no key.
    pub(super) fn has(self, key: Option<&Key>) -> bool {
        match self {
            Self::Keys { number, of } => key.map_or(0, |key| hash(key) % of) == number,
            Self::All | Self::Steps { .. } => true,
        }
    }
}

fn hash(key: &Key) -> u64 {
    FxBuildHasher.hash_one(key)
}
