//! What may look on while a trace is minimized: the writer of the walk, a progress bar, whoever wants it to stop.

use std::ops::ControlFlow;

use super::candidate::{Candidate, Identity, Item};
use super::verdict::Verdict;

/// A run that is about to begin, or has ended.
#[derive(Debug)]
pub struct Run<'a, T> {
    /// Which run it is, counted from 1.
    pub number: u64,
    /// What is being tried: `empty`, `reproduce`, or the name of a pass.
    pub pass: &'static str,
    /// The trace that is run.
    pub candidate: &'a Candidate<'a, T>,
    /// What makes it the same as another.
    pub identity: Identity,
}

/// Looks on. Each method may end the search by [`ControlFlow::Break`]; the best trace so far is kept.
pub trait Observer<T> {
    /// Before a run: its intent.
    fn before(&mut self, run: &Run<'_, T>) -> ControlFlow<()> {
        let _ = run;
        ControlFlow::Continue(())
    }

    /// After a run: its verdict. To break here says that the verdict is not to be trusted, because what ended the
    /// search may have ended the run; it is not used.
    fn after(&mut self, run: &Run<'_, T>, verdict: &Verdict) -> ControlFlow<()> {
        let _ = (run, verdict);
        ControlFlow::Continue(())
    }

    /// After a step: `verified` is smaller than any trace before, and has the bug.
    fn step(&mut self, verified: &[Item<T>]) -> ControlFlow<()> {
        let _ = verified;
        ControlFlow::Continue(())
    }
}

/// Nobody looks on.
impl<T> Observer<T> for () {}
