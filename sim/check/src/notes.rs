//! Notes: everything in a verdict that is no difference, but that nobody should overlook.

use std::collections::BTreeMap;

use afresh_core::EventNumber;
use serde::Serialize;

use crate::excluded::{Excluded, Exclusion};
use crate::finding::{Findings, Sighting};

/// Everything in a verdict that is no difference: what does not count, and what could not be compared.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Notes {
    /// The messages that do not count and the keys that are quarantined, in the order of the trace.
    pub excluded: Vec<Excluded>,
    /// For each part of a view, how often it could not be compared, because it depends on messages before the window.
    pub not_derivable: BTreeMap<&'static str, u64>,
    /// The observations of the last stimulus, if the record ends before them: a service was stopped, or the trace was
    /// exported, before they were recorded.
    pub not_recorded_yet: Vec<Sighting>,
}

/// A kind of note that counts as a finding if a user asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deny {
    /// Messages that do not count, or quarantined keys.
    Excluded(Exclusion),
    /// Parts that depend on messages before the window.
    NotDerivable,
}

impl Deny {
    /// All kinds, in the order of the documentation.
    pub const ALL: [Self; 5] = [
        Self::Excluded(Exclusion::Rejected),
        Self::Excluded(Exclusion::Conflict),
        Self::Excluded(Exclusion::Stale),
        Self::Excluded(Exclusion::Quarantined),
        Self::NotDerivable,
    ];

    /// The name of the kind, which is also the check in the signature of its findings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Excluded(kind) => kind.name(),
            Self::NotDerivable => "not-derivable",
        }
    }
}

impl Notes {
    /// Adds to `findings` the notes of the kinds in `denied`.
    pub(crate) fn deny(&self, denied: &[Deny], findings: &mut Findings) {
        for one in self.excluded.iter().filter(|one| denied.contains(&Deny::Excluded(one.kind))) {
            findings.saw((one.kind.name(), ""), (one.event, one.line), one.key.as_ref(), || (one.in_words(), None));
        }
        if denied.contains(&Deny::NotDerivable) {
            for (part, times) in &self.not_derivable {
                let found = || (format!("not compared {times} times: it depends on messages before the window"), None);
                findings.saw((Deny::NotDerivable.name(), part), (EventNumber::MIN, 1), None, found);
            }
        }
    }
}
