//! Laws: what must hold of every system, with nothing more to write. One file each.
//!
//! Each takes a system and the stimuli of a run, and gives what was found where the law is broken. They say what the
//! engine promises: that nobody can tell how a state was reached, only which messages it is a function of.

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
mod trigger;

use afresh_core::{Engine, Key, Options, Policy, Slot, Stimulus};

use crate::host::guard;
use crate::subject::Subject;

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
pub use trigger::trigger;

/// What drives a run.
pub type StimulusOf<S> = Stimulus<<S as afresh_core::System>::In, <S as afresh_core::System>::View>;

/// Whether a law holds; else what was found.
pub type Held = Result<(), String>;

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

/// Whether two engines hold the same states and call for the same outputs, by whatever way they came there.
pub(crate) fn same<S: Subject>(what: &str, a: &Engine<S>, b: &Engine<S>) -> Held {
    let mut keys: Vec<&Key> = a.keys();
    keys.extend(b.keys());
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        let (x, y) = (a.state(key), b.state(key));
        // A key of which nothing was ever said is as it is before its first message.
        let initial = a.system().initial(key, afresh_core::Beginning::Birth);
        let known = |engine: &Engine<S>| engine.keys().binary_search(&key).is_ok();
        let state = |state, engine| if known(engine) { state } else { initial.as_ref() };
        let (x, y) = (state(x, a), state(y, b));
        if x != y {
            return Err(format!("{what}: the states of {key} differ:\n{x:#?}\n{y:#?}"));
        }
        let (x, y) = (held(a, key), held(b, key));
        if x != y {
            return Err(format!("{what}: the outputs of {key} differ:\n{x:#?}\n{y:#?}"));
        }
    }
    Ok(())
}

/// What the slots of a key hold.
pub(crate) fn held<'e, S: Subject>(engine: &'e Engine<S>, key: &Key) -> Vec<(&'e Slot, &'e S::Out)> {
    engine.slots(key).filter_map(|(slot, sent)| Some((slot, sent.body.as_ref()?))).collect()
}

/// Whether a stimulus sends nothing and heals nothing.
pub(crate) fn quiet<S: Subject>(what: &str, engine: &mut Engine<S>, stimulus: StimulusOf<S>) -> Held {
    let shown = format!("{stimulus:?}");
    let effects = engine.take(None, stimulus);
    let loud = effects.events().find(|event| {
        use afresh_core::{Observation, What};
        matches!(
            event.what,
            What::Observation(Observation::Out(_) | Observation::Healed(_) | Observation::Quarantined(_))
        )
    });
    match loud {
        Some(event) => Err(format!("{what}: {shown} caused {:?}", event.what)),
        None => Ok(()),
    }
}
