use afresh_core::Policy;

use super::policy::same_events;
use super::{Held, StimulusOf, run, same};
use crate::subject::Subject;

/// How often the run is made again: what depends on chance may well come out alike twice.
const AGAIN: usize = 8;

/// The same stimuli give the same run, event by event.
///
/// # Errors
///
/// Gives the first event that differs.
pub fn determinism<S: Subject>(system: &S, stimuli: &[StimulusOf<S>]) -> Held {
    let first = run(system, Policy::Incremental, stimuli);
    for _ in 0..AGAIN {
        let again = run(system, Policy::Incremental, stimuli);
        same_events(["first run", "another run"], [&first, &again])?;
        same(["first run", "another run"], [&first, &again])?;
    }
    Ok(())
}
