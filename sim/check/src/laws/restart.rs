use afresh_core::{Engine, Options, Policy};

use super::{Held, LawViolation, StimulusOf, run, same, settle, take_all};
use crate::guard::guard;
use crate::subject::Subject;

/// Checks that a crash after `crash_after` stimuli and a restart from the journal lose nothing.
///
/// The restarted system must have the same states and the same unsettled outputs. The rest of the run must be the same.
///
/// # Errors
///
/// Returns the first key or event that differs.
pub fn restart<S: Subject>(system: &S, stimuli: &[StimulusOf<S>], crash_after: usize) -> Held {
    let (before, rest) = stimuli.split_at(crash_after.min(stimuli.len()));
    let mut lived = run(system, Policy::Incremental, before);
    // Every other output has arrived before the crash, and must not be sent again.
    settle(&mut lived, 2);
    let options = Options { policy: Policy::Incremental, guard, ..Options::default() };
    let journal = lived.journal().events().cloned();
    let mut restarted = Engine::restart(system.clone(), options, journal)
        .map_err(|error| LawViolation::new("journal", error.to_string()))?;
    same(["lived", "restarted"], [&lived, &restarted])?;
    if !lived.unsettled().eq(restarted.unsettled()) {
        return Err(LawViolation::new("unsettled", "the restarted system would send other outputs again"));
    }
    take_all([&mut lived, &mut restarted], rest);
    super::policy::same_events(["lived", "restarted"], [&lived, &restarted])?;
    same(["lived", "restarted"], [&lived, &restarted])
}
