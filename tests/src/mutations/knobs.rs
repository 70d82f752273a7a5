//! Mutations of knobs, flows and restarts.

use super::{Mutation, noticed, unnoticed};

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
        "a migration does not report the damage that it heals",
        "self.compute_all(&whole.collect::<Vec<_>>(), Fold::HealFirst, outcome);",
        "drop(whole);",
    ),
    noticed(
        FLOW,
        "keys with flows of their own do not follow a migration of all",
        "            flows.set(flow, on);",
        "",
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
        "a restart forgets the migrations of named keys",
        "                        self.flows.set(key, flow, *on);",
        "",
    ),
    noticed(
        RESTART,
        "a restart forgets which keys are quarantined",
        "apart.insert(quarantined.key.clone(), quarantined.why.clone());",
        "let _ = quarantined;",
    ),
    unnoticed(
        RESTART,
        "a routed message arrives at the event that sent it, not at the stimulus",
        "let arrival = i64::from(cause.unwrap_or(number).get());",
        "let arrival = i64::from(number.get());",
        "no example system without positions sends messages between keys.",
    ),
];
