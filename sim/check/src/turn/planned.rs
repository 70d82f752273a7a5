//! The plan of a knob, in a form that does not depend on the types of its system.

use afresh_core::{
    Engine, EventNumber, FactId, Healed, Key, Name, Plan, Quarantined, Refusal, Sent, Stimulus, System, What,
};
use afresh_trace::format::output_id;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::finding::value;

/// The plan of a knob: the effects that turning it would have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Planned {
    /// The number of keys that would be recomputed.
    pub keys: usize,
    /// The outputs that would be sent or withdrawn, in the order of keys and slots.
    pub sends: Vec<PlannedSend>,
    /// The keys that would be healed.
    pub heals: Vec<Healed>,
    /// The keys that would be quarantined, each with the reason.
    pub quarantines: Vec<Quarantined>,
    /// The stored messages that would be rejected.
    pub refusals: Vec<PlannedRefusal>,
    /// The keys that would come back from quarantine.
    pub returns: Vec<Key>,
    /// The stored messages that are rejected now and would be admitted.
    pub admissions: Vec<PlannedAdmission>,
    /// `true` if a flow would be turned on or off for a key that has it otherwise, or for future keys.
    pub switches: bool,
}

/// An output that would be sent or withdrawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedSend {
    /// The id of the output: `key/slot`.
    pub id: String,
    /// The receiver of the output.
    pub to: Name,
    /// The revision that would be sent.
    pub revision: u32,
    /// The body that was sent last; `None` if the slot was empty or its output was withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// The body that would be sent; `None` if the output would be withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
}

/// A stored message that would be rejected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedRefusal {
    /// The sender and the id of the message.
    pub message: FactId,
    /// The revision of the message.
    pub revision: u32,
    /// The reason for the rejection, as text for people.
    pub why: String,
}

/// A stored message that is rejected now and would be admitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedAdmission {
    /// The sender and the id of the message.
    pub message: FactId,
    /// The revision of the message.
    pub revision: u32,
}

impl Planned {
    /// Converts a plan, and adds the body that `engine` sent last from each slot.
    pub fn new<S: System>(engine: &Engine<S>, plan: &Plan<S::Out>) -> Self {
        Self {
            keys: plan.keys,
            sends: plan.sends.iter().map(|sent| PlannedSend::new(engine, sent)).collect(),
            heals: plan.heals.clone(),
            quarantines: plan.quarantines.clone(),
            refusals: plan.refusals.iter().filter_map(|refusal| PlannedRefusal::new(engine, refusal)).collect(),
            returns: plan.returns.clone(),
            admissions: plan.admissions.iter().filter_map(|event| PlannedAdmission::new(engine, *event)).collect(),
            switches: plan.switches,
        }
    }

    /// Returns `true` if turning the knob would have no effect, apart from its own event.
    pub fn is_empty(&self) -> bool {
        let Self { keys: _, sends, heals, quarantines, refusals, returns, admissions, switches } = self;
        let is_still = sends.is_empty() && heals.is_empty() && quarantines.is_empty() && refusals.is_empty();
        is_still && returns.is_empty() && admissions.is_empty() && !switches
    }
}

impl PlannedSend {
    fn new<S: System>(engine: &Engine<S>, sent: &Sent<S::Out>) -> Self {
        let before = engine.slots(&sent.key).find(|(slot, _)| **slot == sent.slot);
        Self {
            id: output_id(&sent.key, &sent.slot),
            to: sent.to.clone(),
            revision: sent.revision,
            before: before.and_then(|(_, before)| before.body.as_ref()).map(value),
            body: sent.body.as_ref().map(value),
        }
    }
}

impl PlannedRefusal {
    fn new<S: System>(engine: &Engine<S>, refusal: &Refusal) -> Option<Self> {
        let (message, revision) = message(engine, refusal.event)?;
        Some(Self { message, revision, why: refusal.why.clone() })
    }
}

impl PlannedAdmission {
    fn new<S: System>(engine: &Engine<S>, event: EventNumber) -> Option<Self> {
        message(engine, event).map(|(message, revision)| Self { message, revision })
    }
}

/// The name and the revision of the message of an event.
fn message<S: System>(engine: &Engine<S>, event: EventNumber) -> Option<(FactId, u32)> {
    match &engine.journal().get(event)?.what {
        What::Stimulus(Stimulus::In(message)) => Some((message.fact(), message.revision)),
        _ => None,
    }
}
