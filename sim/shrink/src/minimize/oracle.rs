//! The interface of an oracle, which runs a candidate trace and says whether it still shows the same bug.

use std::borrow::Cow;

use afresh_core::Signature;

use super::candidate::{Candidate, Identity, Item};
use super::edit::Rewrite;
use super::verdict::Verdict;

/// Runs candidates, and says of each whether it still shows the same bug.
///
/// `T` is the type of an event: a line of a file, an event of a trace, or a message of your own type. Every closure
/// from `&Candidate<T>` to [`Verdict`] is an oracle.
pub trait Oracle<T> {
    /// Runs `candidate` once, and returns whether it shows the bug.
    fn test(&mut self, candidate: &Candidate<'_, T>) -> Verdict;

    /// Returns how many candidates may run at the same time if the trace has `events` events. By default, 1.
    fn width(&self, events: usize) -> usize {
        let _ = events;
        1
    }

    /// Runs several candidates of the same verified trace.
    ///
    /// All but the first are speculative: the search needs the verdict on a candidate only if none before it shows the
    /// bug. So this returns verdicts in the order of the candidates, and may leave out those after the first
    /// [`Verdict::Same`].
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

    /// Tells the oracle which bug the search is about. From now on, a failure with any other signature is
    /// [`Verdict::Other`].
    ///
    /// The search has the signature from the verdict on the original, in this search or in the one that it resumes.
    fn bug_is(&mut self, bug: &Signature) {
        let _ = bug;
    }

    /// Tells the oracle that `candidate` is about to become the verified trace.
    ///
    /// An oracle that keeps states along the verified trace, so as to run less of each candidate, updates them here.
    fn accepted(&mut self, candidate: &Candidate<'_, T>) {
        let _ = candidate;
    }

    /// Tells the oracle that the search has taken steps back, because their result did not show the bug again.
    /// `candidate` is the verified trace now, and its edit changes nothing.
    fn went_back(&mut self, candidate: &Candidate<'_, T>) {
        let _ = candidate;
    }

    /// Returns whether every run of a candidate has the same verdict. If so, the result is not run again to confirm it.
    /// By default, false.
    fn repeats(&self) -> bool {
        false
    }

    /// Returns the oracle's knowledge about single events. By default, it knows nothing about them.
    fn content(&self) -> &dyn Content<T> {
        &Opaque
    }
}

impl<T, F: FnMut(&Candidate<'_, T>) -> Verdict> Oracle<T> for F {
    fn test(&mut self, candidate: &Candidate<'_, T>) -> Verdict {
        self(candidate)
    }
}

/// Knowledge about events: which ones are alike, which ones belong together, and how they can be changed.
///
/// A search works without it. Each method that is implemented makes the search faster or its result smaller.
pub trait Content<T> {
    /// Returns the identity of a candidate. Candidates with the same identity are run only once.
    ///
    /// By default, candidates are the same if they have the same event numbers and the same rewritten texts. If events
    /// with equal content are interchangeable, return the identity of the contents alone: of two equal neighbours, only
    /// one then takes a run.
    fn identity(&self, candidate: &Candidate<'_, T>) -> Identity {
        candidate.identity()
    }

    /// Returns hashes of the values in `event` that other events may share, such as the name of an account.
    ///
    /// Events that share a rare value probably belong together. So the search first tries to keep only those that are
    /// linked to the failing event.
    fn links(&self, event: &T) -> Vec<u64> {
        let _ = event;
        Vec::new()
    }

    /// Returns the numbers of the events on which the failure can depend, as far as the oracle can tell.
    ///
    /// `width` selects a guess: 0 is the narrowest, and each next one is wider. Returns `None` if there is no guess of
    /// this width. The numbers may include events that were already removed.
    fn scope(&self, width: usize) -> Option<Vec<u64>> {
        let _ = width;
        None
    }

    /// Returns the rank of `event`, if it has one. Ranks would ascend along the trace if no event had come late or had
    /// been reordered.
    fn rank(&self, event: &T) -> Option<i64> {
        let _ = event;
        None
    }

    /// Returns the text of `event` that a search may simplify: JSON, or words. `None` if it must stay as it is.
    fn text<'e>(&self, event: &'e T) -> Option<Cow<'e, str>> {
        let _ = event;
        None
    }

    /// Returns the text of `event` in which the patterns of what must stay are looked for: without its line end, and
    /// with U+FFFD for what is no UTF-8. `None` if it has no text.
    fn line<'e>(&self, event: &'e T) -> Option<Cow<'e, str>> {
        self.text(event)
    }

    /// Says how `items` change if the events in the spans of `remove` go, where events name places of a common order.
    /// Returns `None` if they name no places, as far as the oracle knows; see [`System::rebase`].
    ///
    /// [`System::rebase`]: afresh_core::System::rebase
    fn rebase(&self, items: &[Item<T>], remove: &[(u64, u64)]) -> Option<Rebased> {
        let _ = (items, remove);
        None
    }

    /// Returns `event` with another text, or `None` if the text does not read back as an event. A candidate with such a
    /// text is rejected without a run.
    fn with_text(&self, event: &T, text: &str) -> Option<T> {
        let _ = (event, text);
        None
    }
}

/// The changes that the removal of some events makes to the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rebased {
    /// The numbers of the events that make no sense without the removed ones, in ascending order.
    pub gone: Vec<u64>,
    /// The changes of the events that stay, in ascending order.
    pub rewrites: Vec<Rewrite>,
}

/// Knows nothing about events: every method does what it does by default.
struct Opaque;

impl<T> Content<T> for Opaque {}
