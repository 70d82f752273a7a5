use std::collections::BTreeMap;

use afresh_core::{Message, Policy, Stimulus};

use super::{Held, StimulusOf, routes_unplaced, run, same};
use crate::subject::Subject;

/// Checks that all keys can be rebuilt from the external messages alone.
///
/// The rebuilt system gets only the revision of each external message that counts, and it sends the messages between
/// keys itself. It must end in the same states: superseded revisions must leave nothing behind. Runs in which a message
/// between keys has no position are not compared.
///
/// # Errors
///
/// Returns the first key that differs.
pub fn closure<S: Subject>(system: &S, stimuli: &[StimulusOf<S>]) -> Held {
    let lived = run(system, Policy::Incremental, stimuli);
    if routes_unplaced(&lived) {
        return Ok(());
    }
    let mut order = Vec::new();
    let mut counting: BTreeMap<_, Vec<&Message<S::In>>> = BTreeMap::new();
    for stimulus in stimuli {
        let Stimulus::In(message) = stimulus else { continue };
        let stored = counting.entry(message.fact()).or_default();
        if stored.is_empty() {
            order.push(message.fact());
        }
        if stored.iter().all(|stored| stored.revision != message.revision) {
            stored.push(message);
        }
    }
    let counts = |message: &&&Message<S::In>| message.body.as_ref().is_none_or(|body| system.admit(body).is_ok());
    let highest = order.iter().filter_map(|fact| counting[fact].iter().filter(counts).max_by_key(|m| m.revision));
    let external = highest.map(|message| Stimulus::In((*message).clone()));
    let turned = stimuli.iter().filter(|stimulus| !matches!(stimulus, Stimulus::In(_))).cloned();
    let rebuilt = run(system, Policy::FirstPrinciples, &external.chain(turned).collect::<Vec<_>>());
    same(["lived", "rebuilt"], [&lived, &rebuilt])
}
