use afresh_core::{Knob, Plan, Policy};

use super::{Held, LawViolation, StimulusOf, run, same};
use crate::finding::value;
use crate::subject::Subject;
use crate::turn::take_knob;

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
    let done = Plan { unknown: plan.unknown.clone(), ..take_knob(&mut engine, knob) };
    if done == plan {
        return Ok(());
    }
    let debug = |plan: &Plan<S::Out>| value(&format!("{plan:#?}"));
    let violation = LawViolation::new("plan", format!("{knob:?} does not do what its plan says"));
    Err(violation.versus(("planned", debug(&plan)), ("done", debug(&done))))
}
