//! What a check found: divergences and violations, counted, with the first of each.

use std::collections::{BTreeMap, BTreeSet};

use afresh_core::{EventNumber, Key, Name, Signature, Violation};
use serde::Serialize;
use serde_json::Value;

/// The check of what a trace recorded against all the messages.
pub(crate) const RECORDED: &str = "recorded";

/// The check of what a trace recorded against what it had recorded before.
pub(crate) const RECORDED_STEP: &str = "recorded-step";

/// One bug, by signature: how often it showed, on how many keys, and where first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// What makes it one bug.
    pub signature: Signature,
    /// At how many steps it showed.
    pub count: u64,
    /// On how many keys.
    pub keys: usize,
    /// Where it showed first.
    pub first: Sighting,
}

impl Finding {
    /// What a violation is at this line of a trace.
    pub fn of_violation(violation: Violation, line: u64) -> Self {
        let Violation { signature, key, event, found } = violation;
        let keys = usize::from(key.is_some());
        Self { signature, count: 1, keys, first: Sighting { event, line, key, found, versus: None } }
    }

    /// Whether it is about what the trace recorded: it may be the record that was wrong.
    pub fn is_of_record(&self) -> bool {
        [RECORDED, RECORDED_STEP].contains(&self.signature.check.as_str())
    }
}

/// One bug at one step.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sighting {
    /// The event after which it was seen.
    pub event: EventNumber,
    /// The line of that event in the file.
    pub line: u64,
    /// The key, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    /// What was found, in words.
    pub found: String,
    /// What differs, and how each of the two is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versus: Option<Versus>,
}

/// Two accounts of the same thing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Versus {
    /// What the first is: `recorded`, `incremental`, `restated`, `sent`.
    pub left: &'static str,
    /// The first.
    pub left_value: Value,
    /// What the second is: mostly `recomputed`.
    pub right: &'static str,
    /// The second.
    pub right_value: Value,
}

/// Gathers sightings by signature.
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
    /// Counts a sighting; `details` is asked for only where it is the first of its signature.
    pub(crate) fn saw(
        &mut self,
        (check, part): (&str, &str),
        place: (EventNumber, u64),
        key: Option<&Key>,
        details: impl FnOnce() -> (String, Option<Versus>),
    ) {
        // Looking up by two borrowed parts would take a key type of its own; sightings are rare.
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

    /// Whether nothing was found.
    pub(crate) fn is_empty(&self) -> bool {
        self.by_signature.is_empty()
    }

    /// Whether a bug of this signature was found.
    pub(crate) fn has(&self, signature: &Signature) -> bool {
        self.by_signature.keys().any(|(check, part)| *check == signature.check && *part == signature.part)
    }

    /// Adds what another thread found at other steps, or of other keys.
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

    /// All findings, the earliest first.
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

/// A value for people and for JSON, whatever it is.
pub fn value(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_else(|error| Value::String(format!("cannot be written as JSON: {error}")))
}
