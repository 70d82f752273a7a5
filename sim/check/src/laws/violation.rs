//! The description of a broken law: which part, where, and which values differ.

use std::fmt;

use afresh_core::{Engine, Key, Slot};
use serde_json::Value;

use crate::compare::output_part;
use crate::finding::{Versus, value};
use crate::subject::Subject;

/// A description of how a law is broken.
#[derive(Clone, Debug, PartialEq)]
pub struct LawViolation {
    /// The part of the system that breaks the law.
    ///
    /// This is a part of the view, `output KIND` for an output, `state` for a difference that no view shows, or a name
    /// that the law chooses.
    pub part: String,
    /// The index of the stimulus at which the law was broken; `None` if it was broken at the end of the run.
    pub place: Option<usize>,
    /// The key, if the law was broken on a single key.
    pub key: Option<Key>,
    /// A description for people.
    pub found: String,
    /// The two values that differ, if the law compares values.
    pub versus: Option<Versus>,
}

/// The result of checking a law: `Ok` if it holds, otherwise a description of how it is broken.
pub type Held = Result<(), Box<LawViolation>>;

impl LawViolation {
    /// Creates the description of a law that is broken on `part`. `found` is the text for people.
    pub(super) fn new(part: impl Into<String>, found: impl Into<String>) -> Box<Self> {
        Box::new(Self { part: part.into(), place: None, key: None, found: found.into(), versus: None })
    }

    /// Sets the key on which the law is broken.
    pub(super) fn of(mut self: Box<Self>, key: &Key) -> Box<Self> {
        self.key = Some(key.clone());
        self
    }

    /// Sets the index of the stimulus at which the law is broken.
    pub(super) fn at(mut self: Box<Self>, place: usize) -> Box<Self> {
        self.place = Some(place);
        self
    }

    /// Sets the two values that differ, each with its name.
    pub(super) fn versus(mut self: Box<Self>, (left, left_value): Side, (right, right_value): Side) -> Box<Self> {
        self.versus = Some(Versus { left, left_value, right, right_value, not_derivable: Vec::new() });
        self
    }
}

/// The name of one of two compared values, and the value.
pub(super) type Side = (&'static str, Value);

impl fmt::Display for LawViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.part, self.found)?;
        match &self.versus {
            None => Ok(()),
            Some(Versus { left, left_value, right, right_value, .. }) => {
                write!(f, "\n{left}: {left_value:#}\n{right}: {right_value:#}")
            }
        }
    }
}

/// Compares the states and the outputs of all keys in two engines. `ways` names the two ways in which the engines got
/// there.
pub(crate) fn same<S: Subject>(ways: [&'static str; 2], engines: [&Engine<S>; 2]) -> Held {
    let [a, b] = engines;
    let known = [a.keys(), b.keys()];
    let mut keys = known.concat();
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        // A key that an engine does not know has the state that it has before its first message.
        let initial = a.system().initial(key, afresh_core::Beginning::Birth);
        let state = |place: usize| {
            let is_known = known[place].binary_search(&key).is_ok();
            if is_known { engines[place].state(key) } else { initial.as_ref() }
        };
        let (x, y) = (state(0), state(1));
        if x != y {
            return Err(states(ways, engines[0].system(), key, x, y));
        }
        let (x, y) = (held(a, key), held(b, key));
        if x != y {
            let differs = |(slot, _): &&(&Slot, &S::Out)| at(&x, slot) != at(&y, slot);
            let slot = x.iter().chain(&y).find(differs).map_or("", |(slot, _)| slot.as_str());
            let violation = LawViolation::new(output_part(slot), format!("the outputs in slot {slot} of {key} differ"));
            let side = |held: &[(&Slot, &S::Out)]| value(&at(held, &slot.into()));
            return Err(violation.of(key).versus((ways[0], side(&x)), (ways[1], side(&y))));
        }
    }
    Ok(())
}

/// Describes two states of a key that should be equal but differ.
fn states<S: Subject>(
    ways: [&'static str; 2],
    system: &S,
    key: &Key,
    x: Option<&S::State>,
    y: Option<&S::State>,
) -> Box<LawViolation> {
    let found = format!("the states of {key} differ");
    let views = x.zip(y).map(|(x, y)| (system.view(key, x), system.view(key, y)));
    let part = x
        .zip(views.as_ref())
        .and_then(|(x, (_, view))| system.compare(key, x, view).diverged().next().map(str::to_owned));
    match (part, views) {
        (Some(part), Some((x, y))) => {
            LawViolation::new(part, found).of(key).versus((ways[0], value(&x)), (ways[1], value(&y)))
        }
        _ => {
            let debug = |state: Option<&S::State>| value(&state.map(|state| format!("{state:#?}")));
            LawViolation::new("state", found).of(key).versus((ways[0], debug(x)), (ways[1], debug(y)))
        }
    }
}

/// The outputs of a key that were sent and not withdrawn, by slot.
pub(crate) fn held<'e, S: Subject>(engine: &'e Engine<S>, key: &Key) -> Vec<(&'e Slot, &'e S::Out)> {
    engine.slots(key).filter_map(|(slot, sent)| Some((slot, sent.body.as_ref()?))).collect()
}

fn at<'e, O>(held: &[(&Slot, &'e O)], slot: &Slot) -> Option<&'e O> {
    held.iter().find(|(other, _)| *other == slot).map(|(_, body)| *body)
}
