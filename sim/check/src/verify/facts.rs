//! The checker's own facts, built from the raw events of a trace, and the histories of all keys.
//!
//! This code shares only the trace vocabulary with the engine, so that a mistake in the engine cannot hide here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use afresh_core::{
    Elsewhere, EventNumber, FactId, Folds, Foreseen, Key, Message, Name, Opening, Receipt, Sent, Slot, Stimulus,
    System, What,
};
use afresh_trace::format::EventOf;
use indexmap::IndexMap;
use indexmap::map::Entry;
use rustc_hash::FxBuildHasher;

use super::history::{Fact, History, Learned, learn};
use super::look::{Look, Work};
use super::migrations::Migrations;
use super::paths::Messages;
use super::recurring::Recurring;
use super::revisions::{Revision, Revisions};
use crate::guard::guard;

/// The most messages that the folds of which a system is told beforehand have together.
const FORESEEN_MAX: usize = 200_000;

/// A map with the same hashes in every run. It is iterated in the order of insertion.
pub(super) type Map<K, V> = IndexMap<K, V, FxBuildHasher>;

/// The history that a key will have after the events that were looked at beforehand.
struct Future<S: System> {
    history: History<S>,
    /// The place, in the list of folds, of the one that these messages continue.
    fold: Option<usize>,
}

/// The number of the event that first routed a message from a slot, and the body that counts now.
type Rerouted<B> = (EventNumber, Option<B>);

/// The histories of all keys.
#[derive(Clone)]
pub(super) struct Facts<S: System> {
    system: S,
    complete: bool,
    /// The messages that come more than once; `None` if that is not known. Only their revisions are remembered.
    recurring: Option<Arc<Recurring>>,
    /// The only key whose history is kept, if the pass compares a single key.
    only: Option<Key>,
    /// `true` if the system answers in another process than the one that runs, and is asked about what it shows too.
    is_beside: bool,
    revisions: Map<(Name, Name), Revisions<S::In>>,
    routed: Map<(Key, Slot), Rerouted<S::In>>,
    histories: Map<Key, History<S>>,
    pub(super) migrations: Migrations,
    pub(super) messages: Messages,
}

impl<S: System> Facts<S> {
    pub(super) fn new(system: S, complete: bool, recurring: Option<Arc<Recurring>>, only: Option<Key>) -> Self {
        let (revisions, routed, histories, migrations, messages) = Default::default();
        let is_beside = false;
        Self { system, complete, recurring, only, is_beside, revisions, routed, histories, migrations, messages }
    }

    /// Recomputes with another process of the system.
    pub(super) fn recompute_with(&mut self, system: S) {
        (self.system, self.is_beside) = (system, true);
    }

    /// The system, which folds the histories.
    pub(super) fn system(&self) -> &S {
        &self.system
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.histories.keys()
    }

    pub(super) fn history(&self, key: &Key) -> Option<&History<S>> {
        self.histories.get(key)
    }

    /// Whether the history of a key is kept.
    fn keeps(&self, key: &Key) -> bool {
        self.only.as_ref().is_none_or(|only| only == key)
    }

    /// Whether a message with this body belongs to a history that is kept.
    fn keeps_any(&self, body: &S::In) -> bool {
        self.only.is_none() || self.system.keys(body).into_iter().any(|key| self.keeps(&key))
    }

    /// Takes the message that arrived as event `number`. Adds the keys whose histories it changes to `changed`. Returns
    /// the kind of receipt that the engine must give for it.
    pub(super) fn message(
        &mut self,
        number: EventNumber,
        message: &Message<S::In>,
        changed: &mut Vec<Key>,
    ) -> &'static str {
        let Message { from, id, revision, body } = message;
        let admitted = admits(&self.system, body.as_ref());
        if self.recurring.as_ref().is_some_and(|recurring| !recurring.contains(from, id)) {
            let kept = body.as_ref().filter(|body| admitted && self.keeps_any(body));
            let fact = kept.map(|body| {
                let (from, id, body) = (from.clone(), id.clone(), body.clone());
                Fact { position: i64::from(number.get()), routed: false, from, id, body }
            });
            self.replace(Some(false), [None, fact], changed);
            return if admitted { COUNTS } else { REJECTED };
        }
        let name = (from.clone(), id.clone());
        let came = Revision { number: *revision, admitted, body: body.clone().map(Box::new) };
        let (counted, before, after) = match self.revisions.entry(name.clone()) {
            Entry::Vacant(vacant) => {
                let counting = admitted.then_some(*revision);
                let revisions =
                    vacant.insert(Revisions { first: number, one: came, others: BTreeMap::new(), counting });
                (false, None, revisions.counting_fact(&name))
            }
            Entry::Occupied(known) => {
                let revisions = known.into_mut();
                if let Some(known) = revisions.get(*revision) {
                    let is_duplicate = known.body.as_deref() == body.as_ref();
                    self.messages.duplicate += u64::from(is_duplicate);
                    return if is_duplicate { DUPLICATE } else { CONFLICT };
                }
                let counting = revisions.counting;
                if !admitted || counting.is_some_and(|counting| counting > *revision) {
                    revisions.others.insert(*revision, came);
                    return if admitted { STALE } else { REJECTED };
                }
                let before = revisions.counting_fact(&name);
                revisions.others.insert(*revision, came);
                revisions.counting = Some(*revision);
                (counting.is_some(), before, revisions.counting_fact(&name))
            }
        };
        self.replace(Some(counted), [before, after], changed);
        if admitted { COUNTS } else { REJECTED }
    }

    /// The keys of all revisions of a message that the present version of the system admits.
    pub(super) fn keys_of(&self, message: &FactId) -> Vec<Key> {
        let mut keys = Vec::new();
        if let Some(revisions) = self.revisions.get(&(message.from.clone(), message.id.clone())) {
            for body in revisions.bodies().filter(|body| admits(&self.system, Some(body))) {
                let _ = guard(&mut || keys.extend(self.system.keys(body)));
            }
        }
        keys
    }

    /// Admits or rejects the revisions of a message again, because the present version of the system may decide
    /// otherwise.
    pub(super) fn reconsider(&mut self, from: &Name, id: &Name) {
        let name = (from.clone(), id.clone());
        let Some(revisions) = self.revisions.get_mut(&name) else { return };
        let (number, before) = (revisions.counting, revisions.counting_fact(&name));
        revisions.admit(|revision| admits(&self.system, revision.body.as_deref()));
        if number != revisions.counting {
            let after = revisions.counting_fact(&name);
            self.replace(None, [before, after], &mut Vec::new());
        }
    }

    /// Switches to another version of the system, and rebuilds every history from the facts.
    ///
    /// Admitted messages that the new version rejects are rejected from now on. Rejected messages stay rejected. `sent`
    /// are the outputs sent so far, each with the number of its cause.
    pub(super) fn deploy<'e>(&mut self, system: S, sent: impl Iterator<Item = (EventNumber, &'e Sent<S::Out>)>)
    where
        S: 'e,
    {
        self.system = system;
        for history in self.histories.values_mut() {
            history.clear();
        }
        // A key that has sent something stays, although all its messages may be withdrawn, or of other keys now.
        let sent: Vec<_> = sent.collect();
        let senders: BTreeSet<_> = sent.iter().map(|(_, sent)| &sent.key).collect();
        self.histories.retain(|key, history| history.opening.is_some() || senders.contains(key));
        let mut facts = Vec::new();
        for (name, revisions) in &mut self.revisions {
            revisions.admit(|revision| revision.admitted && admits(&self.system, revision.body.as_deref()));
            facts.push(revisions.counting_fact(name));
        }
        for fact in facts {
            self.replace(None, [None, fact], &mut Vec::new());
        }
        self.routed.clear();
        let messages = self.messages;
        for (number, sent) in sent {
            // An output on which this version panics is routed nowhere.
            let _ = guard(&mut || self.output(number, sent, &mut Vec::new()));
        }
        // The deploy built the histories anew: no message arrived.
        self.messages = messages;
    }

    /// Takes an output that the engine sent because of event `number`. If it is a message to other keys, adds those
    /// whose histories it changes to `changed`.
    pub(super) fn output(&mut self, number: EventNumber, sent: &Sent<S::Out>, changed: &mut Vec<Key>) {
        let message = sent.body.as_ref().and_then(|body| self.system.route(&sent.key, &sent.slot, body));
        let name = (sent.key.clone(), sent.slot.clone());
        let counted = self.routed.contains_key(&name);
        if message.is_none() && !counted {
            return;
        }
        let (first, counting) = self.routed.entry(name).or_insert((number, None));
        let first = i64::from(first.get());
        let before = std::mem::replace(counting, message.clone());
        // An output that is only sent again revises nothing.
        let counted = (before != message).then_some(counted);
        let fact = |body: Option<S::In>| {
            let (from, id) = (sent.key.clone(), sent.slot.clone());
            Some(Fact { position: first, routed: true, from, id, body: body? })
        };
        self.replace(counted, [fact(before), fact(message)], changed);
    }

    /// Takes the opening of a key. If it is the first one, adds the key to `changed`.
    pub(super) fn open(&mut self, number: EventNumber, opening: &Opening<S::View>, changed: &mut Vec<Key>) {
        let history = self.histories.entry(opening.key.clone()).or_default();
        if history.opening.is_some() {
            return;
        }
        history.opening = Some((number, opening.clone()));
        history.kept.clear();
        changed.push(opening.key.clone());
    }

    /// Notes the stimulus that concerned a key.
    pub(super) fn changed_by(&mut self, key: &Key, place: (EventNumber, u64)) {
        if let Some(history) = self.histories.get_mut(key) {
            history.changed_by = place;
        }
    }

    /// Discards the checkpoints and the newest state of a key, whose history means something else from now on.
    pub(super) fn forget(&mut self, key: &Key) {
        if let Some(history) = self.histories.get_mut(key) {
            history.kept.clear();
        }
    }

    /// Removes one message from the histories of its keys and adds another. Adds the keys of both to `changed`.
    ///
    /// If the system has no positions, a message takes the position of its first arrival. If the message has just
    /// arrived, `counted` is given, and says whether a revision of it counted before.
    fn replace(&mut self, counted: Option<bool>, [before, after]: [Option<Fact<S::In>>; 2], changed: &mut Vec<Key>) {
        let (system, remove) = (&self.system, History::remove as fn(&mut History<S>, &S, Fact<S::In>) -> bool);
        let (bodies, mut is_late, mut is_keyless) = ([before.is_some(), after.is_some()], false, false);
        for (fact, change) in [(before, remove), (after, History::add)] {
            let Some(mut fact) = fact else { continue };
            fact.position = system.position(&fact.body).unwrap_or(fact.position);
            let first = changed.len();
            is_keyless = true;
            for key in system.keys(&fact.body) {
                is_keyless = false;
                if self.keeps(&key) && !changed[first..].contains(&key) {
                    changed.push(key);
                }
            }
            let Some((last, others)) = changed[first..].split_last() else { continue };
            for key in others {
                is_late |= change(self.histories.entry(key.clone()).or_default(), system, fact.clone());
            }
            is_late |= change(self.histories.entry(last.clone()).or_default(), system, fact);
        }
        if let Some(counted) = counted {
            self.messages.add(counted, bodies, is_late, is_keyless);
        }
    }

    /// Lets a key of a window learn from the view that event `number` recorded, if its state is not wholly known.
    pub(super) fn learn(&mut self, key: &Key, view: &S::View) {
        if self.complete || !self.keeps(key) {
            return;
        }
        self.advance(key);
        let known = self.newest(key);
        if known.is_some_and(|state| self.system.compare(key, state, view).underivable().next().is_none()) {
            return;
        }
        let mut state = known.cloned();
        learn(&self.system, key, &mut state, view);
        let Some(state) = state.filter(|state| known != Some(state)) else { return };
        let history = self.histories.entry(key.clone()).or_default();
        let length = history.len();
        history.learned.push(Learned { length, view: view.clone() });
        let kept = history.kept.partition_point(|(earlier, _)| *earlier < length);
        history.kept.truncate(kept);
        history.kept.push((length, state));
    }

    /// Forgets everything that keys learned after their openings, as a restart does.
    pub(super) fn unlearn(&mut self) {
        for history in self.histories.values_mut().filter(|history| !history.learned.is_empty()) {
            history.learned.clear();
            history.kept.clear();
        }
    }

    /// Folds the first `length` messages of `key`, from the first one. Returns `None` if the state is not derivable.
    pub(super) fn fold(&self, key: &Key, length: usize) -> Option<S::State> {
        self.fold_with(&self.system, key, length)
    }

    /// Folds with a system that is the same, but may answer in another process.
    pub(super) fn fold_with(&self, system: &S, key: &Key, length: usize) -> Option<S::State> {
        self.histories.get(key)?.fold(system, self.complete, &self.migrations.of(key), key, length)
    }

    /// Tells a system whose code runs elsewhere which folds the next events will need, if all messages in them count.
    /// `steps` is the number of stimuli so far.
    ///
    /// A mistake costs only time: what was not foreseen is asked for when it is needed.
    pub(super) fn foresee<'e>(&self, look: &Look, steps: u64, events: impl Iterator<Item = &'e EventOf<S>>)
    where
        S: 'e,
    {
        let Some(elsewhere) = self.system.elsewhere() else { return };
        let (mut folds, mut work, mut step) = (Vec::<Foreseen<S>>::new(), 0, steps);
        let mut futures: Map<Key, Option<Future<S>>> = Map::default();
        for event in events {
            let What::Stimulus(stimulus) = &event.what else { continue };
            step += 1;
            let Stimulus::In(Message { from, id, body: Some(body), .. }) = stimulus else { continue };
            let comes_again = || self.recurring.as_ref().is_none_or(|recurring| recurring.contains(from, id));
            if self.revisions.contains_key(&(from.clone(), id.clone())) && comes_again()
                || work > FORESEEN_MAX
                || !admits(&self.system, Some(body))
            {
                continue;
            }
            let keys: BTreeSet<Key> = self.system.keys(body).into_iter().filter(|key| self.keeps(key)).collect();
            for key in keys {
                let known = futures.entry(key.clone()).or_insert_with(|| {
                    let history = self.histories.get(&key).cloned().unwrap_or_default();
                    (self.complete && history.is_plain()).then_some(Future { history, fold: None })
                });
                let Some(Future { history, fold }) = known else { continue };
                let position = self.system.position(body).unwrap_or(i64::from(event.number.get()));
                let input = (from.clone(), id.clone(), body.clone());
                let (from, id, body) = input.clone();
                let is_late = history.add(&self.system, Fact { position, routed: false, from, id, body });
                let length = history.len();
                // The prefixes before a late message are none of the history after it.
                *fold = fold.filter(|_| !is_late);
                if let Some(fold) = *fold {
                    folds[fold].inputs.push(input);
                }
                if !(look.share.has_step(step) && look.share.has(Some(&key)) && look.depth.folds(length)) {
                    continue;
                }
                work += if fold.is_some() { 1 } else { length };
                let index = *fold.get_or_insert_with(|| {
                    let inputs = history.inputs(0..length);
                    folds.push(Foreseen {
                        state: history.birth(&self.system, &key),
                        inputs: inputs
                            .map(|input| (input.from.clone(), input.id.clone(), input.body.clone()))
                            .collect(),
                        flows: self.migrations.of(&key),
                        folds: Folds::Prefixes(Vec::new()),
                        looks: self.is_beside,
                        restates: Vec::new(),
                        key,
                    });
                    folds.len() - 1
                });
                if let Folds::Prefixes(prefixes) = &mut folds[index].folds {
                    prefixes.push(length);
                }
                if look.depth.restates(length) {
                    folds[index].restates.push(length);
                }
            }
        }
        elsewhere.foresee_folds(folds);
    }

    /// Folds the remaining messages of `key` into its newest state, and saves a checkpoint now and then.
    pub(super) fn advance(&mut self, key: &Key) {
        let (system, flows) = (&self.system, self.migrations.of(key));
        let Some(history) = self.histories.get_mut(key) else { return };
        let length = history.len();
        if history.is_before_opening(system) {
            history.kept.retain(|(length, _)| *length > 0);
        }
        if history.kept.last().is_some_and(|(kept, _)| *kept == length) {
            return;
        }
        // The state is taken out first, so that a panic of the system leaves no half-folded state behind.
        let state = match history.kept.pop() {
            None => history.fold(system, self.complete, &flows, key, length),
            Some((from, state)) => {
                let before = history.kept.last().map_or(0, |(length, _)| *length);
                if from - before >= from.isqrt().max(32) {
                    history.kept.push((from, state.clone()));
                }
                let mut state = Some(state);
                history.apply(system, &flows, key, &mut state, from..length);
                state
            }
        };
        history.kept.extend(state.map(|state| (length, state)));
    }

    /// Folds the remaining messages of `key` if `work` allows it. Returns whether the newest state is up to date.
    ///
    /// A late message makes the states after its place useless. If each message belongs before most of the others, no
    /// state can be used again, and all folds together are quadratic.
    pub(super) fn advance_within(&mut self, key: &Key, work: &mut Work) -> bool {
        let Some(history) = self.histories.get(key) else { return true };
        let allowed = work.allows(history.behind(&self.system, self.complete, key));
        if allowed {
            self.advance(key);
        }
        allowed
    }

    /// Returns `true` if the newest state of `key` is not up to date.
    pub(super) fn is_behind(&self, key: &Key) -> bool {
        self.histories.get(key).is_some_and(|history| history.behind(&self.system, self.complete, key) > 0)
    }

    /// The newest state of `key`; `None` if it is not derivable or not up to date.
    pub(super) fn newest(&self, key: &Key) -> Option<&S::State> {
        let history = self.histories.get(key)?;
        history.kept.last().filter(|(length, _)| *length == history.len()).map(|(_, state)| state)
    }
}

/// The kinds of receipt for a message.
const COUNTS: &str = "counts";
const DUPLICATE: &str = "duplicate";
const STALE: &str = "stale";
const CONFLICT: &str = "conflict";
const REJECTED: &str = "rejected";

/// The kind of a receipt that the engine gave.
pub(super) fn kind_of(receipt: Receipt) -> &'static str {
    match receipt {
        Receipt::Counts => COUNTS,
        Receipt::Duplicate => DUPLICATE,
        Receipt::Stale(_) => STALE,
        Receipt::Conflict(_) => CONFLICT,
        Receipt::Rejected => REJECTED,
    }
}

/// Returns `true` if the system admits a message with this body. A withdrawal is always admitted.
fn admits<S: System>(system: &S, body: Option<&S::In>) -> bool {
    let mut admitted = true;
    let Some(body) = body else { return admitted };
    let done = guard(&mut || {
        admitted = system.admit(body).is_ok();
        if admitted {
            // The engine also rejects a body on which one of these panics.
            system.position(body);
            system.subposition(body).into_iter().for_each(drop);
            system.keys(body).into_iter().for_each(drop);
        }
    });
    admitted && done.is_ok()
}
