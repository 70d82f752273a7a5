//! The keys of a window that are not derivable, for other reasons than a missing opening.

use std::collections::{BTreeMap, BTreeSet};

use afresh_core::{Engine, FactId, Key, Knob, Sent, Stimulus, System};

use crate::guard::guard;

/// The keys of a window that depend on a message whose content is not in the window.
#[derive(Clone, Default)]
pub(super) struct Window {
    pub(super) complete: bool,
    /// The facts that have arrived in the window, and not before it.
    known: BTreeSet<FactId>,
    /// Those of which the record rejects a message: it may conflict with one before the window.
    rejected: BTreeSet<FactId>,
    /// The keys that depend on a message whose content is not in the window.
    unsaid: BTreeSet<Key>,
    /// The keys that opened with the position of the last message before the window, each with that position.
    opened_after: BTreeMap<Key, i64>,
    /// The fact of the message of the current stimulus.
    fact: Option<FactId>,
    /// The keys of the message of the current stimulus.
    concerned: BTreeSet<Key>,
    /// `true` if the current stimulus concerns a key that is not derivable. The key may send messages to other keys
    /// now, which only the outputs recorded next tell.
    unsure: bool,
    /// `true` if the current stimulus withdraws a message from before the window, or processes one again. Only the
    /// outputs and views recorded next tell which keys that message concerned.
    touches: bool,
    /// `true` if the current stimulus sends outputs again.
    resends: bool,
    /// A key that withdraws an output from before the window because of the current stimulus. The output may have been
    /// a message to the other keys of which outputs and views are recorded next.
    withdrawn_by: Option<Key>,
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
    pub(super) fn begin<S: System>(&mut self, engine: &Engine<S>, stimulus: &Stimulus<S::In, S::View>) {
        if self.complete {
            return;
        }
        (self.touches, self.resends, self.unsure) = (false, false, false);
        (self.fact, self.withdrawn_by) = (None, None);
        self.concerned.clear();
        let Stimulus::In(message) = stimulus else {
            let is_unsure = |key: &Key| !self.derives(engine, key);
            self.unsure = match stimulus {
                Stimulus::Knob(knob) => match &**knob {
                    Knob::Trigger { keys, .. } | Knob::Scrub { keys, .. } | Knob::Migrate { keys, .. } => match keys {
                        Some(keys) => keys.iter().any(is_unsure),
                        None => engine.keys().into_iter().any(is_unsure),
                    },
                    Knob::ReflowIn { messages, .. } => {
                        let is_from_before =
                            |message: &FactId| !self.known.contains(message) || self.rejected.contains(message);
                        self.touches = messages.iter().any(is_from_before);
                        self.touches
                    }
                    Knob::ReflowOut { .. } => {
                        self.resends = true;
                        false
                    }
                },
                Stimulus::Fault(_) => engine.keys().into_iter().any(is_unsure),
                // An opening looks at no other key: a window may have very many.
                _ => false,
            };
            return;
        };
        self.fact = Some(message.fact());
        let revises = self.known.insert(message.fact()) && message.revision > 1;
        let Some(body) = &message.body else {
            (self.touches, self.unsure) = (revises, true);
            return;
        };
        let mut is_old = false;
        let _ = guard(&mut || {
            self.concerned.extend(engine.system().keys(body));
            let position = engine.system().position(body);
            let opened = self.concerned.iter().filter_map(|key| self.opened_after.get(key));
            is_old = position.is_some_and(|position| opened.max().is_some_and(|after| position <= *after));
        });
        if is_old {
            // It repeats a message from before the window, so its next revision changes what an opening includes.
            self.known.remove(&message.fact());
        }
        if revises {
            // The revision before may have concerned other keys.
            self.touches = true;
            self.unsaid.extend(self.concerned.iter().cloned());
        }
        self.unsure = self.concerned.iter().any(|key| !self.derives(engine, key));
    }

    /// Takes the opening of a key, which includes its messages up to the position `after`, if that is known.
    pub(super) fn opens(&mut self, key: &Key, after: Option<i64>) {
        if let Some(after) = after.filter(|_| !self.complete) {
            self.opened_after.entry(key.clone()).or_insert(after);
        }
    }

    /// Takes a flow that the current stimulus turns for some keys, or for all, or the deployment of another version.
    /// The keys that are `opened` are not derivable from now on: the messages before the opening may mean something
    /// else to the flow or to the version.
    pub(super) fn turns<V>(&mut self, keys: Option<&[Key]>, opened: &BTreeMap<Key, V>) {
        match keys {
            _ if self.complete => {}
            Some(keys) => self.unsaid.extend(keys.iter().filter(|key| opened.contains_key(*key)).cloned()),
            None => self.unsaid.extend(opened.keys().cloned()),
        }
    }

    /// Returns `false` if the key depends on a message whose content is not in the window, or if the current stimulus
    /// may bring it one.
    pub(super) fn says_now(&self, key: &Key) -> bool {
        self.says(key) && (!self.unsure || self.concerned.contains(key))
    }

    /// Takes a recorded rejection of the message of the current stimulus, which may conflict with one before the
    /// window. If it counts now, its keys are not derivable from now on: they did not have it.
    pub(super) fn rejects(&mut self, counts_now: bool) {
        if self.complete {
            return;
        }
        self.rejected.extend(self.fact.take());
        if counts_now {
            self.unsaid.append(&mut self.concerned);
        }
    }

    /// Returns `false` if the current stimulus concerns a message from before the window, which may be rejected now for
    /// want of what was there.
    pub(super) fn derives_rejection(&self) -> bool {
        self.complete || !self.touches
    }

    /// Takes a recorded output. If the current stimulus touches a message from before the window, its key had that
    /// message. If a key that is not derivable sends a message to other keys, these are not derivable either.
    pub(super) fn output<S: System>(&mut self, engine: &Engine<S>, sent: &Sent<S::Out>) {
        self.depends(&sent.key);
        if sent.body.is_none() && engine.slot(&sent.key, &sent.slot).is_none() {
            self.withdrawn_by = Some(sent.key.clone());
        }
        if !self.derives(engine, &sent.key) {
            self.routes(engine.system(), sent, &sent.body);
        }
    }

    /// Returns `true` if an output that the current stimulus causes is derivable. One that is sent again may be from
    /// before the window; one from the window was compared when it was sent.
    pub(super) fn derives_output<S: System>(&self, engine: &Engine<S>, key: &Key) -> bool {
        self.says_now(key) && self.derives(engine, key) && !self.resends
    }

    /// Returns `true` if the state of a key is derivable as a whole, and so are its outputs.
    pub(super) fn derives<S: System>(&self, engine: &Engine<S>, key: &Key) -> bool {
        let is_whole = |state| !is_underivable(engine.system(), key, state);
        self.complete || self.says(key) && engine.state(key).is_some_and(is_whole)
    }

    /// Takes the bodies of an output that a key sends, which are messages to other keys if the system routes them.
    /// These other keys are not derivable from now on.
    pub(super) fn routes<'b, S: System>(
        &mut self,
        system: &S,
        sent: &Sent<S::Out>,
        bodies: impl IntoIterator<Item = &'b S::Out>,
    ) where
        S::Out: 'b,
    {
        for body in bodies {
            let _ = guard(&mut || {
                if let Some(message) = system.route(&sent.key, &sent.slot, body) {
                    self.unsaid.extend(system.keys(&message));
                }
            });
        }
    }

    /// Takes the key of a recorded output or view. If the current stimulus touches a message from before the window,
    /// this key had it.
    pub(super) fn depends(&mut self, key: &Key) {
        let had_it = self.touches || self.withdrawn_by.as_ref().is_some_and(|by| by != key);
        if !self.complete && had_it {
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
