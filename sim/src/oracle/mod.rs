//! Oracles: what decides whether a candidate trace still shows the same bug.

mod command;
pub(crate) mod ends;
mod process;
mod recognizer;
mod repeated;
mod scope;
mod system;
mod typed;
mod values;
mod world;

pub use command::{CommandOracle, Outcome, Template, rewrite_line};
pub use recognizer::{By, Recognizer};
pub use repeated::Repeated;
pub use system::{Aimless, Examined, SystemOracle, examine, rewrite_event};
pub use world::examine_world;

use std::borrow::Cow;
use std::fmt;

use afresh_core::Signature;
use serde::{Deserialize, Serialize};

use crate::minimize::{Candidate, Identity};

/// What a run of a candidate showed.
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

/// Decides whether a candidate still shows the same bug.
///
/// `T` is the type of an event: a line of a file, an event of a trace, a message of a user's own type. A closure from
/// `&Candidate<T>` to [`Verdict`] is an oracle.
pub trait Oracle<T> {
    /// Runs `candidate` once.
    fn test(&mut self, candidate: &Candidate<'_, T>) -> Verdict;

    /// How many candidates of a trace with this many events it can run at a time.
    fn width(&self, events: usize) -> usize {
        let _ = events;
        1
    }

    /// Runs several candidates of one verified trace, each on the guess that those before it do not show the bug. Gives
    /// verdicts in the order of the candidates, and may leave out those after the first that shows it.
    fn test_all(&mut self, candidates: &[Candidate<'_, T>]) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        for candidate in candidates {
            verdicts.push(self.test(candidate));
            if verdicts.last().is_some_and(Verdict::is_same) {
                break;
            }
        }
        verdicts
    }

    /// What makes two candidates the same to this oracle. Equal ones are run once.
    ///
    /// By default the numbers of the events left. An oracle that sees contents alone can say so here, and then the
    /// second of two equal events need not be run either.
    fn identity(&self, candidate: &Candidate<'_, T>) -> Identity {
        candidate.identity()
    }

    /// The values in `event`, as hashes, that other events may have too: what it is about, and what names it.
    ///
    /// Events that share a rare one probably belong together, so the search first tries those that are linked to the
    /// failing one. By default there are none.
    fn links(&self, event: &T) -> Vec<u64> {
        let _ = event;
        Vec::new()
    }

    /// The numbers of the events that the failure can depend on, as far as can be told without a run; others may be among
    /// them that are gone. The narrowest guess has width 0; by default there is none.
    fn scope(&self, width: usize) -> Option<Vec<u64>> {
        let _ = width;
        None
    }

    /// Where `event` belongs: if nothing came late and nothing was overtaken, events would ascend in this. By default nobody
    /// knows.
    fn rank(&self, event: &T) -> Option<i64> {
        let _ = event;
        None
    }

    /// The text of `event`, as far as it may be made simpler: JSON, or words. By default there is none.
    fn text<'e>(&self, event: &'e T) -> Option<Cow<'e, str>> {
        let _ = event;
        None
    }

    /// What `event` is with another text; nothing where that does not read back, so that it takes no run to dismiss it.
    fn with_text(&self, event: &T, text: &str) -> Option<T> {
        let _ = (event, text);
        None
    }

    /// The original shows `bug`, and no other failure is the same: what [`Verdict::Same`] said of it, in this search or in
    /// the one that it resumes.
    fn bug_is(&mut self, bug: &Signature) {
        let _ = bug;
    }

    /// `candidate` is about to become the verified trace. An oracle that keeps states along that trace keeps up here.
    fn accepted(&mut self, candidate: &Candidate<'_, T>) {
        let _ = candidate;
    }
}

impl<T, F: FnMut(&Candidate<'_, T>) -> Verdict> Oracle<T> for F {
    fn test(&mut self, candidate: &Candidate<'_, T>) -> Verdict {
        self(candidate)
    }
}
