//! An oracle that asks a second one, such as a correct twin: it counts a candidate only if the second one passes on it.

use afresh_core::Signature;

use crate::minimize::{Candidate, Content, Oracle, Verdict};

/// An oracle that counts a candidate only if a second oracle passes on it.
///
/// The second one runs only the candidates that show the bug, so most candidates take one run.
#[derive(Debug)]
pub struct Second<'o, O: ?Sized, T: ?Sized> {
    oracle: &'o mut O,
    second: Option<&'o mut T>,
    name: &'static str,
}

impl<'o, O: ?Sized, T: ?Sized> Second<'o, O, T> {
    /// Creates an oracle that asks the oracle of a correct twin. Without a twin, it is the same as `oracle`.
    ///
    /// A trace on which the twin fails as well does not show the bug: it shows that the property is too strong, or that
    /// an assumption is broken.
    pub fn twin(oracle: &'o mut O, twin: Option<&'o mut T>) -> Self {
        Self { oracle, second: twin, name: "the correct twin" }
    }

    /// Creates an oracle that asks a [`Score`](super::Score). Without one, it is the same as `oracle`.
    pub fn score(oracle: &'o mut O, score: Option<&'o mut T>) -> Self {
        Self { oracle, second: score, name: "the score" }
    }

    /// Returns the verdict on a candidate whose own verdict is `verdict`, after asking the second one if that matters.
    fn judge<E>(&mut self, candidate: &Candidate<'_, E>, verdict: Verdict) -> Verdict
    where
        T: Oracle<E>,
    {
        let Some(second) = self.second.as_mut().filter(|_| verdict.is_same()) else { return verdict };
        let name = self.name;
        match second.test(candidate) {
            Verdict::Passed => verdict,
            Verdict::Same { .. } => Verdict::Unresolved(format!("{name} fails in the same way")),
            Verdict::Other { signature, .. } => Verdict::Unresolved(format!("{name} fails: {signature}")),
            Verdict::Unresolved(reason) => Verdict::Unresolved(format!("{name}: {reason}")),
        }
    }
}

impl<E, O: Oracle<E> + ?Sized, T: Oracle<E> + ?Sized> Oracle<E> for Second<'_, O, T> {
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
        if let Some(second) = &mut self.second {
            second.bug_is(bug);
        }
    }

    fn accepted(&mut self, candidate: &Candidate<'_, E>) {
        self.oracle.accepted(candidate);
        if let Some(second) = &mut self.second {
            second.accepted(candidate);
        }
    }

    fn went_back(&mut self, candidate: &Candidate<'_, E>) {
        self.oracle.went_back(candidate);
        if let Some(second) = &mut self.second {
            second.went_back(candidate);
        }
    }

    fn repeats(&self) -> bool {
        self.oracle.repeats() && self.second.as_ref().is_none_or(|second| second.repeats())
    }

    fn content(&self) -> &dyn Content<E> {
        self.oracle.content()
    }
}
