//! Findings of a check: divergences and violations, counted by signature, with the first occurrence of each.

use std::collections::{BTreeMap, BTreeSet};

use afresh_core::{EventNumber, Key, Name, Signature, Violation};
use serde::Serialize;
use serde_json::Value;

/// The name of the check that compares recorded observations with the results of all messages.
pub(crate) const RECORDED: &str = "recorded";

/// The name of the check that compares a recorded view with the recorded view before it.
pub(crate) const RECORDED_STEP: &str = "recorded-step";

/// The name of the check that compares recomputed views with restated ones.
pub(crate) const RESTATED: &str = "restated";

/// One bug that a check found: how often it showed, on how many keys, and where first.
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
}

impl Finding {
    /// Turns a violation, whose event is on this line of a trace, into a finding.
    pub fn of_violation(violation: Violation, line: u64) -> Self {
        let Violation { signature, key, event, found } = violation;
        let keys = usize::from(key.is_some());
        Self { signature, count: 1, keys, first: Sighting { event, line, key, found, versus: None } }
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
}

/// Collects the occurrences of bugs by signature.
#[derive(Clone, Default)]
pub(crate) struct Findings {
    by_signature: BTreeMap<(String, String), Gathered>,
}

#[derive(Clone)]
struct Gathered {
    count: u64,
    keys: BTreeSet<Option<Name>>,
    first: Sighting,
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
        // A lookup with borrowed strings would need a key type of its own, which does not pay: findings are rare.
        match self.by_signature.get_mut(&(check.to_owned(), part.to_owned())) {
            Some(gathered) => {
                gathered.count += 1;
                gathered.keys.insert(key.cloned());
                if (place.0, key) < (gathered.first.event, gathered.first.key.as_ref()) {
                    gathered.first = sighting(place, key, details());
                }
            }
            None => {
                let first = sighting(place, key, details());
                let gathered = Gathered { count: 1, keys: BTreeSet::from([key.cloned()]), first };
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
                    ours.count += theirs.count;
                    ours.keys.extend(theirs.keys);
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
        let finding = |((check, part), gathered): ((String, String), Gathered)| Finding {
            signature: Signature::new(check, part),
            count: gathered.count,
            keys: gathered.keys.iter().flatten().count(),
            first: gathered.first,
        };
        let mut findings: Vec<_> = self.by_signature.into_iter().map(finding).collect();
        findings.sort_by(|a, b| a.first.event.cmp(&b.first.event).then_with(|| a.signature.cmp(&b.signature)));
        findings
    }
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
