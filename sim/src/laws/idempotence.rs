use afresh_core::{Policy, Stimulus};

use super::{Held, StimulusOf, quiet, run, same};
use crate::subject::Subject;

/// Delivering any message again changes no state and sends nothing.
///
/// # Errors
///
/// Gives the message that did something when it came again.
pub fn idempotence<S: Subject>(system: &S, stimuli: &[StimulusOf<S>]) -> Held {
    let before = run(system, Policy::Incremental, stimuli);
    let mut after = before.clone();
    for stimulus in stimuli.iter().filter(|stimulus| matches!(stimulus, Stimulus::In(_))) {
        quiet("idempotence", &mut after, stimulus.clone())?;
    }
    same("idempotence", &before, &after)
}
