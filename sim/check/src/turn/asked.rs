//! A knob as an operator requests it, with messages named as people write them.

use std::collections::{BTreeMap, BTreeSet};

use afresh_core::{Engine, FactId, Journal, Knob, Name, Stimulus, System, What};
use afresh_trace::unknown::{Thing, UnknownName};

use super::Error;
use super::select::Selection;
use crate::show::is_named;
use crate::subject::Subject;

/// A knob as an operator requests it.
#[derive(Clone, Debug)]
pub enum Asked {
    /// A knob in which every name is complete.
    Knob(Knob),
    /// A reflow of stored messages, whose senders need not be given.
    Reflow {
        /// The messages, each as `id` or `id@sender`.
        messages: Vec<String>,
        /// The operator who requests it.
        by: Name,
        /// The reason that the operator gives.
        why: String,
    },
    /// The knob for everything that is rejected, quarantined or not settled.
    Waiting {
        /// The things to process or to send again.
        selection: Selection,
        /// The operator who requests it.
        by: Name,
        /// The reason that the operator gives.
        why: String,
    },
}

impl Asked {
    /// Completes the names from the journal of an engine, and returns the knob.
    ///
    /// # Errors
    ///
    /// Fails if the journal has no message of that name, or several.
    pub fn knob<S: Subject>(&self, engine: &Engine<S>) -> Result<Knob, Error> {
        match self {
            Self::Knob(knob) => Ok(knob.clone()),
            Self::Reflow { messages, by, why } => {
                let messages = facts(engine.journal(), messages)?;
                Ok(Knob::ReflowIn { messages, by: by.clone(), why: why.clone() })
            }
            Self::Waiting { selection, by, why } => Ok(selection.knob(engine, by.clone(), why.clone())),
        }
    }
}

/// Finds the messages with these names. Returns each one once, in the order of the names.
fn facts<S: System>(journal: &Journal<S>, names: &[String]) -> Result<Vec<FactId>, Error> {
    let mut found: BTreeMap<&str, BTreeSet<FactId>> = BTreeMap::new();
    for event in journal.events() {
        let What::Stimulus(Stimulus::In(message)) = &event.what else { continue };
        for name in names.iter().filter(|name| is_named(name, message.id.as_str(), message.from.as_str())) {
            found.entry(name).or_default().insert(message.fact());
        }
    }
    if let Some(name) = names.iter().find(|name| !found.contains_key(name.as_str())) {
        return Err(unknown_message(journal, name));
    }
    let mut facts: Vec<FactId> = Vec::new();
    for name in names {
        let named: Vec<_> = found.get(name.as_str()).into_iter().flatten().collect();
        if named.len() > 1 {
            let names = named.into_iter().map(full_name).collect();
            return Err(Error::Ambiguous { id: name.clone(), names });
        }
        for fact in named {
            if !facts.contains(fact) {
                facts.push(fact.clone());
            }
        }
    }
    Ok(facts)
}

/// Returns the name of a message as `id@sender`.
fn full_name(fact: &FactId) -> String {
    format!("{}@{}", fact.id.as_str(), fact.from.as_str())
}

/// Returns the error that no message is called `name`, which is `id` or `id@sender`.
pub(super) fn unknown_message<S: System>(journal: &Journal<S>, name: &str) -> Error {
    let known = journal.events().filter_map(|event| match &event.what {
        What::Stimulus(Stimulus::In(message)) if name.contains('@') => Some(full_name(&message.fact())),
        What::Stimulus(Stimulus::In(message)) => Some(message.id.as_str().to_owned()),
        _ => None,
    });
    Error::Unknown(UnknownName::new(Thing::Message, name, known))
}
