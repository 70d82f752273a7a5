//! How a worker can end without having said that it is done, and which bug that is.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use afresh_core::Signature;
use afresh_shrink::minimize::Verdict;
use afresh_shrink::oracle::ends;
use serde::{Deserialize, Serialize};

/// What Rust says on standard error when an allocation fails, and when a stack overflows.
const NO_MEMORY: &str = "memory allocation of";
const NO_STACK: &str = "has overflowed its stack";

/// The end of a worker: what the system did to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Death {
    /// A bug.
    Of(Signature),
    /// It was killed from outside, which says nothing about the system.
    Killed,
}

impl Death {
    /// How a worker ended with `status`, after it said that it hangs, and having printed `errors` last.
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

    /// The verdict of the run that it ended at this event, where `bug` is looked for.
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
