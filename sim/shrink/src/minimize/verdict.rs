//! The verdict on a candidate: whether its run showed the bug.

use std::fmt;

use afresh_core::Signature;
use serde::{Deserialize, Serialize};

/// The result for a candidate: the same bug, another bug, no failure, or no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Verdict {
    /// The run showed the bug that is being minimized: a failure with its signature.
    Same {
        /// The number of the event at which the bug showed, if the oracle can tell. It saves a search for that event.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<u64>,
        /// The signature of the bug. Only the verdict on the original has it, and only if the oracle learns the bug
        /// from the original.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shows: Option<Signature>,
    },
    /// The run showed a failure with another signature. It is kept as a separate finding.
    Other {
        /// The signature of that failure.
        signature: Signature,
        /// The number of the event at which that failure showed, if the oracle can tell.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<u64>,
    },
    /// The run showed no failure.
    Passed,
    /// The run itself went wrong, so it says nothing about the bug. Holds the reason, such as `took too long`.
    Unresolved(String),
}

impl Verdict {
    /// The verdict on a run that showed the bug, from an oracle that cannot tell at which event.
    pub const SAME: Self = Self::Same { at: None, shows: None };

    /// Returns the verdict on a run that showed the bug at the event with this number.
    #[must_use]
    pub fn same_at(number: u64) -> Self {
        Self::Same { at: Some(number), shows: None }
    }

    /// Returns whether the run showed the bug.
    #[must_use]
    pub fn is_same(&self) -> bool {
        matches!(self, Self::Same { .. })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same { at: None, .. } => f.write_str("the bug shows"),
            Self::Same { at: Some(number), .. } => write!(f, "the bug shows at event {number}"),
            Self::Other { signature, at: None } => write!(f, "another failure, {signature}"),
            Self::Other { signature, at: Some(number) } => write!(f, "another failure, {signature}, at event {number}"),
            Self::Passed => f.write_str("the bug is gone"),
            Self::Unresolved(reason) => write!(f, "unresolved: {reason}"),
        }
    }
}

/// Returns the verdict on a run of the original as the end of a sentence about that run, such as `did not show it`.
pub(super) fn shown(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Same { at: None, .. } => "showed it".to_owned(),
        Verdict::Same { at: Some(number), .. } => format!("showed it at event {number}"),
        Verdict::Other { .. } => format!("showed {verdict}"),
        Verdict::Passed => "did not show it".to_owned(),
        Verdict::Unresolved(_) => format!("was {verdict}"),
    }
}

/// Returns the end of a sentence about an original that does not show the bug: a colon and what it shows instead, if
/// anything.
pub(super) fn instead(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Passed => String::new(),
        Verdict::Unresolved(reason) => format!(": {reason}"),
        Verdict::Same { .. } | Verdict::Other { .. } => format!(": {verdict}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Refusal;
    use super::*;

    #[test]
    fn a_refusal_says_what_the_runs_of_the_original_showed() {
        let other = Verdict::Other { signature: Signature::new("panic", ""), at: None };
        let flaky = |before, after| Refusal::Flaky { before: Box::new(before), after: Box::new(after) }.to_string();
        let said = flaky(Verdict::Passed, Verdict::same_at(5));
        assert_eq!(
            said,
            "the bug is flaky (nondeterminism): one run did not show it, but the next showed it at event 5"
        );
        let said = flaky(Verdict::SAME, other.clone());
        let expected =
            "the bug is flaky (nondeterminism): one run showed it, but the next showed another failure, panic";
        assert_eq!(said, expected);
        assert_eq!(Refusal::DoesNotFail(Verdict::Passed).to_string(), "the bug does not show in the input");
        let said = Refusal::DoesNotFail(other).to_string();
        assert_eq!(said, "the bug does not show in the input: another failure, panic");
        let said = Refusal::Unresolved(Verdict::Unresolved("took too long".to_owned())).to_string();
        assert_eq!(said, "the input cannot be judged: took too long");
    }
}
