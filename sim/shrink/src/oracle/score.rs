//! An oracle that asks a command for a number, and passes on a candidate only if that number has not grown.

use std::collections::BTreeMap;

use super::command::CommandOracle;
use crate::minimize::{Candidate, Content, Edit, Identity, Oracle, Verdict};

/// An oracle that passes on a candidate only if its score is not greater than that of the verified trace.
///
/// The score is the number that a command prints on its standard output, before anything else.
#[derive(Debug)]
pub struct Score {
    command: CommandOracle,
    /// The scores of the original and of the verified trace.
    first: Option<f64>,
    best: Option<f64>,
    /// The scores of the candidates that passed and may be accepted.
    passed: BTreeMap<Identity, f64>,
}

impl Score {
    /// Creates the oracle, which runs the template of `command`.
    #[must_use]
    pub fn new(command: CommandOracle) -> Self {
        Self { command, first: None, best: None, passed: BTreeMap::new() }
    }

    /// Returns the scores of the original and of the result.
    #[must_use]
    pub fn first_and_best(&self) -> Option<(f64, f64)> {
        self.first.zip(self.best)
    }

    /// Returns the score of a candidate, or the reason why it has none.
    fn of<T: AsRef<[u8]>>(&mut self, candidate: &Candidate<'_, T>) -> Result<f64, String> {
        let output = self.command.output(candidate)?;
        let output = String::from_utf8_lossy(&output);
        let word = output.split_whitespace().next().unwrap_or_default();
        let number = word.parse::<f64>().ok().filter(|number| number.is_finite());
        number.ok_or_else(|| format!("expected the command to print a number, but it prints `{word}`"))
    }
}

impl<T: AsRef<[u8]> + From<Vec<u8>> + Sync> Oracle<T> for Score {
    fn test(&mut self, candidate: &Candidate<'_, T>) -> Verdict {
        let score = match self.of(candidate) {
            Ok(score) => score,
            Err(reason) => return Verdict::Unresolved(reason),
        };
        match self.best {
            // A run of the verified trace sets the score that candidates must not exceed.
            _ if *candidate.edit() == Edit::Keep => {
                self.first.get_or_insert(score);
                self.best = Some(score);
            }
            Some(best) if score > best => return Verdict::Unresolved(format!("{score} is more than {best}")),
            _ => _ = self.passed.insert(self.content().identity(candidate), score),
        }
        Verdict::Passed
    }

    fn accepted(&mut self, candidate: &Candidate<'_, T>) {
        // A resumed search accepts candidates that it does not test again.
        let passed = std::mem::take(&mut self.passed).remove(&self.content().identity(candidate));
        self.best = passed.or_else(|| self.of(candidate).ok()).or(self.best);
    }

    fn went_back(&mut self, candidate: &Candidate<'_, T>) {
        self.accepted(candidate);
    }

    fn content(&self) -> &dyn Content<T> {
        self.command.content()
    }
}
