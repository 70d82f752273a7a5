//! The keys of a window that are not derivable, for other reasons than a missing opening.

use std::collections::BTreeSet;

use afresh_core::{Engine, FactId, Key, Sent, Stimulus, System};

use crate::guard::guard;

/// The keys of a window that depend on a message whose content is not in the window.
#[derive(Clone, Default)]
pub(super) struct Window {
    pub(super) complete: bool,
    /// The facts that have arrived in the window.
    known: BTreeSet<FactId>,
    /// The keys that depend on a message whose content is not in the window.
    unsaid: BTreeSet<Key>,
    /// `true` if the current stimulus withdraws a message from before the window. Only the views recorded next tell
    /// which keys that message concerned.
    withdraws: bool,
}

impl Window {
    pub(super) fn new(complete: bool) -> Self {
        Self { complete, ..Self::default() }
    }

    /// Returns `false` if the key depends on a message whose content is not in the window.
    pub(super) fn says(&self, key: &Key) -> bool {
        self.complete || !self.unsaid.contains(key)
    }

    /// Takes the next stimulus. If it revises a message from before the window, its keys are not derivable from now on:
    /// the opening includes the old revision, which cannot be removed from it.
    pub(super) fn begin<S: System>(&mut self, system: &S, stimulus: &Stimulus<S::In, S::View>) {
        self.withdraws = false;
        let Stimulus::In(message) = stimulus else { return };
        if self.complete || !self.known.insert(message.fact()) || message.revision == 1 {
            return;
        }
        match &message.body {
            Some(body) => {
                let _ = guard(&mut || self.unsaid.extend(system.keys(body)));
            }
            None => self.withdraws = true,
        }
    }

    /// Takes a recorded output. If a key that is not derivable sends a message to other keys, these are not derivable
    /// either.
    pub(super) fn output<S: System>(&mut self, engine: &Engine<S>, sent: &Sent<S::Out>) {
        let system = engine.system();
        let is_derivable = || {
            let state = engine.state(&sent.key);
            self.says(&sent.key) && state.is_some_and(|state| !is_underivable(system, &sent.key, state))
        };
        if self.complete || is_derivable() {
            return;
        }
        let _ = guard(&mut || {
            if let Some(message) = sent.body.as_ref().and_then(|body| system.route(&sent.key, &sent.slot, body)) {
                self.unsaid.extend(system.keys(&message));
            }
        });
    }

    /// Takes a recorded view. If the current stimulus withdraws a message from before the window, this key had it.
    pub(super) fn view(&mut self, key: &Key) {
        if !self.complete && self.withdraws {
            self.unsaid.insert(key.clone());
        }
    }
}

/// Returns `true` if a part of the state is not derivable.
fn is_underivable<S: System>(system: &S, key: &Key, state: &S::State) -> bool {
    let mut underivable = false;
    let _ = guard(&mut || {
        let parts = system.compare(key, state, &system.view(key, state));
        underivable = parts.underivable().next().is_some();
    });
    underivable
}
