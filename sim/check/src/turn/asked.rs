//! The knob as it is asked for: messages by names that people give them.

use std::collections::{BTreeMap, BTreeSet};

use afresh_core::{FactId, Journal, Knob, Name, Stimulus, System, What};

use super::Error;
use crate::show::is_named;

/// A knob as it is asked for.
#[derive(Clone, Debug)]
pub enum Asked {
    /// One that names what it is about in full.
    Knob(Knob),
    /// To process stored messages again.
    Reflow {
        /// The messages, each as `id` or `id@sender`.
        messages: Vec<String>,
        /// Who.
        by: Name,
        /// Why.
        why: String,
    },
}

impl Asked {
    /// The knob, with every message named in full.
    pub(super) fn knob<S: System>(&self, journal: &Journal<S>) -> Result<Knob, Error> {
        match self {
            Self::Knob(knob) => Ok(knob.clone()),
            Self::Reflow { messages, by, why } => {
                let messages = facts(journal, messages)?;
                Ok(Knob::ReflowIn { messages, by: by.clone(), why: why.clone() })
            }
        }
    }
}

/// The facts with these names, in the order in which they are named, each once.
fn facts<S: System>(journal: &Journal<S>, names: &[String]) -> Result<Vec<FactId>, Error> {
    let mut found: BTreeMap<&str, BTreeSet<FactId>> = BTreeMap::new();
    for event in journal.events() {
        let What::Stimulus(Stimulus::In(message)) = &event.what else { continue };
        for name in names.iter().filter(|name| is_named(name, message.id.as_str(), message.from.as_str())) {
            found.entry(name).or_default().insert(message.fact());
        }
    }
    let unknown: Vec<_> = names.iter().filter(|name| !found.contains_key(name.as_str())).collect();
    if !unknown.is_empty() {
        return Err(Error::Unknown(unknown.into_iter().map(|name| format!("message {name}")).collect()));
    }
    let mut facts: Vec<FactId> = Vec::new();
    for name in names {
        let named: Vec<_> = found.get(name.as_str()).into_iter().flatten().collect();
        if named.len() > 1 {
            let names = named.iter().map(|fact| format!("{}@{}", fact.id, fact.from)).collect();
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
