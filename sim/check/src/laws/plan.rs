use afresh_core::{Knob, Observation, Plan, Policy, Refusal, Stimulus, What};

use super::{Breach, Held, StimulusOf, run, same};
use crate::finding::value;
use crate::subject::Subject;

/// What a knob would do is what it then does; and to ask changes nothing.
///
/// # Errors
///
/// Gives the plan and what happened instead.
pub fn plan<S: Subject>(system: &S, stimuli: &[StimulusOf<S>], knob: &Knob) -> Held {
    let before = run(system, Policy::Incremental, stimuli);
    let mut engine = before.clone();
    let plan = engine.plan(knob);
    same(["before", "asked"], [&before, &engine])?;
    if engine.plan(knob) != plan {
        return Err(Breach::new("asked again", format!("asked again, the plan of {knob:?} is another")));
    }
    let mut done = Plan { keys: plan.keys, unknown: plan.unknown.clone(), ..Plan::default() };
    for event in engine.take(None, Stimulus::Knob(Box::new(knob.clone()))).events() {
        match &event.what {
            What::Observation(Observation::Out(sent)) => done.sends.push(sent.clone()),
            What::Observation(Observation::Healed(healed)) => done.heals.push((**healed).clone()),
            What::Observation(Observation::Quarantined(apart)) => done.quarantines.push((**apart).clone()),
            What::Observation(Observation::Rejected(rejected)) => {
                let event = event.cause.ok_or_else(|| Breach::new("cause", "a rejection has no cause"))?;
                done.refusals.push(Refusal { event, why: rejected.why.clone() });
            }
            _ => {}
        }
    }
    if done == plan {
        return Ok(());
    }
    let debug = |plan: &Plan<S::Out>| value(&format!("{plan:#?}"));
    let breach = Breach::new("plan", format!("{knob:?} does not do what it was to do"));
    Err(breach.versus(("planned", debug(&plan)), ("done", debug(&done))))
}
