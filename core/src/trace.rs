//! Traces: everything that happened to a system, as a list of events.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::knob::Knob;
use crate::message::{Message, Sent, SlotId};
use crate::name::{Key, Name};

/// The number of an event, counted from 1. It is given once, and every edit of a trace keeps it.
pub type EventNumber = NonZeroU32;

/// The header of a trace: its format, the system that it is for, and its origin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The version of the trace format. This library reads and writes [`Header::FORMAT`].
    pub format: u32,
    /// The name of the system that the messages are for.
    pub system: String,
    /// The version of the system that recorded the bodies; empty if unknown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// `true` if the trace holds the whole history of its keys, `false` if it is a window of that history.
    #[serde(default)]
    pub complete: bool,
    /// The origin of the trace, as text for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// In a kept trace, the signature of the bug that it once showed and must not show again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shows: Option<String>,
}

impl Header {
    /// The version of the trace format that this library writes.
    pub const FORMAT: u32 = 1;

    /// Builds the header of a complete trace of `system`.
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

/// A header and a list of events. Exported production histories and simulated runs both have this type.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace<I, O, V> {
    /// The header of the trace.
    pub header: Header,
    /// The events, in ascending order of their numbers.
    pub events: Vec<Event<I, O, V>>,
}

/// One thing that happened: a stimulus or an observation, with its number, cause and time.
#[derive(Clone, Debug, PartialEq)]
pub struct Event<I, O, V> {
    /// The number of the event, higher than the number of the event before it.
    pub number: EventNumber,
    /// The event that produced this one, if there is one.
    pub cause: Option<EventNumber>,
    /// The time at which the event happened, if it was recorded. The system never sees it.
    pub at: Option<At>,
    /// The stimulus or observation itself.
    pub what: What<I, O, V>,
}

/// The time of an event, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum At {
    /// Simulated time, counted from the start of the run.
    Offset(i64),
    /// Recorded time of an exported trace, counted from 1970-01-01T00:00:00Z.
    Stamp(i64),
}

/// The content of an event: a stimulus, which drives the system, or an observation of what the system did.
#[derive(Clone, Debug, PartialEq)]
pub enum What<I, O, V> {
    /// An event that drives the system.
    Stimulus(Stimulus<I, V>),
    /// An event that the system produced or showed.
    Observation(Observation<O, V>),
}

/// An event that drives the system, such as an incoming message, a fault or a knob.
#[derive(Clone, Debug, PartialEq)]
pub enum Stimulus<I, V> {
    /// A message arrived from outside.
    In(Message<I>),
    /// A message arrived whose body this version of the system cannot read. An engine journals and rejects it.
    Unreadable(Box<Unreadable>),
    /// A window of a history begins with this recorded view of a key.
    Opening(Box<Opening<V>>),
    /// A simulated message was delivered. The cause of this event is the event that sent the message.
    Deliver(Box<Passage>),
    /// A simulated message was lost. The cause of this event is the event that sent the message.
    Drop(Box<Passage>),
    /// A timer of a node fired.
    Timer(Box<Timer>),
    /// Something broke or was repaired.
    Fault(Box<Fault>),
    /// An operator turned a knob.
    Knob(Box<Knob>),
}

/// An event that the system produced or showed, such as a sent message or a view.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation<O, V> {
    /// The system sent or withdrew an output.
    Out(Sent<O>),
    /// The receiver of an output has this revision of it.
    Settled(Box<Settled>),
    /// The system rejected the message that caused this event. A rejected message counts as absent.
    Rejected(Box<Rejected>),
    /// A key was quarantined, usually because its computation panicked. Its messages are kept.
    Quarantined(Box<Quarantined>),
    /// A key was healed: its carried state or another cache was wrong, and was replaced by the recomputed one.
    Healed(Box<Healed>),
    /// The view of a key at this moment.
    View(Box<Viewed<V>>),
    /// A trace records an output or a view here that this version of the system cannot read. An engine never makes it.
    Unreadable(Box<UnreadableObservation>),
}

/// A message whose body this version of the system cannot read, for example because a later version recorded it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The message, with its body as the text that was recorded. In a trace file, that text is JSON.
    pub message: Message<String>,
    /// The reason why the body cannot be read, as text for people.
    pub why: String,
}

/// An output or a view that this version of the system cannot read, for example because a later version recorded it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableObservation {
    /// The output or the view, with its content as the text that was recorded.
    pub observed: Observed,
    /// The reason why the content cannot be read, as text for people.
    pub why: String,
}

/// An output or a view whose content is the text that was recorded. In a trace file, that text is JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observed {
    /// An output that was sent or withdrawn.
    Out(Sent<String>),
    /// The view of a key.
    View(Viewed<String>),
}

impl Observed {
    /// Returns the key of the output or the view.
    pub fn key(&self) -> &Key {
        match self {
            Self::Out(sent) => &sent.key,
            Self::View(viewed) => &viewed.key,
        }
    }
}

/// The recorded view of a key with which a window of a history begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening<V> {
    /// The key that the view belongs to.
    pub key: Key,
    /// The view of the key before the first message of the window.
    pub value: V,
    /// The position of the last message that the view includes.
    ///
    /// Any message at or before that position makes the key not derivable.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub after: Option<i64>,
}

fn none<T>() -> Option<T> {
    None
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Identifies a simulated message that is delivered, lost or duplicated.
///
/// The event that sent the message is the cause of the event that holds this value; `ordinal` picks one of the messages
/// that it sent. If the code has changed since the trace was recorded and that message no longer exists, `from`, `to`
/// and `occurrence` identify it instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passage {
    /// The index of the message among those that its cause sent, counted from 0.
    pub ordinal: u32,
    /// The sending node.
    pub from: Name,
    /// The receiving node.
    pub to: Name,
    /// The index of the message among all those from `from` to `to`, counted from 0.
    pub occurrence: u32,
    /// The content of the message as text, if it was recorded.
    ///
    /// It identifies nothing: a replay gets the message from its sender again, and compares the two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
}

/// A timer that a node set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timer {
    /// The node that set the timer.
    pub node: Name,
    /// The name that the node gave the timer.
    pub name: Name,
}

/// A fault, or the end of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// A node crashes: it stops, and loses everything that it had not made durable.
    Crash {
        /// The node that crashes.
        node: Name,
        /// The number of records that survive although the node had not synced them, counted from the oldest.
        #[serde(default, skip_serializing_if = "is_zero")]
        kept: u32,
        /// `true` if an unreadable part of the next record survives too.
        #[serde(default, skip_serializing_if = "core::ops::Not::not")]
        torn: bool,
    },
    /// A crashed node starts again from the data that it had made durable.
    ///
    /// An [`Engine`](crate::Engine) restarts its own process at this fault, whatever the name of the node. Its durable
    /// data is the journal: anything that was not journaled did not happen.
    Restart {
        /// The node that restarts.
        node: Name,
    },
    /// A node is paused: it does nothing until it is resumed.
    Pause {
        /// The node that is paused.
        node: Name,
    },
    /// A paused node continues.
    Resume {
        /// The node that continues.
        node: Name,
    },
    /// The network stops carrying messages from one node to another. The other direction is not affected.
    Partition {
        /// The sending node.
        from: Name,
        /// The receiving node.
        to: Name,
    },
    /// The network carries messages from one node to another again: this ends a `Partition`.
    Heal {
        /// The sending node.
        from: Name,
        /// The receiving node.
        to: Name,
    },
    /// The network duplicates a message in flight. The cause of this event is the event that sent the message.
    Duplicate(Passage),
    /// The clock of a node jumps forwards or backwards.
    Skew {
        /// The node whose clock jumps.
        node: Name,
        /// The distance of the jump, in nanoseconds; negative for a jump backwards.
        nanoseconds: i64,
    },
    /// The storage of a node fails, fills up, slows down or works again.
    Storage {
        /// The node that the storage belongs to.
        node: Name,
        /// The new condition of the storage.
        how: Storage,
    },
    /// The calm phase begins: all current faults end, and no new ones follow.
    ///
    /// No random choice is made after it. Crashed nodes restart, and every message is delivered in order. The phase is
    /// as long as the cluster allows for its recovery.
    Calm,
    /// A cache of the engine is damaged. No data is lost: the engine can recompute every cache from its journal.
    Damage {
        /// The key whose cache is damaged.
        key: Key,
        /// The cache to damage, and how.
        what: Damage,
    },
    /// Another version of the system is deployed on a node, which restarts with it.
    Deploy {
        /// The node that restarts.
        node: Name,
        /// The name of the version, as [`System::variant`](crate::System::variant) knows it.
        system: Name,
    },
}

/// The condition of a node's storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Storage {
    /// Syncing fails: written data cannot be made durable.
    Fail,
    /// The storage is full: nothing more can be written.
    Full,
    /// Syncing is slow: a sync that a node waits for ends only at the next `Synced`.
    Slow,
    /// The sync that a node waited for on slow storage is done, and the data is durable.
    Synced,
    /// The storage works normally again.
    Mended,
}

/// The cache of a key that is damaged, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Damage {
    /// The carried state becomes the state before the first message.
    Default,
    /// The carried state becomes outdated: it goes back to the state of this many messages ago.
    Stale(u32),
    /// The carried state lacks the effect of one message: the one that is followed by exactly this many messages.
    Missing(u32),
    /// One field of the carried state gets a wrong value. The number selects the field in
    /// [`System::change_field`](crate::System::change_field).
    Field(u32),
    /// The carried state becomes that of another key.
    Other(Key),
    /// Every checkpoint of the key becomes the state before the first message.
    Checkpoints,
    /// The index of the key loses its newest message.
    Index,
}

/// The fact that the receiver of an output has a revision of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The output, by key and slot.
    pub output: SlotId,
    /// The revision that the receiver has.
    pub revision: u32,
}

/// The reason why a message was rejected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rejected {
    /// The reason for the rejection, as text for people.
    pub why: String,
}

/// A quarantined key, and the reason why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quarantined {
    /// The quarantined key.
    pub key: Key,
    /// The message of the panic, or a text that says that the messages between keys did not end.
    pub why: String,
}

/// A healed key, and the parts in which it was wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Healed {
    /// The healed key.
    pub key: Key,
    /// The parts of the key's view that were wrong. Damage that no view shows is named `state`, `checkpoint` or
    /// `index`.
    pub parts: Vec<Name>,
}

/// The view of a key: the part of its state that is visible outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Viewed<V> {
    /// The key that the view belongs to.
    pub key: Key,
    /// The view of the key.
    pub value: V,
}
