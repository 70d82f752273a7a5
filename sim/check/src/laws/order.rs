use std::collections::BTreeMap;

use afresh_core::{Policy, Stimulus};

use super::{Held, StimulusOf, run, same};
use crate::subject::Subject;

/// Checks that messages with positions give the same states and outputs in any order of arrival.
///
/// Stimuli without a position and conflicts are left out. `order` selects the next message: each number, modulo the
/// count of the messages that are left, is the index of one of these. It starts over when it is used up.
///
/// # Errors
///
/// Returns the first key that differs.
pub fn order<S: Subject>(system: &S, stimuli: &[StimulusOf<S>], order: &[usize]) -> Held {
    let positioned = |stimulus: &StimulusOf<S>| match stimulus {
        Stimulus::In(message) => message.body.as_ref().is_none_or(|body| system.position(body).is_some()),
        _ => false,
    };
    let mut first = BTreeMap::new();
    let messages: Vec<_> = stimuli
        .iter()
        .filter(|stimulus| positioned(stimulus))
        .filter(|stimulus| match stimulus {
            // If two messages are in conflict, the first counts. Their order is meant to matter.
            Stimulus::In(message) => *first.entry((message.fact(), message.revision)).or_insert(message) == message,
            _ => false,
        })
        .cloned()
        .collect();
    let mut left = messages.clone();
    let mut order = order.iter().cycle();
    let mut shuffled = Vec::new();
    while !left.is_empty() {
        shuffled.push(left.remove(order.next().copied().unwrap_or(0) % left.len()));
    }
    let [came, otherwise] = [&messages, &shuffled].map(|messages| run(system, Policy::Incremental, messages));
    same(["as they came", "in another order"], [&came, &otherwise])
}
