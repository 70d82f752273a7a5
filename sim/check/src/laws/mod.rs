//! Laws: conditions that must hold for every system. A system needs no code of its own to be checked for them.
//!
//! Each law is a function that takes a system and the stimuli of a run, and returns how the law is broken, if it is.
//! The laws share one idea: a state depends only on its messages, never on the way in which the system reached it. For
//! example, [`idempotence()`] delivers each message twice, and [`restart()`] restarts the system from its journal.
//!
//! [`look`] checks a law on a trace and returns a [`Finding`](crate::Finding). [`ask`] checks a law on stimuli. Both
//! take the name of a law, one of [`NAMES`].

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
mod violation;

use afresh_core::{Engine, Observation, Options, Policy, Sent, SlotId, Stimulus, What};

use crate::compare::output_part;
use crate::guard::guard;
use crate::loaded::AHEAD;
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
pub use table::{NAMES, Sample, ask, look};
pub use trigger::trigger;
pub use violation::{Held, LawViolation};
pub(crate) use violation::{held, same};

/// A stimulus of the system `S`.
pub type StimulusOf<S> = Stimulus<<S as afresh_core::System>::In, <S as afresh_core::System>::View>;

/// Runs all stimuli in a new engine, and returns the engine.
pub(crate) fn run<'t, S>(system: &S, policy: Policy, stimuli: impl IntoIterator<Item = &'t StimulusOf<S>>) -> Engine<S>
where
    S: Subject + 't,
{
    let mut engine = Engine::new(system.clone(), Options { policy, guard, ..Options::default() });
    take_all([&mut engine], stimuli);
    engine
}

/// Lets each engine take all stimuli.
pub(crate) fn take_all<'t, S, const N: usize>(
    mut engines: [&mut Engine<S>; N],
    stimuli: impl IntoIterator<Item = &'t StimulusOf<S>>,
) where
    S: Subject + 't,
{
    let (mut stimuli, mut batch) = (stimuli.into_iter(), Vec::new());
    loop {
        batch.extend(stimuli.by_ref().take(AHEAD));
        if batch.is_empty() {
            return;
        }
        for engine in &mut engines {
            engine.look_ahead(batch.iter().filter_map(|stimulus| match stimulus {
                Stimulus::In(message) => Some(message),
                _ => None,
            }));
        }
        for stimulus in batch.drain(..) {
            for engine in &mut engines {
                engine.take(None, stimulus.clone());
            }
        }
    }
}

/// Returns `true` if a key has sent a message to another key that has no position.
///
/// Such a message has the place of the stimulus that first sent it, so a run with another history may order it
/// otherwise. Laws that compare such runs do not hold then, and are not broken either.
pub(crate) fn routes_unplaced<S: Subject>(engine: &Engine<S>) -> bool {
    let system = engine.system();
    let is_unplaced = |sent: &Sent<S::Out>| {
        let message = sent.body.as_ref().and_then(|body| system.route(&sent.key, &sent.slot, body));
        message.is_some_and(|message| system.position(&message).is_none())
    };
    let mut outputs = engine.journal().events().filter_map(|event| match &event.what {
        What::Observation(Observation::Out(sent)) => Some(sent),
        _ => None,
    });
    let mut is_any = false;
    // On which of them the code panics is another law.
    let _ = guard(&mut || is_any = outputs.any(is_unplaced));
    is_any
}

/// Settles every `step`th of the outputs that are not settled.
pub(crate) fn settle<S: Subject>(engine: &mut Engine<S>, step: usize) {
    let output = |sent: &Sent<S::Out>| (SlotId { key: sent.key.clone(), slot: sent.slot.clone() }, sent.revision);
    for (output, revision) in engine.unsettled().step_by(step).map(output).collect::<Vec<_>>() {
        engine.settle(None, &output, revision);
    }
}

/// Takes one more stimulus, which must send, heal and quarantine nothing.
pub(crate) fn quiet<S: Subject>(engine: &mut Engine<S>, stimulus: StimulusOf<S>) -> Held {
    let shown = format!("{stimulus:?}");
    let effects = engine.take(None, stimulus);
    let mut seen = effects.events().filter_map(|event| match &event.what {
        What::Observation(observation) => Some((observation, event)),
        What::Stimulus(_) => None,
    });
    let loud = seen.find_map(|(observation, event)| {
        let (part, key) = match observation {
            Observation::Out(sent) => (output_part(sent.slot.as_str()), &sent.key),
            Observation::Healed(healed) => ("heals".to_owned(), &healed.key),
            Observation::Quarantined(quarantined) => ("quarantines".to_owned(), &quarantined.key),
            _ => return None,
        };
        Some(LawViolation::new(part, format!("{shown} caused {:?}", event.what)).of(key))
    });
    loud.map_or(Ok(()), Err)
}
