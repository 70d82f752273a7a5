//! The checker's own histories, built from the raw facts of a trace. Nothing of the engine's is used but the trace
//! vocabulary: what checks the engine must not share its mistakes.

use std::collections::BTreeMap;

use afresh_core::{Beginning, EventNumber, FlowTable, Input, Key, Message, Name, Opening, Sent, Slot, System};

use crate::host::guard;

/// A message that counts for a key, with a body of its own: they are folded over and over, and lie side by side.
#[derive(Clone)]
pub(super) struct Fact<B> {
    position: i64,
    /// Whether another key of the system sent it.
    routed: bool,
    from: Name,
    id: Name,
    body: B,
}

impl<B> Fact<B> {
    pub(super) fn input(&self) -> Input<'_, B> {
        Input { from: &self.from, id: &self.id, body: &self.body }
    }

    /// The canonical order: position, then routed messages last, then sender and id.
    fn place(&self) -> (i64, bool, &Name, &Name) {
        (self.position, self.routed, &self.from, &self.id)
    }
}

/// What the checker knows of one key.
pub(super) struct History<'t, S: System> {
    pub(super) facts: Vec<Fact<S::In>>,
    opening: Option<(EventNumber, &'t Opening<S::View>)>,
    /// The first place that its last change concerned.
    pub(super) changed_at: usize,
    /// States on the way and the newest, where the whole history is too long to fold at every step.
    kept: Vec<(usize, S::State)>,
}

/// All revisions of one fact, admitted or not, and the number of the event that came first.
struct Revisions<'t, B> {
    first: EventNumber,
    stored: Vec<(&'t Message<B>, bool)>,
}

impl<'t, B: Clone> Revisions<'t, B> {
    /// The highest that was admitted.
    fn counting(&self) -> Option<&'t Message<B>> {
        let admitted = self.stored.iter().filter(|(_, admitted)| *admitted).map(|(message, _)| *message);
        admitted.max_by_key(|message| message.revision)
    }

    /// One of them, at the place of the first; nothing if it is a withdrawal.
    fn fact(&self, message: Option<&'t Message<B>>) -> Option<Fact<B>> {
        let Message { from, id, body, .. } = message?;
        let (from, id, body) = (from.clone(), id.clone(), body.clone()?);
        Some(Fact { position: i64::from(self.first.get()), routed: false, from, id, body })
    }
}

/// The number of the event that first routed a message from a slot, and the body that counts.
type Rerouted<B> = (EventNumber, Option<B>);

/// The histories of all keys.
pub(super) struct Facts<'t, S: System> {
    system: S,
    complete: bool,
    revisions: BTreeMap<(&'t Name, &'t Name), Revisions<'t, S::In>>,
    routed: BTreeMap<(Key, Slot), Rerouted<S::In>>,
    histories: BTreeMap<Key, History<'t, S>>,
    pub(super) flows: FlowTable,
}

impl<'t, S: System> Facts<'t, S> {
    pub(super) fn new(system: S, complete: bool) -> Self {
        let (revisions, routed, histories) = Default::default();
        Self { system, complete, revisions, routed, histories, flows: FlowTable::default() }
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.histories.keys()
    }

    pub(super) fn history(&self, key: &Key) -> Option<&History<'t, S>> {
        self.histories.get(key)
    }

    /// Takes a message that came in as event `number`; the keys whose histories it changed.
    pub(super) fn message(&mut self, number: EventNumber, message: &'t Message<S::In>) -> Vec<Key> {
        let admitted = admits(&self.system, message);
        let new = || Revisions { first: number, stored: Vec::new() };
        let revisions = self.revisions.entry((&message.from, &message.id)).or_insert_with(new);
        if revisions.stored.iter().any(|(stored, _)| stored.revision == message.revision) {
            return Vec::new();
        }
        let before = revisions.counting();
        revisions.stored.push((message, admitted));
        let after = revisions.counting();
        if before.map(|message| message.revision) == after.map(|message| message.revision) {
            return Vec::new();
        }
        let (before, after) = (revisions.fact(before), revisions.fact(after));
        self.replace(before, after)
    }

    /// Asks again whether the revisions of a message are taken: another version of the system may take them now.
    pub(super) fn reconsider(&mut self, from: &'t Name, id: &'t Name) {
        let Some(revisions) = self.revisions.get_mut(&(from, id)) else { return };
        let before = revisions.counting();
        for (message, admitted) in &mut revisions.stored {
            *admitted = admits(&self.system, message);
        }
        let after = revisions.counting();
        if before.map(|message| message.revision) != after.map(|message| message.revision) {
            let (before, after) = (revisions.fact(before), revisions.fact(after));
            self.replace(before, after);
        }
    }

    /// Takes another version of the system: every history is what that makes of the facts. What it does not take of what was
    /// taken is rejected; what was rejected stays so.
    pub(super) fn deploy<'e>(&mut self, system: S, sent: impl Iterator<Item = (EventNumber, &'e Sent<S::Out>)>)
    where
        S: 'e,
    {
        self.system = system;
        let before = std::mem::take(&mut self.histories);
        for (key, history) in before.into_iter().filter(|(_, history)| history.opening.is_some()) {
            self.histories.insert(key, History { opening: history.opening, ..History::new() });
        }
        let mut facts = Vec::new();
        for revisions in self.revisions.values_mut() {
            for (message, admitted) in &mut revisions.stored {
                *admitted &= admits(&self.system, message);
            }
            facts.push(revisions.fact(revisions.counting()));
        }
        for fact in facts {
            self.replace(None, fact);
        }
        self.routed.clear();
        for (number, sent) in sent {
            // What this version panics on is routed nowhere.
            let _ = guard(&mut || drop(self.output(number, sent)));
        }
    }

    /// Takes an output that the engine sent because of event `number`; the keys whose histories it changed, if it is a
    /// message to other keys.
    pub(super) fn output(&mut self, number: EventNumber, sent: &Sent<S::Out>) -> Vec<Key> {
        let message = sent.body.as_ref().and_then(|body| self.system.route(&sent.key, &sent.slot, body));
        let name = (sent.key.clone(), sent.slot.clone());
        if message.is_none() && !self.routed.contains_key(&name) {
            return Vec::new();
        }
        let (first, counting) = self.routed.entry(name).or_insert((number, None));
        let first = i64::from(first.get());
        let before = std::mem::replace(counting, message.clone());
        let fact = |body: Option<S::In>| {
            let (from, id) = (sent.key.clone(), sent.slot.clone());
            Some(Fact { position: first, routed: true, from, id, body: body? })
        };
        self.replace(fact(before), fact(message))
    }

    /// Takes the view that a key opens with.
    pub(super) fn open(&mut self, number: EventNumber, opening: &'t Opening<S::View>) -> Vec<Key> {
        let history = self.histories.entry(opening.key.clone()).or_insert_with(History::new);
        if history.opening.is_some() {
            return Vec::new();
        }
        history.opening = Some((number, opening));
        history.kept.clear();
        vec![opening.key.clone()]
    }

    /// Forgets the states on the way of a key: what its history means has changed.
    pub(super) fn forget(&mut self, key: &Key) {
        if let Some(history) = self.histories.get_mut(key) {
            history.kept.clear();
        }
    }

    /// Takes one message out of the histories of its keys and puts another in; their positions are those of their first
    /// arrival, unless the system knows better.
    fn replace(&mut self, before: Option<Fact<S::In>>, after: Option<Fact<S::In>>) -> Vec<Key> {
        let mut changed = Vec::new();
        for (fact, added) in [(before, false), (after, true)] {
            let Some(mut fact) = fact else { continue };
            fact.position = self.system.position(&fact.body).unwrap_or(fact.position);
            let mut keys = self.system.keys(&fact.body);
            keys.sort_unstable();
            keys.dedup();
            for key in keys {
                let history = self.histories.entry(key.clone()).or_insert_with(History::new);
                if added {
                    history.add(fact.clone())
                } else {
                    history.remove(&fact)
                }
                if !changed.contains(&key) {
                    changed.push(key);
                }
            }
        }
        changed.sort_unstable();
        changed
    }

    /// The state of `key` after its first `length` messages, folded from the first.
    pub(super) fn fold(&self, key: &Key, length: usize) -> Option<S::State> {
        let history = self.histories.get(key)?;
        let mut state = self.start(key, history)?;
        self.apply(key, history, &mut state, 0, length);
        Some(state)
    }

    /// Takes the newest of the states kept on the way along, in place, to the end of the history of `key`.
    pub(super) fn advance(&mut self, key: &Key) {
        let Some(mut history) = self.histories.remove(key) else { return };
        if history.kept.is_empty() || self.is_before_opening(&history) {
            history.kept.clear();
            history.kept.extend(self.start(key, &history).map(|state| (0, state)));
        }
        if let Some((from, mut state)) = history.kept.pop() {
            let before = history.kept.last().map_or(0, |(length, _)| *length);
            if from - before >= from.isqrt().max(32) {
                history.kept.push((from, state.clone()));
            }
            self.apply(key, &history, &mut state, from, history.facts.len());
            history.kept.push((history.facts.len(), state));
        }
        self.histories.insert(key.clone(), history);
    }

    /// The newest of the states kept on the way of `key`.
    pub(super) fn newest(&self, key: &Key) -> Option<&S::State> {
        self.histories.get(key)?.kept.last().map(|(_, state)| state)
    }

    fn start(&self, key: &Key, history: &History<'t, S>) -> Option<S::State> {
        if self.is_before_opening(history) {
            return None;
        }
        let beginning = if self.complete { Beginning::Birth } else { Beginning::Window };
        let state = self.system.initial(key, beginning);
        let Some((_, opening)) = history.opening else { return state };
        let mut state = state.unwrap_or_default();
        self.system.learn(key, &mut state, &opening.value).then_some(state)
    }

    fn is_before_opening(&self, history: &History<'t, S>) -> bool {
        let (Some((number, opening)), Some(first)) = (history.opening, history.facts.first()) else { return false };
        match (opening.after, self.system.position(first.input().body)) {
            (Some(after), _) => first.position <= after,
            (None, Some(_)) => false,
            (None, None) => first.position <= i64::from(number.get()),
        }
    }

    fn apply(&self, key: &Key, history: &History<'t, S>, state: &mut S::State, from: usize, to: usize) {
        let flows = self.flows.of(key);
        for fact in &history.facts[from..to] {
            self.system.apply(key, state, fact.input(), flows);
        }
    }
}

impl<'t, S: System> History<'t, S> {
    fn new() -> Self {
        Self { facts: Vec::new(), opening: None, changed_at: 0, kept: Vec::new() }
    }

    fn add(&mut self, fact: Fact<S::In>) {
        let newest = self.facts.last().is_none_or(|last| last.place() < fact.place());
        let place =
            if newest { self.facts.len() } else { self.facts.partition_point(|other| other.place() < fact.place()) };
        self.facts.insert(place, fact);
        self.changed(place);
    }

    fn remove(&mut self, fact: &Fact<S::In>) {
        let place = self.facts.partition_point(|other| other.place() < fact.place());
        if self.facts.get(place).is_some_and(|other| other.place() == fact.place()) {
            self.facts.remove(place);
            self.changed(place);
        }
    }

    fn changed(&mut self, place: usize) {
        self.changed_at = place;
        let kept = self.kept.partition_point(|(length, _)| *length <= place);
        self.kept.truncate(kept);
    }
}

fn admits<S: System>(system: &S, message: &Message<S::In>) -> bool {
    let Some(body) = &message.body else { return true };
    let mut admitted = false;
    let done = guard(&mut || {
        admitted = system.admit(body).is_ok();
        if admitted {
            system.keys(body);
            system.position(body);
        }
    });
    done.is_ok() && admitted
}
