//! The verdict of a run of a candidate.

use std::fmt;

use afresh_core::Signature;
use serde::{Deserialize, Serialize};

/// The result of running a candidate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Verdict {
    /// The bug that is being minimized, by signature.
    Same {
        /// The number of the event at which it showed, where the oracle can tell. Saves the search for that place.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<u64>,
        /// What it is, where the oracle learns that from the original itself: said of the original alone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shows: Option<Signature>,
    },
    /// Another failure: kept as a finding of its own, never mistaken for the first.
    Other {
        /// What it is.
        signature: Signature,
        /// The number of the event at which it showed, where the oracle can tell.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<u64>,
    },
    /// No failure.
    Passed,
    /// The run itself went wrong, and says nothing about the bug.
    Unresolved(String),
}

impl Verdict {
    /// The bug, at a place that the oracle cannot tell.
    pub const SAME: Self = Self::Same { at: None, shows: None };

    /// The bug, at the event with this number.
    #[must_use]
    pub fn same_at(number: u64) -> Self {
        Self::Same { at: Some(number), shows: None }
    }

    /// Whether it is the bug.
    #[must_use]
    pub fn is_same(&self) -> bool {
        matches!(self, Self::Same { .. })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same { at: None, .. } => f.write_str("the bug is there"),
            Self::Same { at: Some(number), .. } => write!(f, "the bug is there, at event {number}"),
            Self::Other { signature, at: None } => write!(f, "another failure, {signature}"),
            Self::Other { signature, at: Some(number) } => write!(f, "another failure, {signature}, at event {number}"),
            Self::Passed => f.write_str("the bug is not there"),
            Self::Unresolved(reason) => write!(f, "unresolved, {reason}"),
        }
    }
}
