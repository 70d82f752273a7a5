use afresh_core::{Damage, Fault, Knob, Policy, Stimulus};

use super::{Held, LawViolation, StimulusOf, routes_unplaced, run, same, take_all};
use crate::subject::Subject;

/// Checks that damage to incremental states, checkpoints or indexes is healed, and that wrong outputs are corrected.
///
/// The law damages one key at a time, after the first `damage_after` stimuli. Under the policy `Incremental`, a scrub
/// or a trigger at the end must heal it. A scrub at once must heal all caches, so that the rest of the run goes as if
/// nothing had been damaged. Under `FirstPrinciples`, the next update of the key must heal it. Runs in which a message
/// between keys has no position are not compared.
///
/// # Errors
///
/// Returns the damage and the first key that was not healed.
pub fn healing<S: Subject>(system: &S, stimuli: &[StimulusOf<S>], damage_after: usize) -> Held {
    healing_of(system, stimuli, damage_after, |_, _| true)
}

/// Checks the law of [`healing()`] only for the damages that are `wanted`, given the number of each, from 1, and how
/// many there are.
pub(super) fn healing_of<S: Subject>(
    system: &S,
    stimuli: &[StimulusOf<S>],
    damage_after: usize,
    wanted: impl Fn(usize, usize) -> bool,
) -> Held {
    let mut number = 0;
    let (before, rest) = stimuli.split_at(damage_after.min(stimuli.len()));
    let healthy = run(system, Policy::Incremental, stimuli);
    if routes_unplaced(&healthy) {
        return Ok(());
    }
    let engine = run(system, Policy::Incremental, before);
    let keys: Vec<_> = engine.keys().into_iter().cloned().collect();
    for key in &keys {
        let other = keys.iter().find(|other| *other != key).unwrap_or(key).clone();
        let whats = [
            Damage::Default,
            Damage::Stale(1),
            Damage::Stale(3),
            Damage::Missing(0),
            Damage::Missing(2),
            Damage::Field(0),
            Damage::Field(1),
            Damage::Field(2),
            Damage::Other(other),
            Damage::Checkpoints,
            Damage::Index,
        ];
        let all = whats.len();
        for what in whats {
            number += 1;
            if !wanted(number, keys.len() * all) {
                continue;
            }
            let fault = Fault::Damage { key: key.clone(), what };
            let by = || ("law".into(), String::new());
            let mut damaged = engine.clone();
            damaged.take(None, Stimulus::Fault(Box::new(fault.clone())));
            let (mut at_once, (by_law, why)) = (damaged.clone(), by());
            at_once.take(None, Stimulus::Knob(Box::new(Knob::Scrub { keys: None, by: by_law, why })));
            take_all([&mut damaged, &mut at_once], rest);
            same(["never damaged", "healed at once"], [&healthy, &at_once])
                .map_err(|violation| of_fault(violation, &fault))?;
            for trigger in [true, false] {
                let (by, why) = by();
                let keys = None;
                let knob = if trigger { Knob::Trigger { keys, by, why } } else { Knob::Scrub { keys, by, why } };
                let mut healed = damaged.clone();
                healed.take(None, Stimulus::Knob(Box::new(knob)));
                same(["never damaged", "healed"], [&healthy, &healed])
                    .map_err(|violation| of_fault(violation, &fault))?;
            }
            first_principles(system, before, rest, key, &fault)?;
        }
    }
    Ok(())
}

/// Checks that under `FirstPrinciples` the next update of the key heals it.
fn first_principles<S: Subject>(
    system: &S,
    before: &[StimulusOf<S>],
    rest: &[StimulusOf<S>],
    key: &afresh_core::Key,
    fault: &Fault,
) -> Held {
    let mut healthy = run(system, Policy::FirstPrinciples, before);
    let mut damaged = healthy.clone();
    damaged.take(None, Stimulus::Fault(Box::new(fault.clone())));
    for stimulus in rest {
        let before = healthy.state(key).cloned();
        healthy.take(None, stimulus.clone());
        damaged.take(None, stimulus.clone());
        if before.as_ref() != healthy.state(key) {
            let healed = healthy.state(key) == damaged.state(key);
            let violation =
                || LawViolation::new("next update", "the state is still damaged after the next update").of(key);
            return if healed { Ok(()) } else { Err(of_fault(violation(), fault)) };
        }
    }
    Ok(())
}

fn of_fault(mut violation: Box<LawViolation>, fault: &Fault) -> Box<LawViolation> {
    if let Fault::Damage { key, what } = fault {
        violation.found += &format!(", after the damage {what:?} to {key}");
    }
    violation
}
