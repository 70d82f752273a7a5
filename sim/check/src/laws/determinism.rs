use afresh_core::{Elsewhere, Policy};

use super::policy::same_events;
use super::{Held, StimulusOf, run, same};
use crate::subject::Subject;

/// The number of repeated runs. Two runs that depend on chance may well be equal, but rarely as many as this.
const AGAIN: usize = 8;

/// Checks that the same stimuli always give the same run, event by event.
///
/// # Errors
///
/// Returns the first event or key that differs.
pub fn determinism<S: Subject>(system: &S, stimuli: &[StimulusOf<S>]) -> Held {
    let first = run(system, Policy::Incremental, stimuli);
    // Code that runs elsewhere may also depend on the process.
    let system = &system.elsewhere().map_or_else(|| system.clone(), |elsewhere| elsewhere.restarted());
    for _ in 0..AGAIN {
        let again = run(system, Policy::Incremental, stimuli);
        same_events(["first run", "another run"], [&first, &again])?;
        same(["first run", "another run"], [&first, &again])?;
    }
    Ok(())
}
