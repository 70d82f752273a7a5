//! Mutations of knobs, flows and restarts.

use super::{Mutation, noticed};

const TURN: &str = "core/src/turn.rs";
const FLOW: &str = "core/src/flow.rs";
const RESTART: &str = "core/src/restart.rs";

pub(super) const ALL: &[Mutation] = &[
    noticed(
        TURN,
        "a plan of a migration leaves the flow turned",
        "self.flows = flows.unwrap_or_else(|| core::mem::take(&mut self.flows));",
        "drop(flows);",
    ),
    noticed(
        TURN,
        "an output that is sent again stays settled",
        "self.outbox.set(place, Sending::new(event, routed));",
        "self.outbox.set(place, Sending { event, ..self.outbox.sending(place) });",
    ),
    noticed(
        TURN,
        "a migration does not fold again",
        "self.compute(cell, Fold::Again, outcome);",
        "self.compute(cell, Fold::Not, outcome);",
    ),
    noticed(
        TURN,
        "a migration does not report the damage that it heals",
        "self.compute(*cell, Fold::HealFirst, outcome);",
        "",
    ),
    noticed(
        TURN,
        "a scrub does not fold again",
        "if self.options.policy == Policy::Unchecked { Fold::Not } else { Fold::Heal }",
        "Fold::Not",
    ),
    noticed(
        TURN,
        "a migration of named keys turns the flow of all",
        "Some(keys) => keys.iter().for_each(|key| self.flows.set(key, flow, *on)),",
        "Some(_) => self.flows.set_every(flow, *on),",
    ),
    noticed(
        FLOW,
        "keys with flows of their own do not follow a migration of all",
        "            flows.set(flow, on);",
        "",
    ),
    noticed(
        FLOW,
        "a migration of a key forgets the flows that are on for all",
        "let mut flows = self.of(key).clone();",
        "let mut flows = Flows::default();",
    ),
    noticed(
        RESTART,
        "a restart forgets what is settled",
        "self.outbox.set(place, Sending { settled: true, ..sending });",
        "",
    ),
    noticed(
        RESTART,
        "a restart takes every output as settled",
        "let sending = Sending::new(number, routed);",
        "let sending = Sending { settled: true, ..Sending::new(number, routed) };",
    ),
    noticed(
        RESTART,
        "a restart forgets the migrations of all keys",
        "                    self.flows.set_every(flow, *on);",
        "",
    ),
    noticed(
        RESTART,
        "a restart forgets the migrations of named keys",
        "                        self.flows.set(key, flow, *on);",
        "",
    ),
    noticed(
        RESTART,
        "a restart forgets the messages between keys",
        "self.routed.set(&sent.key, &sent.slot, arrival, message);",
        "drop((arrival, message));",
    ),
    noticed(
        RESTART,
        "a restart forgets which keys send messages",
        "self.cells[cell].routes |= routed;",
        "",
    ),
    noticed(
        RESTART,
        "a restart forgets which keys are quarantined",
        "apart.insert(quarantined.key.clone(), quarantined.why.clone());",
        "let _ = quarantined;",
    ),
    noticed(
        RESTART,
        "a restart forgets which messages were rejected",
        "                    self.journal.reject(message);",
        "                    let _ = message;",
    ),
];
