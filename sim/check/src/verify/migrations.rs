//! The migrations of a trace, and the flows that they leave on.
//!
//! The engine keeps a table of flows, and updates it. The verifier keeps the last migration of each flow instead, and
//! works out which flows are on when it is asked, so that it does not share a mistake of that table.

use std::collections::BTreeMap;

use afresh_core::{Flows, Key, Name};

/// The last migration of each flow: of every key, and of keys that were named.
#[derive(Clone, Debug, Default)]
pub(super) struct Migrations {
    /// How many migrations there were.
    count: u64,
    every: BTreeMap<Name, Last>,
    named: BTreeMap<Key, BTreeMap<Name, Last>>,
}

/// The number of a migration, and whether it turned the flow on.
type Last = (u64, bool);

impl Migrations {
    /// Turns a flow on or off, for some keys or for every key.
    pub(super) fn migrate(&mut self, flow: &Name, keys: Option<&[Key]>, on: bool) {
        self.count += 1;
        let last = (self.count, on);
        let Some(keys) = keys else {
            self.every.insert(flow.clone(), last);
            return;
        };
        for key in keys {
            self.named.entry(key.clone()).or_default().insert(flow.clone(), last);
        }
    }

    /// The flows that are on for a key: of the migrations of a flow that concern the key, the last one counts.
    pub(super) fn of(&self, key: &Key) -> Flows {
        let named = self.named.get(key);
        let mut flows = Flows::default();
        for flow in self.every.keys().chain(named.into_iter().flat_map(BTreeMap::keys)) {
            let last = self.every.get(flow).max(named.and_then(|named| named.get(flow)));
            flows.set(flow, last.is_some_and(|(_, on)| *on));
        }
        flows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_migration_counts() {
        let (fees, one, other) = (Name::from("fees"), Key::from("one"), Key::from("other"));
        let mut migrations = Migrations::default();
        let mut on = |keys: Option<&[Key]>, on| {
            migrations.migrate(&fees, keys, on);
            [&one, &other].map(|key| migrations.of(key).on("fees"))
        };
        assert_eq!(on(Some(std::slice::from_ref(&one)), true), [true, false]);
        assert_eq!(on(None, false), [false, false], "a key with a migration of its own obeys a later one of every key");
        assert_eq!(on(None, true), [true, true]);
        assert_eq!(on(Some(std::slice::from_ref(&other)), false), [true, false]);
    }
}
