//! The ways in which a worker can end before its task is done, and the bug that each one stands for.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use afresh_core::Signature;
use afresh_shrink::minimize::Verdict;
use afresh_shrink::oracle::ends;
use serde::{Deserialize, Serialize};

/// A part of the message that Rust prints if an allocation fails.
const NO_MEMORY: &str = "memory allocation of";

/// A part of the message that Rust prints if a stack overflows.
const NO_STACK: &str = "has overflowed its stack";

/// The way in which a system ended its worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Death {
    /// The system ended it by a bug with this signature.
    Of(Signature),
    /// Another process killed it, which says nothing about the system.
    Killed,
}

impl Death {
    /// Finds out how a worker ended: from its exit status, from whether a run exceeded its time limit, and from the
    /// last text on its standard error.
    pub(crate) fn new(status: ExitStatus, hangs: bool, errors: &str) -> Self {
        let abort = |part: String| Self::Of(Signature::new(ends::ABORT, part));
        match (status.code(), status.signal()) {
            _ if hangs => Self::Of(Signature::new(ends::HANG, "")),
            (Some(code), _) => Self::Of(Signature::new(ends::EXIT, code.to_string())),
            (None, Some(9)) => Self::Killed,
            _ if errors.contains(NO_MEMORY) => Self::Of(Signature::new(ends::MEMORY, "")),
            _ if errors.contains(NO_STACK) => abort("stack overflow".to_owned()),
            (None, signal) => abort(format!("signal {}", signal.unwrap_or_default())),
        }
    }

    /// Returns the verdict on the run that ended the worker at the event `at`, in a search for `bug`.
    pub(crate) fn verdict(&self, bug: &str, at: Option<u64>) -> Verdict {
        match self {
            Self::Of(signature) if signature.to_string() == bug => Verdict::SAME,
            Self::Of(signature) => Verdict::Other { signature: signature.clone(), at },
            Self::Killed => Verdict::Unresolved(self.to_string()),
        }
    }
}

impl std::fmt::Display for Death {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Of(signature) => signature.fmt(f),
            Self::Killed => f.write_str("was killed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_is_a_bug_of_its_own() {
        let of = |raw, hangs, errors| Death::new(ExitStatus::from_raw(raw), hangs, errors).to_string();
        assert_eq!(of(9, true, ""), "hang");
        assert_eq!(of(9, false, ""), "was killed");
        assert_eq!(of(7 << 8, false, ""), "exit/7");
        assert_eq!(of(6, false, "memory allocation of 8 bytes failed"), "memory");
        assert_eq!(of(6, false, "thread 'main' has overflowed its stack\nfatal"), "abort/stack overflow");
        assert_eq!(of(6, false, "corrupted"), "abort/signal 6");
        assert_eq!(of(11, false, ""), "abort/signal 11");
    }
}
