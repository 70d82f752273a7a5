//! The names that a knob carries: each must be one that the trace or the system has.

use std::collections::BTreeSet;

use afresh_core::{Engine, Key, Knob, Name, Plan, Stimulus, System, Unknown, What};
use afresh_trace::format::output_id;
use afresh_trace::unknown::{Thing, UnknownName};

use super::Error;
use super::asked::unknown_message;

/// Fails if the knob has a name that the journal of `engine` or its system does not have; `plan` is its plan.
///
/// # Errors
///
/// Fails at the first such name, with the names that come nearest.
pub fn check<S: System>(engine: &Engine<S>, knob: &Knob, plan: &Plan<S::Out>) -> Result<(), Error> {
    if let Knob::Migrate { flow, .. } = knob {
        check_flow(engine, flow)?;
    }
    match plan.unknown.first() {
        None => Ok(()),
        Some(Unknown::Message(message)) => {
            let name = format!("{}@{}", message.id.as_str(), message.from.as_str());
            Err(unknown_message(engine.journal(), &name))
        }
        Some(Unknown::Output(output)) => {
            let name = output_id(&output.key, &output.slot);
            let keys = engine.keys();
            let outputs = keys.iter().flat_map(|key| engine.slots(key).map(|(slot, _)| output_id(key, slot)));
            Err(Error::Unknown(UnknownName::new(Thing::Output, name, outputs)))
        }
        Some(Unknown::Key(key)) => {
            let keys = engine.keys().into_iter().map(Key::as_str);
            Err(Error::Unknown(UnknownName::new(Thing::Key, key.as_str(), keys)))
        }
    }
}

/// Fails if the system names its flows, and neither the system nor an earlier migration names this one.
fn check_flow<S: System>(engine: &Engine<S>, flow: &Name) -> Result<(), Error> {
    let named = engine.system().flows();
    if named.is_empty() {
        return Ok(());
    }
    let migrated = engine.journal().events().filter_map(|event| match &event.what {
        What::Stimulus(Stimulus::Knob(knob)) => match &**knob {
            Knob::Migrate { flow, .. } => Some(flow.clone()),
            _ => None,
        },
        _ => None,
    });
    let known: BTreeSet<_> = named.into_iter().chain(migrated).collect();
    if known.contains(flow) {
        return Ok(());
    }
    Err(Error::Unknown(UnknownName::new(Thing::Flow, flow.as_str(), known.iter().map(Name::as_str))))
}
