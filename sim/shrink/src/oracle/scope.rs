//! Scopes: the events of a trace on which the state of a key can depend.

use std::collections::{BTreeMap, BTreeSet};

use afresh_check::guard::guard;
use afresh_check::{AHEAD, Subject};
use afresh_core::{Engine, Fault, Key, Knob, Message, Options, Policy, Stimulus, What};
use afresh_trace::format::{EventOf, messages};
use indexmap::IndexSet;
use rustc_hash::FxBuildHasher;

/// Returns `key` and every key that sends messages to it in a run of `events`, directly or through other keys.
pub(super) fn with_senders<S: Subject>(
    system: &S,
    events: &[(EventOf<S>, u64)],
    complete: bool,
    key: &Key,
) -> BTreeSet<Key> {
    let options = Options { policy: Policy::Incremental, complete, guard, ..Options::default() };
    let mut engine = Engine::new(system.clone(), options);
    let mut senders: BTreeMap<Key, BTreeSet<Key>> = BTreeMap::new();
    for (place, (event, _)) in events.iter().enumerate() {
        if place % AHEAD == 0 {
            engine.look_ahead(messages::<S>(events[place..].iter().take(AHEAD).map(|(event, _)| event)));
        }
        let What::Stimulus(stimulus) = &event.what else { continue };
        for sent in engine.take(event.at, stimulus.clone()).sends() {
            let mut route = || {
                let message = sent.body.as_ref().and_then(|body| system.route(&sent.key, &sent.slot, body));
                for to in message.iter().flat_map(|message| system.keys(message)) {
                    senders.entry(to).or_default().insert(sent.key.clone());
                }
            };
            // Code that panics routes nothing.
            let _ = guard(&mut route);
        }
    }
    let (mut keys, mut next) = (BTreeSet::new(), vec![key.clone()]);
    while let Some(key) = next.pop() {
        if !keys.contains(&key) {
            next.extend(senders.remove(&key).unwrap_or_default());
            keys.insert(key);
        }
    }
    keys
}

/// Returns the numbers of the events that concern any of `keys`: every revision of a message to one of them, and every
/// event that concerns all keys.
pub(super) fn of_keys<S: Subject>(system: &S, events: &[(EventOf<S>, u64)], keys: &BTreeSet<Key>) -> Vec<u64> {
    let mut facts: IndexSet<_, FxBuildHasher> = IndexSet::default();
    for (event, _) in events {
        if let What::Stimulus(Stimulus::In(Message { from, id, body: Some(body), .. })) = &event.what {
            let mut concerns = false;
            let asked = guard(&mut || concerns = system.keys(body).into_iter().any(|key| keys.contains(&key)));
            if concerns || asked.is_err() {
                facts.insert((from, id));
            }
        }
    }
    let any = |named: &Option<Vec<Key>>| named.as_ref().is_none_or(|named| named.iter().any(|key| keys.contains(key)));
    let concerns = |event: &EventOf<S>| match &event.what {
        What::Stimulus(Stimulus::In(Message { from, id, .. })) => facts.contains(&(from, id)),
        What::Stimulus(Stimulus::Unreadable(_)) => false,
        What::Stimulus(Stimulus::Opening(opening)) => keys.contains(&opening.key),
        What::Stimulus(Stimulus::Fault(fault)) => match &**fault {
            Fault::Damage { key, .. } => keys.contains(key),
            _ => true,
        },
        What::Stimulus(Stimulus::Knob(knob)) => match &**knob {
            Knob::Trigger { keys, .. } | Knob::Scrub { keys, .. } | Knob::Migrate { keys, .. } => any(keys),
            Knob::ReflowIn { messages, .. } => messages.iter().any(|fact| facts.contains(&(&fact.from, &fact.id))),
            Knob::ReflowOut { outputs, .. } => outputs.iter().any(|output| keys.contains(&output.key)),
        },
        _ => true,
    };
    let concerning = events.iter().filter(|(event, _)| concerns(event));
    concerning.map(|(event, _)| event.number.get().into()).collect()
}
