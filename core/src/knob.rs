//! Knobs: what operators turn in production. A knob carries ids, keys and flows, never data.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::message::{FactId, Sent, SlotId};
use crate::name::{Key, Name};
use crate::trace::{EventNumber, Healed, Quarantined};

/// What an operator does to a running system. `by` says who, `why` says why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Knob {
    /// Process stored messages again: whether each revision is admitted is asked again, the highest that is counts, and the
    /// keys of all that are admitted are folded from their first message. It brings those back that are quarantined.
    ReflowIn {
        /// The messages.
        messages: Vec<FactId>,
        /// Who.
        by: Name,
        /// Why.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        why: String,
    },
    /// Send stored outputs to their receivers again, as they are. They are not settled until their receivers have them.
    ReflowOut {
        /// The outputs.
        outputs: Vec<SlotId>,
        /// Who.
        by: Name,
        /// Why.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        why: String,
    },
    /// Fold keys from their first message and regenerate their outputs. It brings quarantined keys back.
    Trigger {
        /// The keys; all of them where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        keys: Option<Vec<Key>>,
        /// Who.
        by: Name,
        /// Why.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        why: String,
    },
    /// Turn a flow on or off, then process everything that it affects again. It brings quarantined keys back.
    Migrate {
        /// The flow.
        flow: Name,
        /// The keys; all of them, and those to come, where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        keys: Option<Vec<Key>>,
        /// On or off.
        on: bool,
        /// Who.
        by: Name,
        /// Why.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        why: String,
    },
    /// Recompute keys, compare with what is carried, checkpoints and indexes included, and heal what differs. It brings
    /// quarantined keys back.
    Scrub {
        /// The keys; all of them where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        keys: Option<Vec<Key>>,
        /// Who.
        by: Name,
        /// Why.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        why: String,
    },
}

/// What turning a knob would do.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan<O> {
    /// How many keys would be computed again.
    pub keys: usize,
    /// What would be sent or, where there is no body, withdrawn; in the order of keys and slots.
    pub sends: Vec<Sent<O>>,
    /// What would be healed.
    pub heals: Vec<Healed>,
    /// Which keys would be set apart, and why.
    pub quarantines: Vec<Quarantined>,
    /// Which of the stored messages would not be taken this time either.
    pub refusals: Vec<Refusal>,
    /// The knob names what the journal does not have: the message, output or key, in words.
    pub unknown: Vec<String>,
}

/// A stored message that would not be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The event that it came with.
    pub event: EventNumber,
    /// The reason, in words.
    pub why: String,
}

impl<O> Plan<O> {
    /// Whether turning the knob would do nothing that anybody sees.
    pub fn is_empty(&self) -> bool {
        self.sends.is_empty() && self.heals.is_empty() && self.quarantines.is_empty() && self.refusals.is_empty()
    }
}

impl<O> Default for Plan<O> {
    fn default() -> Self {
        Self {
            keys: 0,
            sends: Vec::new(),
            heals: Vec::new(),
            quarantines: Vec::new(),
            refusals: Vec::new(),
            unknown: Vec::new(),
        }
    }
}
