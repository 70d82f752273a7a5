//! Knobs: the actions that operators take on a running system. A knob carries ids, keys and flows, never data.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::message::{FactId, Sent, SlotId};
use crate::name::{Key, Name};
use crate::trace::{EventNumber, Healed, Quarantined};

/// An action of an operator on a running system.
///
/// Every knob records in `by` who turned it, and in `why` the reason. A knob names messages, outputs, keys or a flow,
/// and the engine recomputes the affected keys. No knob can set a state or change a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Knob {
    /// Process stored messages again.
    ///
    /// The system decides again which stored revisions of these messages it admits, and the highest admitted one
    /// counts. All keys that the admitted revisions concern are folded from their first message, quarantined keys
    /// included.
    ReflowIn {
        /// The messages to process again, by sender and id.
        messages: Vec<FactId>,
        /// The operator who turned the knob.
        by: Name,
        /// The operator's reason for turning the knob.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        why: String,
    },
    /// Send stored outputs to their receivers again, unchanged.
    ///
    /// They count as not settled until their receivers have them.
    ReflowOut {
        /// The outputs to send again, by key and slot.
        outputs: Vec<SlotId>,
        /// The operator who turned the knob.
        by: Name,
        /// The operator's reason for turning the knob.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        why: String,
    },
    /// Fold keys from their first message, and send every output that should have been sent and was not.
    ///
    /// This also brings quarantined keys back, if their computation succeeds now.
    Trigger {
        /// The keys, or all keys if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        keys: Option<Vec<Key>>,
        /// The operator who turned the knob.
        by: Name,
        /// The operator's reason for turning the knob.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        why: String,
    },
    /// Turn a flow on or off, fold the affected keys from their first message, and send the outputs that differ.
    ///
    /// This also brings quarantined keys back, if their computation succeeds now.
    Migrate {
        /// The flow to turn on or off.
        flow: Name,
        /// The keys, or all present and future keys if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        keys: Option<Vec<Key>>,
        /// `true` to turn the flow on, `false` to turn it off.
        on: bool,
        /// The operator who turned the knob.
        by: Name,
        /// The operator's reason for turning the knob.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        why: String,
    },
    /// Recompute keys, compare the result with their carried states, checkpoints and indexes, and heal any that differ.
    ///
    /// This also brings quarantined keys back, if their computation succeeds now.
    Scrub {
        /// The keys, or all keys if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        keys: Option<Vec<Key>>,
        /// The operator who turned the knob.
        by: Name,
        /// The operator's reason for turning the knob.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        why: String,
    },
}

impl Knob {
    /// Notes that `other` confirmed the knob, if that is not the operator who asked for it. Then `by` names both.
    pub fn confirmed_by(&mut self, other: &Name) {
        let (Self::ReflowIn { by, .. }
        | Self::ReflowOut { by, .. }
        | Self::Trigger { by, .. }
        | Self::Migrate { by, .. }
        | Self::Scrub { by, .. }) = self;
        if by != other {
            *by = format!("{by}, confirmed by {other}").into();
        }
    }
}

/// The effects that turning a knob would have, computed without turning it.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan<O> {
    /// The number of keys that would be recomputed.
    pub keys: usize,
    /// The outputs that would be sent or, if they have no body, withdrawn, in the order of their keys and slots.
    pub sends: Vec<Sent<O>>,
    /// The keys that would be healed, and the parts in which they are wrong.
    pub heals: Vec<Healed>,
    /// The keys that would be quarantined, and why.
    pub quarantines: Vec<Quarantined>,
    /// The stored messages that would be rejected.
    pub refusals: Vec<Refusal>,
    /// The keys that would come back from quarantine, in order.
    pub returns: Vec<Key>,
    /// The stored messages that are rejected now and would be admitted: the numbers of their events, in order.
    pub admissions: Vec<EventNumber>,
    /// `true` if a flow would be turned on or off for a key that has it otherwise, or for future keys.
    pub switches: bool,
    /// The names that the knob carries but the journal does not have.
    pub unknown: Vec<Unknown>,
}

/// A name that a knob carries but the journal does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// There is no such message.
    Message(FactId),
    /// No such output was ever sent.
    Output(SlotId),
    /// There is no such key.
    Key(Key),
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(message) => write!(f, "message {message}"),
            Self::Output(output) => write!(f, "output {output}"),
            Self::Key(key) => write!(f, "key {key}"),
        }
    }
}

/// A stored message that the system would reject if it were processed again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The number of the event with which the message arrived.
    pub event: EventNumber,
    /// The reason for the rejection, as text for people.
    pub why: String,
}

impl<O> Plan<O> {
    /// Returns `true` if turning the knob would have no effect, apart from its own event.
    pub fn is_empty(&self) -> bool {
        let Self { keys: _, sends, heals, quarantines, refusals, returns, admissions, switches, unknown: _ } = self;
        let is_still = sends.is_empty() && heals.is_empty() && quarantines.is_empty() && refusals.is_empty();
        is_still && returns.is_empty() && admissions.is_empty() && !switches
    }

    /// Returns `true` if turning the knob would have the effects of another plan of it. The number of keys that are
    /// recomputed is no effect.
    pub fn does_as(&self, other: &Self) -> bool
    where
        O: PartialEq,
    {
        let Self { keys: _, sends, heals, quarantines, refusals, returns, admissions, switches, unknown } = self;
        (sends, heals, quarantines, refusals) == (&other.sends, &other.heals, &other.quarantines, &other.refusals)
            && (returns, admissions, switches) == (&other.returns, &other.admissions, &other.switches)
            && *unknown == other.unknown
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
            returns: Vec::new(),
            admissions: Vec::new(),
            switches: false,
            unknown: Vec::new(),
        }
    }
}
