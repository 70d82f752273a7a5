//! Observers: they watch a search and can stop it. The writer of the walk is one, a progress bar another.

use std::ops::ControlFlow;

use super::candidate::{Candidate, Identity, Item};
use super::verdict::Verdict;

/// A run of a candidate that is about to begin, or has ended.
#[derive(Debug)]
pub struct Run<'a, T> {
    /// The number of the run, from 1.
    pub number: u64,
    /// The name of the pass that proposed the candidate, or `empty`, `reproduce`, `confirm` or `back`.
    pub pass: &'static str,
    /// The trace that is run.
    pub candidate: &'a Candidate<'a, T>,
    /// The identity of the candidate.
    pub identity: Identity,
    /// Only of a run of an earlier verified trace: the number of accepted steps that lead to it.
    pub steps: Option<usize>,
    /// After the run: whether it does not decide about the candidate, which is then run again.
    pub is_open: bool,
}

/// Watches a search.
///
/// Each method can stop the search by returning [`ControlFlow::Break`]. The search then returns the best trace so far.
pub trait Observer<T> {
    /// Called before each run, with what the run tries.
    fn before(&mut self, run: &Run<'_, T>) -> ControlFlow<()> {
        let _ = run;
        ControlFlow::Continue(())
    }

    /// Called after each run, with its verdict.
    ///
    /// Return [`ControlFlow::Break`] if the verdict cannot be trusted because the request to stop may also have ended
    /// the run. Such a verdict is discarded.
    fn after(&mut self, run: &Run<'_, T>, verdict: &Verdict) -> ControlFlow<()> {
        let _ = (run, verdict);
        ControlFlow::Continue(())
    }

    /// Called after each accepted candidate. `verified` shows the bug, and is smaller than any trace before, unless the
    /// search has taken steps back.
    fn step(&mut self, verified: &[Item<T>]) -> ControlFlow<()> {
        let _ = verified;
        ControlFlow::Continue(())
    }

    /// Called between runs, while the search looks for the next candidate.
    fn between(&mut self) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// Ignores everything, and never stops the search.
impl<T> Observer<T> for () {}
