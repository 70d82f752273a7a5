//! A plan, whatever the types of its system, with what was sent before.

use afresh_core::{Engine, FactId, Healed, Name, Plan, Quarantined, Refusal, Sent, Stimulus, System, What};
use serde::Serialize;
use serde_json::Value;

use crate::finding::value;
use afresh_trace::format::output_id;

/// What turning a knob would do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Planned {
    /// How many keys would be computed again.
    pub keys: usize,
    /// What would be sent or withdrawn, in the order of keys and slots.
    pub sends: Vec<PlannedSend>,
    /// What would be healed.
    pub heals: Vec<Healed>,
    /// Which keys would be set apart, and why.
    pub quarantines: Vec<Quarantined>,
    /// Which of the messages would not be taken.
    pub refusals: Vec<PlannedRefusal>,
}

/// An output that would be sent or withdrawn.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlannedSend {
    /// Its id: key and slot.
    pub id: String,
    /// The receiver.
    pub to: Name,
    /// Its revision.
    pub revision: u32,
    /// What was sent last; nothing where there is nothing, or it was withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What would be sent; nothing where it would be withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
}

/// A stored message that would not be taken.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlannedRefusal {
    /// The message.
    pub message: FactId,
    /// Its revision.
    pub revision: u32,
    /// The reason, in words.
    pub why: String,
}

impl Planned {
    /// What `plan` would do to `engine`.
    pub(super) fn new<S: System>(engine: &Engine<S>, plan: &Plan<S::Out>) -> Self {
        Self {
            keys: plan.keys,
            sends: plan.sends.iter().map(|sent| PlannedSend::new(engine, sent)).collect(),
            heals: plan.heals.clone(),
            quarantines: plan.quarantines.clone(),
            refusals: plan.refusals.iter().filter_map(|refusal| PlannedRefusal::new(engine, refusal)).collect(),
        }
    }

    /// Whether nobody would see anything of it.
    pub fn is_empty(&self) -> bool {
        self.sends.is_empty() && self.heals.is_empty() && self.quarantines.is_empty() && self.refusals.is_empty()
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
        match &engine.journal().get(refusal.event)?.what {
            What::Stimulus(Stimulus::In(message)) => {
                Some(Self { message: message.fact(), revision: message.revision, why: refusal.why.clone() })
            }
            _ => None,
        }
    }
}
