//! Laws: what must hold of every system, with nothing more to write. One file each.
//!
//! Each takes a system and the stimuli of a run, and gives how the law is broken, where it is. They say what the
//! engine promises: that nobody can tell how a state was reached, only which messages it is a function of. [`ask`] asks
//! one by its name.

mod breach;
mod closure;
mod determinism;
mod healing;
mod idempotence;
mod migration;
mod order;
mod outputs;
mod plan;
mod policy;
mod reflow;
mod restart;
mod table;
mod trigger;

use afresh_core::{Engine, Observation, Options, Policy, Stimulus, What};

use crate::compare::kind;
use crate::guard::guard;
use crate::subject::Subject;

pub use breach::{Breach, Held};
pub(crate) use breach::{held, same};
pub use closure::closure;
pub use determinism::determinism;
pub use healing::healing;
pub use idempotence::idempotence;
pub use migration::migration;
pub use order::order;
pub use outputs::outputs;
pub use plan::plan;
pub use policy::policy;
pub use reflow::{reflow_in, reflow_out};
pub use restart::restart;
pub use table::{NAMES, Sample, ask, look};
pub use trigger::trigger;

/// What drives a run.
pub type StimulusOf<S> = Stimulus<<S as afresh_core::System>::In, <S as afresh_core::System>::View>;

/// The engine after a run.
pub(crate) fn run<'t, S>(system: &S, policy: Policy, stimuli: impl IntoIterator<Item = &'t StimulusOf<S>>) -> Engine<S>
where
    S: Subject + 't,
{
    let mut engine = Engine::new(system.clone(), Options { policy, guard, ..Options::default() });
    for stimulus in stimuli {
        engine.take(None, stimulus.clone());
    }
    engine
}

/// Whether a stimulus sends nothing and heals nothing.
pub(crate) fn quiet<S: Subject>(engine: &mut Engine<S>, stimulus: StimulusOf<S>) -> Held {
    let shown = format!("{stimulus:?}");
    let effects = engine.take(None, stimulus);
    let mut seen = effects.events().filter_map(|event| match &event.what {
        What::Observation(observation) => Some((observation, event)),
        What::Stimulus(_) => None,
    });
    let loud = seen.find_map(|(observation, event)| {
        let (part, key) = match observation {
            Observation::Out(sent) => (format!("output {}", kind(sent.slot.as_str())), &sent.key),
            Observation::Healed(healed) => ("heals".to_owned(), &healed.key),
            Observation::Quarantined(apart) => ("sets apart".to_owned(), &apart.key),
            _ => return None,
        };
        Some(Breach::new(part, format!("{shown} caused {:?}", event.what)).of(key))
    });
    loud.map_or(Ok(()), Err)
}
