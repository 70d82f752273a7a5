//! Traces: everything that happens to a system, as a list of events.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::knob::Knob;
use crate::message::{Message, Sent, SlotId};
use crate::name::{Key, Name};

/// The number of an event: given once, counted from 1, and kept by every edit of a trace.
pub type EventNumber = NonZeroU32;

/// What a trace says of itself before its first event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The version of the format. This library writes and reads [`Header::FORMAT`].
    pub format: u32,
    /// The name of the system that the messages are for.
    pub system: String,
    /// The version of that system that the bodies were recorded by; empty where nobody said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// Whether the trace holds the whole history of its keys, or a window of it.
    #[serde(default)]
    pub complete: bool,
    /// Where the trace comes from, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// The signature that a kept trace once showed: it must not come back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shows: Option<String>,
}

impl Header {
    /// The version of the format that this library writes.
    pub const FORMAT: u32 = 1;

    /// The header of a complete trace of `system`.
    pub fn complete(system: impl Into<String>) -> Self {
        Self {
            format: Self::FORMAT,
            system: system.into(),
            version: String::new(),
            complete: true,
            source: String::new(),
            shows: None,
        }
    }
}

/// A list of events and what it says of itself. An exported production history and a simulated run are both this.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace<I, O, V> {
    /// What the trace says of itself.
    pub header: Header,
    /// The events, their numbers rising.
    pub events: Vec<Event<I, O, V>>,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Event<I, O, V> {
    /// Its number, higher than that of the event before.
    pub number: EventNumber,
    /// The event that produced it, where one did.
    pub cause: Option<EventNumber>,
    /// When it happened, where that was recorded. No system sees it.
    pub at: Option<At>,
    /// What happened.
    pub what: What<I, O, V>,
}

/// When an event happened, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum At {
    /// Simulated time: since the start of the run.
    Offset(i64),
    /// Exported time: since 1970-01-01T00:00:00Z.
    Stamp(i64),
}

/// What happened: something that drives the system, or something that it produced or showed.
#[derive(Clone, Debug, PartialEq)]
pub enum What<I, O, V> {
    /// It drives the system.
    Stimulus(Stimulus<I, V>),
    /// The system produced or showed it.
    Observation(Observation<O, V>),
}

/// An event that drives the system.
#[derive(Clone, Debug, PartialEq)]
pub enum Stimulus<I, V> {
    /// A message came in.
    In(Message<I>),
    /// A recorded view that a window of a history opens with.
    Opening(Box<Opening<V>>),
    /// A simulated message arrived; its cause is the event that sent it.
    Deliver(Box<Passage>),
    /// A simulated message was lost; its cause is the event that sent it.
    Drop(Box<Passage>),
    /// A timer of a node went off.
    Timer(Box<Timer>),
    /// Something broke.
    Fault(Box<Fault>),
    /// An operator turned a knob.
    Knob(Box<Knob>),
}

/// An event that the system produced or showed.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation<O, V> {
    /// A message was sent.
    Out(Sent<O>),
    /// The receiver has this revision of an output.
    Settled(Box<Settled>),
    /// The message that is its cause was not taken, and counts as if absent.
    Rejected(Box<Rejected>),
    /// A key whose computation panicked was set apart, its messages kept.
    Quarantined(Box<Quarantined>),
    /// What was carried differed from what was folded, and was replaced by it.
    Healed(Box<Healed>),
    /// A view of a key.
    View(Box<Viewed<V>>),
}

/// A recorded view that a window of a history opens with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening<V> {
    /// The key.
    pub key: Key,
    /// Its view before the first message of the window.
    pub value: V,
    /// The position of the last message that the view rests on. A message at or before it makes the key not derivable.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub after: Option<i64>,
}

fn none<T>() -> Option<T> {
    None
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// A simulated message on its way: which of the messages that its cause sent, and, should the code have moved on, which
/// of the messages between the two nodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passage {
    /// Which of the messages that the cause sent, from 0.
    pub ordinal: u32,
    /// The node that sent it.
    pub from: Name,
    /// The node that it is for.
    pub to: Name,
    /// Which of the messages between these two, from 0.
    pub occurrence: u32,
}

/// A timer of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timer {
    /// The node.
    pub node: Name,
    /// The name that the node gave the timer.
    pub name: Name,
}

/// Something that broke, or was mended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// A node stops, and loses what it had in memory and has not made durable.
    Crash {
        /// The node.
        node: Name,
        /// How many of the records that it wrote and did not sync survive all the same, from the oldest.
        #[serde(default, skip_serializing_if = "is_zero")]
        kept: u32,
        /// Whether a part of the next record is left, too, which no node can read.
        #[serde(default, skip_serializing_if = "core::ops::Not::not")]
        torn: bool,
    },
    /// A node that crashed starts again, from what it had made durable. In a trace that an engine runs it is the process of
    /// that engine, whatever it is called, and the journal is what is durable: what was not journaled did not happen.
    Restart {
        /// The node.
        node: Name,
    },
    /// A node does nothing until it is resumed.
    Pause {
        /// The node.
        node: Name,
    },
    /// A node that was paused goes on.
    Resume {
        /// The node.
        node: Name,
    },
    /// No message gets from one node to another.
    Partition {
        /// The sending node.
        from: Name,
        /// The receiving node.
        to: Name,
    },
    /// Messages get from one node to another again.
    Heal {
        /// The sending node.
        from: Name,
        /// The receiving node.
        to: Name,
    },
    /// A message on its way is there once more; its cause is the event that sent it.
    Duplicate(Passage),
    /// The clock of a node jumps.
    Skew {
        /// The node.
        node: Name,
        /// By how much, in nanoseconds.
        nanoseconds: i64,
    },
    /// The storage of a node fails, fills up or slows down.
    Storage {
        /// The node.
        node: Name,
        /// How.
        how: Storage,
    },
    /// All faults that there are end here, and there are no more. What follows is determined: nodes that crashed begin again,
    /// and every message arrives in its turn, until the system should have recovered.
    Calm,
    /// A cache of the engine is damaged. No state is ever edited: what is damaged is what recompute heals.
    Damage {
        /// The key.
        key: Key,
        /// What of it, and how.
        what: Damage,
    },
    /// Another version of the system is deployed on a node, which starts again with it.
    Deploy {
        /// The node.
        node: Name,
        /// The system.
        system: Name,
    },
}

/// How the storage of a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Storage {
    /// What is written cannot be made durable.
    Fail,
    /// Nothing more can be written.
    Full,
    /// To make something durable takes until it is `synced`.
    Slow,
    /// What a node waited for to become durable on slow storage is durable.
    Synced,
    /// As it should be.
    Mended,
}

/// What of an engine's caches is damaged, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Damage {
    /// The carried state is what it is before the first message.
    Default,
    /// The carried state is what it was this many messages ago.
    Stale(u32),
    /// The carried state is as if one message had never come, the one that this many are after: what it changed is not so.
    Missing(u32),
    /// One field of the carried state has another value: the one that the system
    /// [changes](crate::System::change_field) for this number.
    Field(u32),
    /// The carried state is that of another key.
    Other(Key),
    /// The checkpoints are those of the state before the first message.
    Checkpoints,
    /// The index of the key has lost its newest message.
    Index,
}

/// The receiver has this revision of an output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The output.
    pub output: SlotId,
    /// Its revision.
    pub revision: u32,
}

/// Why a message was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rejected {
    /// The reason, in words.
    pub why: String,
}

/// Why a key was set apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quarantined {
    /// The key.
    pub key: Key,
    /// What its computation said when it panicked.
    pub why: String,
}

/// What was healed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Healed {
    /// The key.
    pub key: Key,
    /// The parts of its view that had differed, or `state`, `checkpoint` or `index` for what no view shows.
    pub parts: Vec<Name>,
}

/// What of a key is seen outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Viewed<V> {
    /// The key.
    pub key: Key,
    /// The view.
    pub value: V,
}
