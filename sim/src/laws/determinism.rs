use afresh_core::Policy;

use super::{Held, StimulusOf, run};
use crate::subject::Subject;

/// The same stimuli give the same run, event by event.
///
/// # Errors
///
/// Gives the first event that differs.
pub fn determinism<S: Subject>(system: &S, stimuli: &[StimulusOf<S>]) -> Held {
    let (first, second) = (run(system, Policy::Incremental, stimuli), run(system, Policy::Incremental, stimuli));
    super::policy::same_events("determinism", &first, &second)?;
    super::same("determinism", &first, &second)
}
