use afresh_core::{FactId, Knob, Policy, SlotId, Stimulus};

use super::{Breach, Held, StimulusOf, quiet, run, same};
use crate::subject::Subject;

/// Reflowing any stored message changes nothing when nothing is wrong.
///
/// # Errors
///
/// Gives the message that did something when it was processed again.
pub fn reflow_in<S: Subject>(system: &S, stimuli: &[StimulusOf<S>]) -> Held {
    let before = run(system, Policy::Incremental, stimuli);
    let mut after = before.clone();
    for (place, stimulus) in stimuli.iter().enumerate() {
        let Stimulus::In(message) = stimulus else { continue };
        let messages: Vec<FactId> = vec![message.fact()];
        let knob = Knob::ReflowIn { messages, by: "law".into(), why: String::new() };
        quiet(&mut after, Stimulus::Knob(Box::new(knob))).map_err(|breach| breach.at(place))?;
    }
    same(["before", "reflowed"], [&before, &after])
}

/// Outputs that are sent again are what they were, and nothing else is sent.
///
/// # Errors
///
/// Gives what was sent instead.
pub fn reflow_out<S: Subject>(system: &S, stimuli: &[StimulusOf<S>]) -> Held {
    let before = run(system, Policy::Incremental, stimuli);
    let mut after = before.clone();
    for key in before.keys() {
        let (slots, sent): (Vec<_>, Vec<_>) = before.slots(key).unzip();
        let outputs = slots.into_iter().map(|slot| SlotId { key: key.clone(), slot: slot.clone() }).collect();
        let knob = Knob::ReflowOut { outputs, by: "law".into(), why: String::new() };
        let effects = after.take(None, Stimulus::Knob(Box::new(knob)));
        if !effects.sends().eq(sent.iter().copied()) {
            let again: Vec<_> = effects.sends().collect();
            let found = format!("{key} had sent {sent:?}, and sent {again:?} again");
            return Err(Breach::new("sends", found).of(key));
        }
    }
    same(["before", "sent again"], [&before, &after])
}
