//! The names in a trace, so that a filter for a name that the trace does not have is an error.

use std::collections::BTreeSet;

use afresh_core::{Key, Observation, Stimulus, Types, What};
use afresh_trace::format::{Error, Problem, WhatOf, output_id};
use afresh_trace::unknown::{Thing, UnknownName};

use super::filter::{Filter, is_named};

/// The names of a trace that matter to a filter: its keys, and its messages with their senders or receivers.
#[derive(Debug, Default)]
pub struct Names {
    keys: BTreeSet<Key>,
    messages: BTreeSet<(String, String)>,
}

impl Names {
    /// Adds keys.
    pub fn add_keys(&mut self, filter: &Filter, keys: &[Key]) {
        if !filter.keys.is_empty() {
            self.keys.extend(keys.iter().cloned());
        }
    }

    /// Adds the message that an event carries, if it carries one.
    pub fn add_message<T: Types>(&mut self, filter: &Filter, what: &WhatOf<T>) {
        if filter.messages.is_empty() {
            return;
        }
        let (id, party) = match what {
            What::Stimulus(Stimulus::In(message)) => (message.id.as_str().to_owned(), &message.from),
            What::Observation(Observation::Out(sent)) => (output_id(&sent.key, &sent.slot), &sent.to),
            _ => return,
        };
        self.messages.insert((id, party.as_str().to_owned()));
    }

    /// Returns `true` if every name of the filter was added.
    pub fn has_all(&self, filter: &Filter) -> bool {
        self.unknown(filter).is_none()
    }

    /// Fails if the filter has a name that was never added. `trace` is the name of the trace.
    ///
    /// # Errors
    ///
    /// The error proposes the nearest name that was added.
    pub fn check(&self, filter: &Filter, trace: &str) -> Result<(), Error> {
        self.unknown(filter).map_or(Ok(()), |unknown| Err(Error::file(trace, Problem::Unknown(unknown))))
    }

    fn unknown(&self, filter: &Filter) -> Option<UnknownName> {
        if let Some(key) = filter.keys.iter().find(|key| !self.keys.contains(*key)) {
            return Some(UnknownName::new(Thing::Key, key.as_str(), self.keys.iter().map(Key::as_str)));
        }
        let is_known = |name: &str| self.messages.iter().any(|(id, party)| is_named(name, id, party));
        let name = filter.messages.iter().find(|name| !is_known(name))?;
        let full =
            |(id, party): &(String, String)| if name.contains('@') { format!("{id}@{party}") } else { id.clone() };
        Some(UnknownName::new(Thing::Message, name, self.messages.iter().map(full)))
    }
}
