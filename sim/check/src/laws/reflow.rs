use afresh_core::{FactId, Knob, Policy, SlotId, Stimulus};

use super::{Held, LawViolation, StimulusOf, quiet, run, same, settle};
use crate::subject::Subject;

/// Checks that reflowing any stored message changes nothing in a healthy system.
///
/// # Errors
///
/// Returns the first message that had an effect when it was processed again.
pub fn reflow_in<S: Subject>(system: &S, stimuli: &[StimulusOf<S>]) -> Held {
    let before = run(system, Policy::Incremental, stimuli);
    let mut after = before.clone();
    for (place, stimulus) in stimuli.iter().enumerate() {
        let Stimulus::In(message) = stimulus else { continue };
        let messages: Vec<FactId> = vec![message.fact()];
        let knob = Knob::ReflowIn { messages, by: "law".into(), why: String::new() };
        quiet(&mut after, Stimulus::Knob(Box::new(knob))).map_err(|violation| violation.at(place))?;
    }
    same(["before", "reflowed"], [&before, &after])
}

/// Checks that reflowing the outputs of a key sends exactly the same outputs again, until they are settled again.
///
/// # Errors
///
/// Returns the first key that sent other outputs, with these.
pub fn reflow_out<S: Subject>(system: &S, stimuli: &[StimulusOf<S>]) -> Held {
    let before = run(system, Policy::Incremental, stimuli);
    let mut after = before.clone();
    settle(&mut after, 1);
    for key in before.keys() {
        let (slots, sent): (Vec<_>, Vec<_>) = before.slots(key).unzip();
        let outputs = slots.into_iter().map(|slot| SlotId { key: key.clone(), slot: slot.clone() }).collect();
        let knob = Knob::ReflowOut { outputs, by: "law".into(), why: String::new() };
        let effects = after.take(None, Stimulus::Knob(Box::new(knob)));
        if !effects.sends().eq(sent.iter().copied()) {
            let again: Vec<_> = effects.sends().collect();
            let found = format!("{key} had sent {sent:?} but sent {again:?} when reflowed");
            return Err(LawViolation::new("sends", found).of(key));
        }
    }
    if after.unsettled().count() != before.unsettled().count() {
        return Err(LawViolation::new(
            "unsettled",
            "an output that was sent again would not be sent again after a crash",
        ));
    }
    same(["before", "sent again"], [&before, &after])
}
