use afresh_core::{Engine, Options, Policy};

use super::{Breach, Held, StimulusOf, run, same};
use crate::guard::guard;
use crate::subject::Subject;

/// A crash after any number of stimuli, then a restart from the journal: the same states, the same outputs to send again,
/// and from there on the same run.
///
/// # Errors
///
/// Gives the first key that differs.
pub fn restart<S: Subject>(system: &S, stimuli: &[StimulusOf<S>], crash_after: usize) -> Held {
    let (before, rest) = stimuli.split_at(crash_after.min(stimuli.len()));
    let mut lived = run(system, Policy::Incremental, before);
    let options = Options { policy: Policy::Incremental, guard, ..Options::default() };
    let journal = lived.journal().events().cloned();
    let mut restarted =
        Engine::restart(system.clone(), options, journal).map_err(|error| Breach::new("journal", error.to_string()))?;
    same(["lived", "restarted"], [&lived, &restarted])?;
    if !lived.unsettled().eq(restarted.unsettled()) {
        return Err(Breach::new("unsettled", "other outputs are to be sent again"));
    }
    for stimulus in rest {
        lived.take(None, stimulus.clone());
        restarted.take(None, stimulus.clone());
    }
    super::policy::same_events(["lived", "restarted"], [&lived, &restarted])?;
    same(["lived", "restarted"], [&lived, &restarted])
}
