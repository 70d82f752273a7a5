use afresh_core::Policy;

use super::{Held, LawViolation, StimulusOf, held, run};
use crate::subject::Subject;

/// Checks that after every stimulus the slots of each key hold the outputs that its state calls for.
///
/// It is broken if the methods `touched` or `output` of the system disagree with `outputs`.
///
/// # Errors
///
/// Returns the first key with a wrong slot.
pub fn outputs<S: Subject>(system: &S, stimuli: &[StimulusOf<S>]) -> Held {
    let mut engine = run(system, Policy::Incremental, []);
    for (place, stimulus) in stimuli.iter().enumerate() {
        engine.take(None, stimulus.clone());
        for key in engine.keys() {
            let Some(outputs) = engine.outputs(key) else { continue };
            if !outputs.iter().eq(held(&engine, key)) {
                let found = format!("{key} should have sent {outputs:?} but has sent {:?}", held(&engine, key));
                return Err(LawViolation::new("outputs", found).of(key).at(place));
            }
        }
    }
    Ok(())
}
