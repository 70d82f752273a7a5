//! What an engine has made: since a stimulus, and in a slot.

use afresh_core::{Engine, EventNumber, Fault, Observation, Sent, Stimulus, System, What};

/// Returns `true` for a crash and for a restart of the service.
pub(crate) fn is_restart<I, V>(stimulus: &Stimulus<I, V>) -> bool {
    match stimulus {
        Stimulus::Fault(fault) => matches!(**fault, Fault::Crash { .. } | Fault::Restart { .. }),
        _ => false,
    }
}

/// The observations between event `taken` of the journal and the next stimulus other than a crash or a restart.
pub(super) fn made_since<S: System>(
    engine: &Engine<S>,
    taken: EventNumber,
) -> impl Iterator<Item = (EventNumber, &Observation<S::Out, S::View>)> {
    let made = engine.journal().since(taken.get() as usize).map_while(|event| match &event.what {
        What::Observation(observation) => Some(Some((event.number, observation))),
        What::Stimulus(stimulus) => is_restart(stimulus).then_some(None),
    });
    made.flatten()
}

/// The body that the slot of an output had before event `number` of the journal.
pub(super) fn sent_before<S: System>(engine: &Engine<S>, number: EventNumber, of: &Sent<S::Out>) -> Option<S::Out> {
    let earlier = (1..number.get()).rev().filter_map(|number| engine.journal().get(EventNumber::new(number)?));
    let mut outputs = earlier.filter_map(|event| match &event.what {
        What::Observation(Observation::Out(sent)) => Some(sent),
        _ => None,
    });
    outputs.find(|sent| sent.slot == of.slot && sent.key == of.key).and_then(|sent| sent.body.clone())
}
