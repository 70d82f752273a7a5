//! An oracle for what does not fail every time.

use std::borrow::Cow;

use afresh_core::Signature;

use super::{Oracle, Verdict};
use crate::minimize::{Candidate, Identity};

/// Asks an oracle several times: a candidate shows the bug when it does in each run. The first run that says otherwise
/// decides.
#[derive(Debug)]
pub struct Repeated<'o, O: ?Sized> {
    /// The oracle to ask.
    pub oracle: &'o mut O,
    /// How often, at least once.
    pub times: u64,
}

impl<T, O: Oracle<T> + ?Sized> Oracle<T> for Repeated<'_, O> {
    fn test(&mut self, candidate: &Candidate<'_, T>) -> Verdict {
        let first = self.oracle.test(candidate);
        if let Verdict::Same { shows: Some(bug), .. } = &first {
            self.oracle.bug_is(bug);
        }
        for _ in 1..self.times {
            if !first.is_same() {
                break;
            }
            let verdict = self.oracle.test(candidate);
            if !verdict.is_same() {
                return verdict;
            }
        }
        first
    }

    fn width(&self, events: usize) -> usize {
        if self.times > 1 { 1 } else { self.oracle.width(events) }
    }

    fn test_all(&mut self, candidates: &[Candidate<'_, T>]) -> Vec<Verdict> {
        if self.times == 1 {
            return self.oracle.test_all(candidates);
        }
        candidates.iter().map(|candidate| self.test(candidate)).collect()
    }

    fn identity(&self, candidate: &Candidate<'_, T>) -> Identity {
        self.oracle.identity(candidate)
    }

    fn links(&self, event: &T) -> Vec<u64> {
        self.oracle.links(event)
    }

    fn scope(&self, width: usize) -> Option<Vec<u64>> {
        self.oracle.scope(width)
    }

    fn rank(&self, event: &T) -> Option<i64> {
        self.oracle.rank(event)
    }

    fn text<'e>(&self, event: &'e T) -> Option<Cow<'e, str>> {
        self.oracle.text(event)
    }

    fn with_text(&self, event: &T, text: &str) -> Option<T> {
        self.oracle.with_text(event, text)
    }

    fn bug_is(&mut self, bug: &Signature) {
        self.oracle.bug_is(bug);
    }

    fn accepted(&mut self, candidate: &Candidate<'_, T>) {
        self.oracle.accepted(candidate);
    }
}
