//! Invariants and properties of a system, and the signatures by which two findings are the same bug.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use core::convert::Infallible;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::name::Key;
use crate::system::System;

/// The identity of a bug: the check that failed and the part on which it failed.
///
/// Two findings with the same signature are the same bug.
///
/// A signature holds no keys, values or line numbers, so it survives every edit that a minimizer makes to a trace,
/// renaming included. Its text form is `check/part`, or `check` if there is no part.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Signature {
    /// The check that failed: `recompute`, `panic`, or the name of an invariant, a property or a law.
    pub check: String,
    /// The part of the view, or the place in the code, on which the check failed; empty if the check has no parts.
    pub part: String,
}

impl Signature {
    /// Builds the signature of a failure of `check` on `part`.
    ///
    /// If the name of the check has a `/`, the rest of the name belongs to the part. So every signature is read back
    /// from its text as the same one.
    pub fn new(check: impl Into<String>, part: impl Into<String>) -> Self {
        let (mut check, mut part) = (check.into(), part.into());
        if let Some(place) = check.find('/') {
            let rest = check.split_off(place);
            let between = if part.is_empty() { "" } else { "/" };
            part = format!("{}{between}{part}", &rest[1..]);
        }
        Self { check, part }
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

/// Reads the text form. Every text is a valid signature: the check ends at the first `/`.
impl FromStr for Signature {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let (check, part) = text.split_once('/').unwrap_or((text, ""));
        Ok(Self::new(check, part))
    }
}

/// A violation of an invariant: its name, and what was found in the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The name of the invariant.
    pub invariant: &'static str,
    /// A description of what was found, with its values, for people.
    pub found: String,
}

impl Violation {
    /// Builds the violation of the invariant called `invariant`, with a description of what was found, for people.
    pub fn new(invariant: &'static str, found: impl Into<String>) -> Self {
        Self { invariant, found: found.into() }
    }
}

/// The moments at which a property must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// Every time that it is evaluated.
    Always,
    /// The last time that it is evaluated in a run.
    Eventually,
    /// At least once in all the runs of a campaign.
    Sometimes,
}

/// The states of all keys that have one, in the order of the keys.
pub type States<'a, S> = [(&'a Key, &'a <S as System>::State)];

/// A condition over all keys of a system. It is evaluated at moments when no message is in flight.
pub struct Property<S: System> {
    /// The name of the property, which is the check in the signature of a violation.
    pub name: &'static str,
    /// The moments at which the property must hold.
    pub expectation: Expectation,
    /// Evaluates the property. An error describes what was found instead, for people.
    pub holds: Box<Holds<S>>,
}

/// A function that evaluates a property.
type Holds<S> = dyn Fn(&S, &States<'_, S>) -> Result<(), String>;

impl<S: System> Property<S> {
    /// Builds a property that must hold every time that it is evaluated.
    pub fn always(name: &'static str, holds: impl Fn(&S, &States<'_, S>) -> Result<(), String> + 'static) -> Self {
        Self::new(name, Expectation::Always, holds)
    }

    /// Builds a property that must hold at the end of a run.
    pub fn eventually(name: &'static str, holds: impl Fn(&S, &States<'_, S>) -> Result<(), String> + 'static) -> Self {
        Self::new(name, Expectation::Eventually, holds)
    }

    /// Builds a property that must hold at least once in all the runs of a campaign.
    pub fn sometimes(name: &'static str, holds: impl Fn(&S, &States<'_, S>) -> Result<(), String> + 'static) -> Self {
        Self::new(name, Expectation::Sometimes, holds)
    }

    /// Builds a property with this expectation.
    pub fn new(
        name: &'static str,
        expectation: Expectation,
        holds: impl Fn(&S, &States<'_, S>) -> Result<(), String> + 'static,
    ) -> Self {
        Self { name, expectation, holds: Box::new(holds) }
    }
}
