//! What must hold of a system, the value that says it did not, and what makes two violations the same bug.

use alloc::string::String;
use core::fmt;

use serde::{Deserialize, Serialize};

/// What makes two violations the same bug: the check that failed and the part that it failed on.
///
/// A signature holds no keys, values or line numbers, so it survives every edit that a minimizer makes to a trace,
/// renaming included. Its text form is `check/part`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Signature {
    /// The check that failed: `recompute`, `panic`, the name of an invariant or of a law.
    pub check: String,
    /// The part of the view, or the place in the code, that it failed on; empty where the check has no parts.
    pub part: String,
}

impl Signature {
    /// The signature of `check` failing on `part`.
    pub fn new(check: impl Into<String>, part: impl Into<String>) -> Self {
        Self { check: check.into(), part: part.into() }
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.check)?;
        if !self.part.is_empty() {
            write!(f, "/{}", self.part)?;
        }
        Ok(())
    }
}
