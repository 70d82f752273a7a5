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
    /// The name of the key.
    pub key: Key,
    /// The view before the stimulus.
    pub before: Seen,
    /// The view after the stimulus.
    pub after: Seen,
    /// The view of the recomputed state after the stimulus, if it differs from `after`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recomputed: Option<Seen>,
}

/// The view of a key, or the reason why there is none.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// The view.
    View(Value),
    /// The key is quarantined, or computing its view panicked, for this reason.
    Quarantined(String),
    /// The view depends on messages before the window.
    NotDerivable,
    /// No event has concerned the key yet.
    Nothing,
}

/// The last view of each key, to be compared with the view after the next stimulus.
#[derive(Default)]
pub(super) struct Views {
    last: BTreeMap<Key, Seen>,
    begun: bool,
}

impl Views {
    /// Takes the views of all wanted keys, unless that was done before. Call [`Views::follow`] after every later
    /// stimulus.
    pub(super) fn begin<S: Subject>(&mut self, engine: &Engine<S>, wanted: impl Fn(&Key) -> bool) {
        if !self.begun {
            self.begun = true;
            let keys = engine.keys().into_iter().filter(|key| wanted(key));
            self.last = keys.map(|key| (key.clone(), carried(engine, key))).collect();
        }
    }

    /// Returns `true` if there is a last view of the key.
    pub(super) fn has(&self, key: &Key) -> bool {
        self.last.contains_key(key)
    }

    /// Updates the views of `keys`: the keys that a stimulus changed and the filter allows. If `shown`, returns the
    /// changes.
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
                // A quarantined key has no incremental state that could differ.
                let carries = matches!(after, Seen::View(_));
                let recomputed = carries.then(|| recomputed(engine, key)).filter(|recomputed| *recomputed != after);
                changes.push(ViewChange { key: key.clone(), before, after, recomputed });
            }
        }
        changes
    }
}

/// The view of the incremental state of a key.
pub(super) fn carried<S: Subject>(engine: &Engine<S>, key: &Key) -> Seen {
    if let Some(why) = engine.quarantined(key) {
        return Seen::Quarantined(why.to_owned());
    }
    look(|| engine.view(key))
}

/// The view of the state of a key, recomputed from its first message.
fn recomputed<S: Subject>(engine: &Engine<S>, key: &Key) -> Seen {
    look(|| engine.recompute(key).map(|state| engine.system().view(key, &state)))
}

/// Computes a view, and catches its panic.
fn look<V: Serialize>(view: impl Fn() -> Option<V>) -> Seen {
    let mut seen = Seen::NotDerivable;
    let done = guard(&mut || {
        if let Some(view) = view() {
            seen = Seen::View(value(&view));
        }
    });
    done.map_or_else(Seen::Quarantined, |()| seen)
}
