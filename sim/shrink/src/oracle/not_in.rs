//! An oracle that asks a correct twin: it counts a candidate only if the twin passes on it.

use afresh_core::Signature;

use crate::minimize::{Candidate, Content, Oracle, Verdict};

/// An oracle that counts a candidate only if a second oracle, that of a correct twin, passes on it.
///
/// A trace on which the twin fails as well does not show the bug: it shows that the property is too strong, or that an
/// assumption is broken. The twin runs only the candidates that show the bug, so most candidates take one run.
#[derive(Debug)]
pub struct NotIn<'o, O: ?Sized, T: ?Sized> {
    oracle: &'o mut O,
    twin: Option<&'o mut T>,
}

impl<'o, O: ?Sized, T: ?Sized> NotIn<'o, O, T> {
    /// Creates the oracle. Without a twin, it is the same as `oracle`.
    pub fn new(oracle: &'o mut O, twin: Option<&'o mut T>) -> Self {
        Self { oracle, twin }
    }

    /// Returns the verdict on a candidate whose own verdict is `verdict`, after asking the twin if that matters.
    fn judge<E>(&mut self, candidate: &Candidate<'_, E>, verdict: Verdict) -> Verdict
    where
        T: Oracle<E>,
    {
        let Some(twin) = self.twin.as_mut().filter(|_| verdict.is_same()) else { return verdict };
        match twin.test(candidate) {
            Verdict::Passed => verdict,
            Verdict::Same { .. } => Verdict::Unresolved("the correct twin fails in the same way".to_owned()),
            Verdict::Other { signature, .. } => Verdict::Unresolved(format!("the correct twin fails: {signature}")),
            Verdict::Unresolved(reason) => Verdict::Unresolved(format!("the correct twin: {reason}")),
        }
    }
}

impl<E, O: Oracle<E> + ?Sized, T: Oracle<E> + ?Sized> Oracle<E> for NotIn<'_, O, T> {
    fn test(&mut self, candidate: &Candidate<'_, E>) -> Verdict {
        let verdict = self.oracle.test(candidate);
        self.judge(candidate, verdict)
    }

    fn width(&self, events: usize) -> usize {
        self.oracle.width(events)
    }

    fn test_all(&mut self, candidates: &[Candidate<'_, E>]) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        while verdicts.len() < candidates.len() && !verdicts.last().is_some_and(Verdict::is_same) {
            let rest = &candidates[verdicts.len()..];
            let before = verdicts.len();
            for (verdict, candidate) in self.oracle.test_all(rest).into_iter().zip(rest) {
                let showed = verdict.is_same();
                verdicts.push(self.judge(candidate, verdict));
                // The oracle may have left out the verdicts after this one.
                if showed {
                    break;
                }
            }
            if verdicts.len() == before {
                break;
            }
        }
        verdicts
    }

    fn bug_is(&mut self, bug: &Signature) {
        self.oracle.bug_is(bug);
        if let Some(twin) = &mut self.twin {
            twin.bug_is(bug);
        }
    }

    fn accepted(&mut self, candidate: &Candidate<'_, E>) {
        self.oracle.accepted(candidate);
        if let Some(twin) = &mut self.twin {
            twin.accepted(candidate);
        }
    }

    fn went_back(&mut self, candidate: &Candidate<'_, E>) {
        self.oracle.went_back(candidate);
        if let Some(twin) = &mut self.twin {
            twin.went_back(candidate);
        }
    }

    fn repeats(&self) -> bool {
        self.oracle.repeats() && self.twin.as_ref().is_none_or(|twin| twin.repeats())
    }

    fn content(&self) -> &dyn Content<E> {
        self.oracle.content()
    }
}
