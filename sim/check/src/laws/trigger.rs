use afresh_core::{Knob, Policy, Stimulus};

use super::{Held, StimulusOf, quiet, run, same};
use crate::subject::Subject;

/// Checks that triggering or scrubbing healthy keys sends nothing and heals nothing.
///
/// # Errors
///
/// Returns the first output that was sent, or the first key that was healed or differs.
pub fn trigger<S: Subject>(system: &S, stimuli: &[StimulusOf<S>]) -> Held {
    let before = run(system, Policy::Incremental, stimuli);
    let mut after = before.clone();
    let (by, why) = ("law".into(), String::new());
    let scrub = Knob::Scrub { keys: None, by, why };
    let (by, why) = ("law".into(), String::new());
    for knob in [Knob::Trigger { keys: None, by, why }, scrub] {
        quiet(&mut after, Stimulus::Knob(Box::new(knob)))?;
    }
    same(["before", "triggered"], [&before, &after])
}
