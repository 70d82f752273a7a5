//! How a law is broken: on what part, where, and what was found.

use std::fmt;

use afresh_core::{Engine, Key, Slot};
use serde_json::Value;

use crate::compare::kind;
use crate::finding::{Versus, value};
use crate::subject::Subject;

/// How a law is broken.
#[derive(Clone, Debug, PartialEq)]
pub struct Breach {
    /// The part that it is broken on: one of the view, `output KIND`, `state` for what no view shows.
    pub part: String,
    /// The stimulus that it was seen at, by its place in the run; at the end where there is none.
    pub place: Option<usize>,
    /// The key, where it is about one.
    pub key: Option<Key>,
    /// What was found, in words.
    pub found: String,
    /// What differs.
    pub versus: Option<Versus>,
}

/// Whether a law holds; else how it is broken.
pub type Held = Result<(), Box<Breach>>;

impl Breach {
    /// A law that is broken on `part`, as `found` says.
    pub(super) fn new(part: impl Into<String>, found: impl Into<String>) -> Box<Self> {
        Box::new(Self { part: part.into(), place: None, key: None, found: found.into(), versus: None })
    }

    /// The same, of a key.
    pub(super) fn of(mut self: Box<Self>, key: &Key) -> Box<Self> {
        self.key = Some(key.clone());
        self
    }

    /// The same, seen at a place.
    pub(super) fn at(mut self: Box<Self>, place: usize) -> Box<Self> {
        self.place = Some(place);
        self
    }

    /// The same, with what differs: what it is one way, and what it is the other.
    pub(super) fn versus(mut self: Box<Self>, (left, left_value): Side, (right, right_value): Side) -> Box<Self> {
        self.versus = Some(Versus { left, left_value, right, right_value });
        self
    }
}

/// What one of two accounts is called, and what it says.
pub(super) type Side = (&'static str, Value);

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.part, self.found)?;
        match &self.versus {
            None => Ok(()),
            Some(Versus { left, left_value, right, right_value }) => {
                write!(f, "\n{left}: {left_value:#}\n{right}: {right_value:#}")
            }
        }
    }
}

/// Whether two engines hold the same states and call for the same outputs, by whatever way they came there. `ways` says
/// what the two ways are.
pub(crate) fn same<S: Subject>(ways: [&'static str; 2], engines: [&Engine<S>; 2]) -> Held {
    let [a, b] = engines;
    let mut keys: Vec<&Key> = a.keys();
    keys.extend(b.keys());
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        // A key of which nothing was ever said is as it is before its first message.
        let initial = a.system().initial(key, afresh_core::Beginning::Birth);
        let known = |engine: &Engine<S>| engine.keys().binary_search(&key).is_ok();
        let state = |state, engine| if known(engine) { state } else { initial.as_ref() };
        let (x, y) = (state(a.state(key), a), state(b.state(key), b));
        if x != y {
            return Err(states(ways, engines[0].system(), key, x, y));
        }
        let (x, y) = (held(a, key), held(b, key));
        if x != y {
            let differs = |(slot, _): &&(&Slot, &S::Out)| at(&x, slot) != at(&y, slot);
            let slot = x.iter().chain(&y).find(differs).map_or("", |(slot, _)| slot.as_str());
            let breach =
                Breach::new(format!("output {}", kind(slot)), format!("slot {slot} of {key} holds another output"));
            let side = |held: &[(&Slot, &S::Out)]| value(&at(held, &slot.into()));
            return Err(breach.of(key).versus((ways[0], side(&x)), (ways[1], side(&y))));
        }
    }
    Ok(())
}

/// Two states of a key that should be the same and are not.
fn states<S: Subject>(
    ways: [&'static str; 2],
    system: &S,
    key: &Key,
    x: Option<&S::State>,
    y: Option<&S::State>,
) -> Box<Breach> {
    let found = format!("the state of {key} is another");
    let views = x.zip(y).map(|(x, y)| (system.view(key, x), system.view(key, y)));
    let part = x
        .zip(views.as_ref())
        .and_then(|(x, (_, view))| system.compare(key, x, view).diverged().next().map(str::to_owned));
    match (part, views) {
        (Some(part), Some((x, y))) => {
            Breach::new(part, found).of(key).versus((ways[0], value(&x)), (ways[1], value(&y)))
        }
        _ => {
            let debug = |state: Option<&S::State>| value(&state.map(|state| format!("{state:#?}")));
            Breach::new("state", found).of(key).versus((ways[0], debug(x)), (ways[1], debug(y)))
        }
    }
}

/// What the slots of a key hold.
pub(crate) fn held<'e, S: Subject>(engine: &'e Engine<S>, key: &Key) -> Vec<(&'e Slot, &'e S::Out)> {
    engine.slots(key).filter_map(|(slot, sent)| Some((slot, sent.body.as_ref()?))).collect()
}

fn at<'e, O>(held: &[(&Slot, &'e O)], slot: &Slot) -> Option<&'e O> {
    held.iter().find(|(other, _)| *other == slot).map(|(_, body)| *body)
}
