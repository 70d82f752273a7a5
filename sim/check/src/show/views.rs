//! The views of keys before and after each stimulus.

use std::collections::BTreeMap;

use afresh_core::{Engine, Key};
use serde::Serialize;
use serde_json::Value;

use crate::finding::value;
use crate::guard::guard;
use crate::subject::Subject;

/// The view of a key before and after a stimulus.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ViewChange {
    /// The key.
    pub key: Key,
    /// Before.
    pub before: Seen,
    /// After.
    pub after: Seen,
    /// What is folded from the first message, where that is not what is carried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recomputed: Option<Seen>,
}

/// What is seen of a key.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// Its view.
    View(Value),
    /// It is set apart, or its view cannot be had, because the system said this as it panicked.
    Quarantined(String),
    /// The window of the history does not say.
    NotDerivable,
    /// Nothing has happened to it yet.
    Nothing,
}

/// Keeps the last view of each key, for the next stimulus that concerns it.
#[derive(Default)]
pub(super) struct Views {
    last: BTreeMap<Key, Seen>,
    begun: bool,
}

impl Views {
    /// Looks at all keys once: from here on every stimulus is followed.
    pub(super) fn begin<S: Subject>(&mut self, engine: &Engine<S>, wanted: impl Fn(&Key) -> bool) {
        if !self.begun {
            self.begun = true;
            let keys = engine.keys().into_iter().filter(|key| wanted(key));
            self.last = keys.map(|key| (key.clone(), carried(engine, key))).collect();
        }
    }

    /// Whether anything is known of a key.
    pub(super) fn has(&self, key: &Key) -> bool {
        self.last.contains_key(key)
    }

    /// The changes that a stimulus brought to `keys`, which is every key that it changed and that is followed; nothing
    /// if they are not to be shown.
    pub(super) fn follow<'k, S: Subject>(
        &mut self,
        engine: &Engine<S>,
        keys: impl Iterator<Item = &'k Key>,
        shown: bool,
    ) -> Vec<ViewChange> {
        let mut changes = Vec::new();
        for key in keys {
            let after = carried(engine, key);
            let before = self.last.insert(key.clone(), after.clone()).unwrap_or(Seen::Nothing);
            if shown {
                // Of a key that is set apart nothing is carried to differ.
                let carries = matches!(after, Seen::View(_));
                let recomputed = carries.then(|| recomputed(engine, key)).filter(|recomputed| *recomputed != after);
                changes.push(ViewChange { key: key.clone(), before, after, recomputed });
            }
        }
        changes
    }
}

/// What is seen of the state that is carried for a key.
pub(super) fn carried<S: Subject>(engine: &Engine<S>, key: &Key) -> Seen {
    if let Some(why) = engine.quarantined(key) {
        return Seen::Quarantined(why.to_owned());
    }
    look(|| engine.view(key))
}

/// What is seen of the state that is folded from the first message.
fn recomputed<S: Subject>(engine: &Engine<S>, key: &Key) -> Seen {
    look(|| engine.recompute(key).map(|state| engine.system().view(key, &state)))
}

/// Looks at a view, which may panic.
fn look<V: Serialize>(view: impl Fn() -> Option<V>) -> Seen {
    let mut seen = Seen::NotDerivable;
    let done = guard(&mut || {
        if let Some(view) = view() {
            seen = Seen::View(value(&view));
        }
    });
    done.map_or_else(Seen::Quarantined, |()| seen)
}
