use afresh_core::{Key, Knob, Policy, Stimulus};

use super::{Held, StimulusOf, run, same};
use crate::subject::Subject;

/// Flows are timeless: *on from the start* and *migrated later* end the same, and *on, then off* is back where it was.
///
/// # Errors
///
/// Gives the first key that differs.
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
    let from_start = run(system, Policy::Incremental, [turn(true)].iter().chain(&stimuli));
    same(["migrated late", "from the start"], [&migrated, &from_start])?;
    migrated.take(None, turn(false));
    same(["never on", "on and off"], [&never, &migrated])
}
