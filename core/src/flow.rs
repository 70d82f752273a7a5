//! Flows: named behaviours that are on or off for a key, always for its whole history.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::name::{Key, Name};

/// The flows that are on for one key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flows {
    on: Vec<Name>,
}

impl Flows {
    /// Returns `true` if the flow named `flow` is on.
    pub fn on(&self, flow: &str) -> bool {
        self.on.iter().any(|name| name == flow)
    }

    /// The names of the flows that are on, in order.
    pub fn names(&self) -> &[Name] {
        &self.on
    }

    /// Turns `flow` on or off. Returns `false` if it was so already.
    pub fn set(&mut self, flow: &Name, on: bool) -> bool {
        match (self.on.binary_search(flow), on) {
            (Err(place), true) => self.on.insert(place, flow.clone()),
            (Ok(place), false) => drop(self.on.remove(place)),
            _ => return false,
        }
        true
    }
}

/// The flows that are on for each key: a default for every key, and the keys that differ from it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlowTable {
    every: Flows,
    apart: BTreeMap<Key, Flows>,
}

impl FlowTable {
    /// The flows that are on for `key`.
    pub fn of(&self, key: &Key) -> &Flows {
        if self.apart.is_empty() { &self.every } else { self.apart.get(key).unwrap_or(&self.every) }
    }

    /// Turns `flow` on or off for `key` alone.
    pub fn set(&mut self, key: &Key, flow: &Name, on: bool) {
        let mut flows = self.of(key).clone();
        if flows.set(flow, on) {
            if flows == self.every {
                self.apart.remove(key);
            } else {
                self.apart.insert(key.clone(), flows);
            }
        }
    }

    /// Turns `flow` on or off for every key, future keys included.
    pub fn set_every(&mut self, flow: &Name, on: bool) {
        self.every.set(flow, on);
        let every = self.every.clone();
        self.apart.retain(|_, flows| {
            flows.set(flow, on);
            *flows != every
        });
    }
}
