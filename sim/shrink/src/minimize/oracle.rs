//! The oracle: decides whether a candidate trace still shows the same bug.

use std::borrow::Cow;

use afresh_core::Signature;

use super::candidate::{Candidate, Identity};
use super::verdict::Verdict;

/// Decides whether a candidate still shows the same bug.
///
/// `T` is the type of an event: a line of a file, an event of a trace, a message of a user's own type. A closure from
/// `&Candidate<T>` to [`Verdict`] is an oracle.
pub trait Oracle<T> {
    /// Runs `candidate` once.
    fn test(&mut self, candidate: &Candidate<'_, T>) -> Verdict;

    /// How many candidates of a trace with this many events can run at the same time. By default one.
    fn width(&self, events: usize) -> usize {
        let _ = events;
        1
    }

    /// Runs several candidates of one verified trace, each on the guess that those before it do not show the bug.
    ///
    /// Returns verdicts in the order of the candidates, and may omit those after the first that shows the bug.
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

    /// Tells the oracle which bug the original shows: the one that [`Verdict::Same`] named, in this search or in the one
    /// that it resumes. From now on, no other failure is the same.
    fn bug_is(&mut self, bug: &Signature) {
        let _ = bug;
    }

    /// Tells the oracle that `candidate` is about to become the verified trace. An oracle that keeps states along that
    /// trace updates them here.
    fn accepted(&mut self, candidate: &Candidate<'_, T>) {
        let _ = candidate;
    }

    /// What the oracle knows of events without a run. By default nothing.
    fn content(&self) -> &dyn Content<T> {
        &Opaque
    }
}

impl<T, F: FnMut(&Candidate<'_, T>) -> Verdict> Oracle<T> for F {
    fn test(&mut self, candidate: &Candidate<'_, T>) -> Verdict {
        self(candidate)
    }
}

/// What an oracle knows of events without a run: which are alike, which belong together, and how they can be changed.
///
/// A search works without any of it; each method makes it faster or its result smaller.
pub trait Content<T> {
    /// The identity of a candidate. Candidates with the same identity are run once.
    ///
    /// By default it is made of the numbers and texts of the events left. An oracle to which equal events are alike
    /// should use their contents alone: then the second of two equal events need not be run.
    fn identity(&self, candidate: &Candidate<'_, T>) -> Identity {
        candidate.identity()
    }

    /// The values in `event`, as hashes, that other events may have too: what it is about, and what names it.
    ///
    /// Events that share a rare value probably belong together, so the search first tries those that are linked to the
    /// failing one.
    fn links(&self, event: &T) -> Vec<u64> {
        let _ = event;
        Vec::new()
    }

    /// The numbers of the events that the failure can depend on, as far as is known without a run. Numbers of events that
    /// were removed may be among them.
    ///
    /// The narrowest guess has width 0; there is none where this returns `None`.
    fn scope(&self, width: usize) -> Option<Vec<u64>> {
        let _ = width;
        None
    }

    /// The rank of `event`: if no event had come late or was reordered, events would ascend in rank.
    fn rank(&self, event: &T) -> Option<i64> {
        let _ = event;
        None
    }

    /// The text of `event`, as far as it may be made simpler: JSON, or words.
    fn text<'e>(&self, event: &'e T) -> Option<Cow<'e, str>> {
        let _ = event;
        None
    }

    /// `event` with another text; `None` where that does not read back, so that it takes no run to reject it.
    fn with_text(&self, event: &T, text: &str) -> Option<T> {
        let _ = (event, text);
        None
    }
}

/// The content of events of which nothing is known.
struct Opaque;

impl<T> Content<T> for Opaque {}
