use afresh_core::{Knob, Observation, Plan, Policy, Refusal, Stimulus, What};

use super::{Held, LawViolation, StimulusOf, run, same};
use crate::finding::value;
use crate::subject::Subject;

/// Checks that a knob does exactly what its plan says, and that planning changes nothing.
///
/// # Errors
///
/// Returns the plan, and the effects that the knob had instead.
pub fn plan<S: Subject>(system: &S, stimuli: &[StimulusOf<S>], knob: &Knob) -> Held {
    let before = run(system, Policy::Incremental, stimuli);
    let mut engine = before.clone();
    let plan = engine.plan(knob);
    same(["before", "after planning"], [&before, &engine])?;
    if engine.plan(knob) != plan {
        return Err(LawViolation::new("asked again", format!("the second plan of {knob:?} differs from the first")));
    }
    let mut done = Plan { keys: plan.keys, unknown: plan.unknown.clone(), ..Plan::default() };
    for event in engine.take(None, Stimulus::Knob(Box::new(knob.clone()))).events() {
        match &event.what {
            What::Observation(Observation::Out(sent)) => done.sends.push(sent.clone()),
            What::Observation(Observation::Healed(healed)) => done.heals.push((**healed).clone()),
            What::Observation(Observation::Quarantined(quarantined)) => done.quarantines.push((**quarantined).clone()),
            What::Observation(Observation::Rejected(rejected)) => {
                let event = event.cause.ok_or_else(|| LawViolation::new("cause", "a rejection has no cause"))?;
                done.refusals.push(Refusal { event, why: rejected.why.clone() });
            }
            _ => {}
        }
    }
    if done == plan {
        return Ok(());
    }
    let debug = |plan: &Plan<S::Out>| value(&format!("{plan:#?}"));
    let violation = LawViolation::new("plan", format!("{knob:?} does not do what its plan says"));
    Err(violation.versus(("planned", debug(&plan)), ("done", debug(&done))))
}
