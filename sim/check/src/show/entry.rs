//! One event of a timeline, in a form that does not depend on the types of its system.

use afresh_core::{At, EventNumber, Key, Message, Name, Observation, Observed, Sent, Stimulus, Types, What};
use afresh_trace::format::{Kind, WhatOf, output_id, time};
use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use super::views::ViewChange;

/// One event of a timeline, ready to be printed or written as JSON.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// The sign that tells recorded events from those that happen now.
    pub sign: Sign,
    /// The number of the event; `None` if the event is not in the trace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<EventNumber>,
    /// The time of the event.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_time")]
    pub at: Option<At>,
    /// The kind of the event.
    #[serde(serialize_with = "as_text")]
    pub kind: Kind,
    /// The id of the message. For an output, this is `key/slot`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The sender of the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Name>,
    /// The receiver of the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Name>,
    /// The revision of the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<u32>,
    /// The keys that the event concerns.
    pub keys: Vec<Key>,
    /// The body of the message, or the details of another event; `None` for a withdrawal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Box<RawValue>>,
    /// The message that a node received or that was lost, or the purpose of a timer, as its `Debug` text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// A note about a message that changes nothing: that it is a duplicate, or stale.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The number of the event that caused this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<EventNumber>,
    /// The views of its keys before and after the event, if they were requested.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub views: Vec<ViewChange>,
}

/// A sign that tells whether an event of a timeline was recorded, happens now, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// A stimulus of the trace, or a recorded observation that the system also makes now.
    Same,
    /// An event that was recorded but does not happen now.
    Gone,
    /// An event that happens now but was not recorded.
    New,
    /// An observation, recorded or not, that depends on messages before the window: it may be right or wrong.
    NotDerivable,
}

fn as_text<Z: Serializer>(kind: &Kind, serializer: Z) -> Result<Z::Ok, Z::Error> {
    serializer.collect_str(kind)
}

pub(crate) fn as_time<Z: Serializer>(at: &Option<At>, serializer: Z) -> Result<Z::Ok, Z::Error> {
    at.and_then(|at| RawValue::from_string(time(at)).ok()).serialize(serializer)
}

impl Entry {
    /// Creates the entry of an event that concerns `keys`. Its number, time, cause and views are left empty.
    pub fn new<T: Types>(sign: Sign, what: &WhatOf<T>, keys: Vec<Key>) -> Self {
        let mut entry = Self {
            sign,
            number: None,
            at: None,
            kind: Kind::of(what),
            id: None,
            from: None,
            to: None,
            revision: None,
            keys,
            body: None,
            content: None,
            note: None,
            cause: None,
            views: Vec::new(),
        };
        match what {
            What::Stimulus(stimulus) => entry.stimulus::<T>(stimulus),
            What::Observation(observation) => entry.observation::<T>(observation),
        }
        entry
    }

    fn stimulus<T: Types>(&mut self, stimulus: &Stimulus<T::In, T::View>) {
        self.body = match stimulus {
            Stimulus::In(message) => self.message(message).map(json),
            Stimulus::Unreadable(unreadable) => {
                self.message(&unreadable.message).and_then(|body| serde_json::from_str(body).ok())
            }
            Stimulus::Opening(opening) => Some(json(&opening.value)),
            Stimulus::Deliver(passage) | Stimulus::Drop(passage) => Some(json(passage)),
            Stimulus::Timer(timer) => Some(json(timer)),
            Stimulus::Fault(fault) => Some(json(fault)),
            Stimulus::Knob(knob) => Some(json(knob)),
        };
    }

    /// Takes the name and the revision of a message, and returns its body.
    fn message<'m, B>(&mut self, message: &'m Message<B>) -> Option<&'m B> {
        self.id = Some(message.id.as_str().to_owned());
        self.from = Some(message.from.clone());
        self.revision = Some(message.revision);
        message.body.as_ref()
    }

    fn observation<T: Types>(&mut self, observation: &Observation<T::Out, T::View>) {
        self.body = match observation {
            Observation::Out(sent) => self.output(sent).map(json),
            Observation::Unreadable(unreadable) => match &unreadable.observed {
                Observed::Out(sent) => self.output(sent).and_then(|body| serde_json::from_str(body).ok()),
                Observed::View(viewed) => serde_json::from_str(&viewed.value).ok(),
            },
            Observation::Settled(settled) => {
                self.id = Some(output_id(&settled.output.key, &settled.output.slot));
                self.revision = Some(settled.revision);
                None
            }
            Observation::Rejected(rejected) => Some(json(&rejected.why)),
            Observation::Quarantined(quarantined) => Some(json(&quarantined.why)),
            Observation::Healed(healed) => Some(json(&healed.parts)),
            Observation::View(viewed) => Some(json(&viewed.value)),
        };
    }

    /// Takes the name and the revision of an output, and returns its body.
    fn output<'s, B>(&mut self, sent: &'s Sent<B>) -> Option<&'s B> {
        self.id = Some(output_id(&sent.key, &sent.slot));
        self.to = Some(sent.to.clone());
        self.revision = Some(sent.revision);
        sent.body.as_ref()
    }

    /// Returns `true` if the event withdraws a message.
    pub fn is_withdrawal(&self) -> bool {
        self.body.is_none() && matches!(self.kind, Kind::In | Kind::Out)
    }
}

/// Converts a value to JSON text without loss. If JSON has no such value, the result is a string that says why.
pub fn json(value: &impl Serialize) -> Box<RawValue> {
    let words = |error| to_raw_value(&format!("cannot be written as JSON: {error}"));
    to_raw_value(value).or_else(words).unwrap_or_else(|_| RawValue::NULL.to_owned())
}
