//! Findings: the bugs that a command reports, counted by signature, with every place of each.

use std::collections::{BTreeMap, BTreeSet};

use afresh_core::{EventNumber, Key, Signature};
use serde::Serialize;
use serde_json::Value;

/// The name of the check that compares recorded observations with the results of all messages.
pub(crate) const RECORDED: &str = "recorded";

/// The name of the check that compares the runs of two versions of a system.
pub const DIFFERS: &str = "differs";

/// The name of the check that compares a recorded view with the recorded view before it.
pub(crate) const RECORDED_STEP: &str = "recorded-step";

/// The name of the check that compares recomputed views with restated ones.
pub(crate) const RESTATED: &str = "restated";

/// One bug: how often it showed, on how many keys, and where. Every command reports bugs as this type.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The signature of the bug: the check that failed, and the part that it failed on.
    pub signature: Signature,
    /// The number of steps at which the bug showed.
    pub count: u64,
    /// The number of keys on which the bug showed.
    pub keys: usize,
    /// The first occurrence.
    pub first: Sighting,
    /// All occurrences, in order.
    pub places: Vec<Place>,
}

/// The place of one occurrence of a bug.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The number of the event.
    pub event: EventNumber,
    /// The line of that event in the file of the trace.
    pub line: u64,
    /// The key, if the bug concerns a single key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
}

impl Finding {
    /// Creates the finding of a bug that showed once.
    pub fn once(signature: Signature, first: Sighting) -> Self {
        let Sighting { event, line, ref key, .. } = first;
        let places = vec![Place { event, line, key: key.clone() }];
        Self { signature, count: 1, keys: usize::from(key.is_some()), first, places }
    }

    /// Creates the finding of a bug that showed once in a run. In the trace of a run, event 1 is on line 2, after the
    /// header.
    pub fn of_run(signature: Signature, event: EventNumber, found: String) -> Self {
        Self::once(signature, Sighting { event, line: u64::from(event.get()) + 1, key: None, found, versus: None })
    }

    /// Moves a finding that showed once to another line: that of its event in the file that was read.
    #[must_use]
    pub fn at_line(mut self, line: u64) -> Self {
        self.first.line = line;
        self.places.iter_mut().for_each(|place| place.line = line);
        self
    }

    /// Returns `true` if the finding is about recorded values. Then the code may be right and the recorded values
    /// wrong.
    pub fn is_of_record(&self) -> bool {
        [RECORDED, RECORDED_STEP].contains(&self.signature.check.as_str())
    }
}

/// One occurrence of a bug.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sighting {
    /// The number of the event at which the bug showed.
    pub event: EventNumber,
    /// The line of that event in the file of the trace.
    pub line: u64,
    /// The key, if the bug concerns a single key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    /// A description for people.
    pub found: String,
    /// The two values that differ, if the bug is a difference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versus: Option<Versus>,
}

/// Two values that should be equal but differ, with their names.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Versus {
    /// The name of the first value, such as `recorded`, `incremental`, `restated` or `sent`.
    pub left: &'static str,
    /// The first value.
    pub left_value: Value,
    /// The name of the second value, usually `recomputed`.
    pub right: &'static str,
    /// The second value.
    pub right_value: Value,
    /// The parts of the values that cannot be compared, because they depend on messages before the window. Both values
    /// have the recorded content there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_derivable: Vec<&'static str>,
}

impl Versus {
    /// Marks parts of the values as not derivable, so that they do not count as different.
    pub(crate) fn without(mut self, parts: impl Iterator<Item = &'static str>) -> Self {
        for part in parts {
            if let (Value::Object(left), Value::Object(right)) = (&self.left_value, &mut self.right_value) {
                match left.get(part) {
                    Some(recorded) => drop(right.insert(part.to_owned(), recorded.clone())),
                    None => drop(right.remove(part)),
                }
            }
            self.not_derivable.push(part);
        }
        self
    }
}

/// Collects the occurrences of bugs by signature.
#[derive(Clone, Default)]
pub(crate) struct Findings {
    by_signature: BTreeMap<(String, String), Gathered>,
}

#[derive(Clone)]
struct Gathered {
    first: Sighting,
    places: Vec<Place>,
}

impl Findings {
    /// Counts an occurrence of a bug. Calls `details` only if it is the earliest so far.
    pub(crate) fn saw(
        &mut self,
        (check, part): (&str, &str),
        place: (EventNumber, u64),
        key: Option<&Key>,
        details: impl FnOnce() -> (String, Option<Versus>),
    ) {
        let at = Place { event: place.0, line: place.1, key: key.cloned() };
        // A lookup with borrowed strings would need a key type of its own, which does not pay: findings are rare.
        match self.by_signature.get_mut(&(check.to_owned(), part.to_owned())) {
            Some(gathered) => {
                if (place.0, key) < (gathered.first.event, gathered.first.key.as_ref()) {
                    gathered.first = sighting(place, key, details());
                }
                gathered.places.push(at);
            }
            None => {
                let gathered = Gathered { first: sighting(place, key, details()), places: vec![at] };
                self.by_signature.insert((check.to_owned(), part.to_owned()), gathered);
            }
        }
    }

    /// Returns `true` if there are no findings.
    pub(crate) fn is_empty(&self) -> bool {
        self.by_signature.is_empty()
    }

    /// Returns `true` if a bug with this signature was found.
    pub(crate) fn has(&self, signature: &Signature) -> bool {
        self.by_signature.keys().any(|(check, part)| *check == signature.check && *part == signature.part)
    }

    /// Adds the findings of another pass, which were made at other steps or on other keys.
    pub(crate) fn merge(&mut self, other: Self) {
        for (signature, theirs) in other.by_signature {
            match self.by_signature.get_mut(&signature) {
                Some(ours) => {
                    ours.places.extend(theirs.places);
                    if (theirs.first.event, &theirs.first.key) < (ours.first.event, &ours.first.key) {
                        ours.first = theirs.first;
                    }
                }
                None => drop(self.by_signature.insert(signature, theirs)),
            }
        }
    }

    /// Returns all findings, the earliest first.
    pub(crate) fn into_sorted(self) -> Vec<Finding> {
        let finding = |((check, part), mut gathered): ((String, String), Gathered)| {
            gathered.places.sort();
            let keys: BTreeSet<_> = gathered.places.iter().filter_map(|place| place.key.as_ref()).collect();
            Finding {
                signature: Signature::new(check, part),
                count: gathered.places.len() as u64,
                keys: keys.len(),
                first: gathered.first,
                places: gathered.places,
            }
        };
        let mut findings: Vec<_> = self.by_signature.into_iter().map(finding).collect();
        earliest_first(&mut findings);
        findings
    }
}

/// Sorts findings by the event at which each was first seen, and then by signature.
pub(crate) fn earliest_first(findings: &mut [Finding]) {
    findings.sort_by(|a, b| a.first.event.cmp(&b.first.event).then_with(|| a.signature.cmp(&b.signature)));
}

fn sighting(
    (event, line): (EventNumber, u64),
    key: Option<&Key>,
    (found, versus): (String, Option<Versus>),
) -> Sighting {
    Sighting { event, line, key: key.cloned(), found, versus }
}

/// Converts any value to JSON. If JSON has no such value, the result is a text that says why.
pub fn value(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_else(|error| Value::String(format!("cannot be written as JSON: {error}")))
}
