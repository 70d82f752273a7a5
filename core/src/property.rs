//! What must hold of a system, the value that says it did not, and what makes two violations the same bug.

use alloc::string::String;
use core::convert::Infallible;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::name::Key;
use crate::system::System;
use crate::trace::EventNumber;

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

/// Every text is one: the check ends at the first `/`, and no check has one in its name.
impl FromStr for Signature {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let (check, part) = text.split_once('/').unwrap_or((text, ""));
        Ok(Self::new(check, part))
    }
}

/// Something in a state that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The invariant.
    pub invariant: &'static str,
    /// What was found, with its values, for people.
    pub found: String,
}

/// A violation: what failed, where, and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// What makes it the same bug as another.
    pub signature: Signature,
    /// The key that it was seen on, where it is about one.
    pub key: Option<Key>,
    /// The event after which it was seen.
    pub event: EventNumber,
    /// What was found, for people.
    pub found: String,
}

/// When a property must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// At every moment at which it is evaluated.
    Always,
    /// At the last one.
    Eventually,
    /// At one of them at least, in some run of a campaign.
    Sometimes,
}

/// The states of all keys that have one, in the order of the keys.
pub type States<'a, S> = [(&'a Key, &'a <S as System>::State)];

/// What must hold over all keys of a system, at the moments when nothing is under way.
pub struct Property<S: System> {
    /// Its name, which is the check of its signature.
    pub name: &'static str,
    /// When it must hold.
    pub expectation: Expectation,
    /// Whether it holds; else what was found.
    pub holds: fn(&S, &States<'_, S>) -> Result<(), String>,
}

impl<S: System> Property<S> {
    /// What must hold at every moment.
    pub fn always(name: &'static str, holds: fn(&S, &States<'_, S>) -> Result<(), String>) -> Self {
        Self { name, expectation: Expectation::Always, holds }
    }

    /// What must hold at the end.
    pub fn eventually(name: &'static str, holds: fn(&S, &States<'_, S>) -> Result<(), String>) -> Self {
        Self { name, expectation: Expectation::Eventually, holds }
    }

    /// What must hold at some moment of some run.
    pub fn sometimes(name: &'static str, holds: fn(&S, &States<'_, S>) -> Result<(), String>) -> Self {
        Self { name, expectation: Expectation::Sometimes, holds }
    }
}
