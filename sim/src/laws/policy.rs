use afresh_core::{Engine, Policy};

use super::{Held, StimulusOf, run, same};
use crate::subject::Subject;

/// While nothing is damaged, all policies send the same messages at the same moments, and end in the same states.
///
/// # Errors
///
/// Gives the first event or key that differs.
pub fn policy<S: Subject>(system: &S, stimuli: &[StimulusOf<S>]) -> Held {
    let first = run(system, Policy::FirstPrinciples, stimuli);
    for policy in [Policy::Incremental, Policy::Unchecked] {
        let other = run(system, policy, stimuli);
        same_events(&format!("policy {policy:?}"), &first, &other)?;
        same(&format!("policy {policy:?}"), &first, &other)?;
    }
    Ok(())
}

/// Whether two runs are the same, event by event.
pub(super) fn same_events<S: Subject>(what: &str, a: &Engine<S>, b: &Engine<S>) -> Held {
    match a.journal().events().zip(b.journal().events()).find(|(a, b)| a != b) {
        Some((a, b)) => Err(format!("{what}: event {} differs:\n{:?}\n{:?}", a.number, a.what, b.what)),
        None if a.journal().len() == b.journal().len() => Ok(()),
        None => Err(format!("{what}: {} events and {}", a.journal().len(), b.journal().len())),
    }
}
