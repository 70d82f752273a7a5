//! Oracles: what decides whether a candidate trace still shows the same bug.

use afresh_core::Signature;

/// What a run of a candidate showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The bug that is being minimized, by signature.
    Same,
    /// Another failure: kept as a finding of its own, never mistaken for the first.
    Other(Signature),
    /// No failure.
    Passed,
    /// The run itself went wrong, and says nothing about the bug.
    Unresolved(String),
}

/// Decides whether a candidate still shows the same bug.
///
/// `C` is what is being made smaller: the bytes of a file, a trace, a list of a user's own messages.
pub trait Oracle<C: ?Sized> {
    /// Runs `candidate` once.
    fn test(&mut self, candidate: &C) -> Verdict;
}
