use afresh_core::{Policy, Stimulus};

use super::{Held, StimulusOf, quiet, run, same};
use crate::subject::Subject;

/// Checks that delivering any message again changes no state and sends nothing.
///
/// # Errors
///
/// Returns the first message that had an effect when it was delivered again.
pub fn idempotence<S: Subject>(system: &S, stimuli: &[StimulusOf<S>]) -> Held {
    let before = run(system, Policy::Incremental, stimuli);
    let mut after = before.clone();
    for (place, stimulus) in stimuli.iter().enumerate().filter(|(_, stimulus)| matches!(stimulus, Stimulus::In(_))) {
        quiet(&mut after, stimulus.clone()).map_err(|violation| violation.at(place))?;
    }
    same(["once", "again"], [&before, &after])
}
