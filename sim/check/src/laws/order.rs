use std::collections::BTreeMap;

use afresh_core::{Policy, Stimulus};

use super::{Held, StimulusOf, run, same};
use crate::subject::Subject;

/// In a system with positions, any order of arrival of the same messages, conflicts aside, ends in the same states and
/// the same outputs. `order` says which message comes next: the number of one of those that are left, modulo their count.
///
/// # Errors
///
/// Gives the first key that differs.
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
            // Of two messages that contradict each other, the first counts: that is order, and meant to be.
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
