use afresh_core::Policy;

use super::{Breach, Held, StimulusOf, held, run};
use crate::subject::Subject;

/// After every stimulus the slots hold what the states call for: `touched` and `output` agree with `outputs`.
///
/// # Errors
///
/// Gives the first key whose slots do not.
pub fn outputs<S: Subject>(system: &S, stimuli: &[StimulusOf<S>]) -> Held {
    let mut engine = run(system, Policy::Incremental, []);
    for (place, stimulus) in stimuli.iter().enumerate() {
        engine.take(None, stimulus.clone());
        for key in engine.keys() {
            let Some(outputs) = engine.outputs(key) else { continue };
            if !outputs.iter().eq(held(&engine, key)) {
                let found = format!("{key} should have {outputs:?}, and has sent {:?}", held(&engine, key));
                return Err(Breach::new("outputs", found).of(key).at(place));
            }
        }
    }
    Ok(())
}
