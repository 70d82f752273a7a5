//! Notes: everything in a verdict that is no difference, but that nobody should overlook.

use std::collections::BTreeMap;

use afresh_core::EventNumber;
use afresh_trace::text::count;
use serde::{Serialize, Serializer};

use crate::excluded::{Excluded, Exclusion};
use crate::finding::{Findings, Sighting};

/// Everything in a verdict that is no difference: what does not count, and what could not be compared.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Notes {
    /// The messages that do not count and the keys that are quarantined, in the order of the trace.
    pub excluded: Vec<Excluded>,
    /// The parts that could not be compared, because they depend on messages before the window.
    pub not_derivable: NotDerivable,
    /// The observations of the last stimulus, if the record ends before them: a service was stopped, or the trace was
    /// exported, before they were recorded.
    pub not_recorded_yet: Vec<Sighting>,
}

/// The parts that could not be compared, because they depend on messages before the window. As JSON, an object with the
/// number of times of each part.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NotDerivable {
    /// For each part, the event and the line of each time.
    by_part: BTreeMap<&'static str, Vec<(EventNumber, u64)>>,
}

impl NotDerivable {
    /// Returns `true` if everything could be compared.
    pub fn is_empty(&self) -> bool {
        self.by_part.is_empty()
    }

    /// Returns each part and how often it could not be compared, in the order of the parts.
    pub fn parts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.by_part.iter().map(|(part, places)| (*part, places.len() as u64))
    }

    /// Counts a part that could not be compared at the given event and line.
    pub(crate) fn saw(&mut self, part: &'static str, place: (EventNumber, u64)) {
        self.by_part.entry(part).or_default().push(place);
    }

    /// Adds what another pass could not compare.
    pub(crate) fn merge(&mut self, other: Self) {
        for (part, mut places) in other.by_part {
            let ours = self.by_part.entry(part).or_default();
            ours.append(&mut places);
            ours.sort_unstable();
        }
    }
}

impl Serialize for NotDerivable {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        serializer.collect_map(self.parts())
    }
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
    /// Adds to `findings` the notes of the kinds in `denied`. `compares` says that anything was compared.
    pub(crate) fn deny(&self, denied: &[Deny], compares: bool, findings: &mut Findings) {
        for one in self.excluded.iter().filter(|one| denied.contains(&Deny::Excluded(one.kind))) {
            findings.saw((one.kind.name(), ""), (one.event, one.line), one.key.as_ref(), || (one.in_words(), None));
        }
        if denied.contains(&Deny::NotDerivable) {
            for (part, places) in &self.not_derivable.by_part {
                let times = count(places.len() as u64, "time", "times");
                let found = || (format!("not compared {times}: it depends on messages before the window"), None);
                places.iter().for_each(|place| findings.saw((Deny::NotDerivable.name(), part), *place, None, found));
            }
            if !compares && self.not_derivable.by_part.is_empty() {
                let found = || ("nothing could be compared".to_owned(), None);
                findings.saw((Deny::NotDerivable.name(), ""), (EventNumber::MIN, 1), None, found);
            }
        }
    }
}
