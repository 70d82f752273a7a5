use afresh_core::{Key, Knob, Policy, Stimulus};

use super::{Held, StimulusOf, routes_unplaced, run, same};
use crate::subject::Subject;

/// Checks that the moment of a migration does not matter, and that a migration can be undone.
///
/// Turning `flow` on at the end must give the same states and outputs as turning it on at the start. Turning it on and
/// off again must give those of a run that never had it on. With `keys`, only these keys are migrated. Runs in which a
/// message between keys has no position are not compared.
///
/// # Errors
///
/// Returns the first key that differs.
pub fn migration<S: Subject>(system: &S, stimuli: &[StimulusOf<S>], flow: &str, keys: Option<Vec<Key>>) -> Held {
    let turn = |on| -> StimulusOf<S> {
        let knob = Knob::Migrate { flow: flow.into(), keys: keys.clone(), on, by: "law".into(), why: String::new() };
        Stimulus::Knob(Box::new(knob))
    };
    let turns_it = |stimulus: &&StimulusOf<S>| match stimulus {
        Stimulus::Knob(knob) => matches!(&**knob, Knob::Migrate { flow: other, .. } if *other == flow),
        _ => false,
    };
    let stimuli: Vec<_> = stimuli.iter().filter(|stimulus| !turns_it(stimulus)).cloned().collect();
    let never = run(system, Policy::Incremental, &stimuli);
    let mut migrated = never.clone();
    migrated.take(None, turn(true));
    if routes_unplaced(&migrated) {
        return Ok(());
    }
    let from_start = run(system, Policy::Incremental, [turn(true)].iter().chain(&stimuli));
    same(["migrated late", "from the start"], [&migrated, &from_start])?;
    migrated.take(None, turn(false));
    same(["never on", "on and off"], [&never, &migrated])
}
