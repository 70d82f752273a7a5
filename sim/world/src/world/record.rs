//! The record of a run: all events that happened, each as a value of a fixed size.

use afresh_core::Fault;
use afresh_trace::digest::{Rolling, RunDigest};

use super::node::{Node, NodeId};

/// One event that happened in a world, as the record keeps it: a value of 32 bytes.
///
/// The content of a message is not part of it. The record of a run keeps the messages beside the
/// events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Happened {
    /// The time of the event, in nanoseconds since the world began.
    pub at: i64,
    /// The number of the event.
    pub number: u32,
    /// The number of the event that sent the message or set the timer.
    ///
    /// It is 0 if the message was sent or the timer was set when the world began, and for inputs and faults.
    pub cause: u32,
    /// The index of the message among those that its cause sent, or of the timer among those that its cause set.
    ///
    /// For an input or a fault, it is the index among all inputs or all faults of the run.
    pub ordinal: u32,
    /// The node that sent the message, set the timer, receives the input, or has the fault.
    pub from: NodeId,
    /// The node that receives the message or the input, set the timer, or has the fault.
    pub to: NodeId,
    /// The kind of the event.
    pub kind: HappenedKind,
}

/// The kind of an event that happened in a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HappenedKind {
    /// A message was delivered.
    Deliver,
    /// A message was lost.
    Drop,
    /// A message in flight was duplicated.
    Duplicate,
    /// A timer went off.
    Timer,
    /// A node received an input from outside.
    Input,
    /// A fault began or ended, or the calm phase began.
    Fault,
}

impl HappenedKind {
    /// Returns whether a message was delivered, lost or duplicated.
    pub(crate) fn is_passage(self) -> bool {
        matches!(self, Self::Deliver | Self::Drop | Self::Duplicate)
    }
}

/// Computes the digest of a list of events without faults.
///
/// With faults it would not be the digest of a run, which also covers the content of each fault.
#[must_use]
pub fn digest_of(events: &[Happened]) -> RunDigest {
    let mut digest = Rolling::new();
    events.iter().for_each(|event| digest.words(event.words()));
    digest.finish()
}

impl Happened {
    #[inline]
    fn words(&self) -> [u64; 4] {
        let Self { at, number, cause, ordinal, from, to, kind } = *self;
        let pair = |high: u32, low: u32| u64::from(high) << 32 | u64::from(low);
        [at as u64, pair(number, cause), pair(ordinal, kind as u32), pair(from.0, to.0)]
    }
}

/// The record of a run so far: all events, the content of inputs and faults, and the digest.
pub(super) struct Record<N: Node> {
    pub(super) events: Vec<Happened>,
    pub(super) inputs: Vec<N::Input>,
    pub(super) faults: Vec<Fault>,
    /// The purposes of the timers that went off, in the order in which they did.
    pub(super) timers: Vec<N::Timer>,
    /// The messages that were delivered, lost or duplicated, in the order in which that happened, if they are kept.
    pub(super) messages: Option<Vec<N::Message>>,
    pub(super) digest: Rolling,
}

impl<N: Node> Record<N> {
    pub(super) fn new() -> Self {
        Self {
            events: Vec::new(),
            inputs: Vec::new(),
            faults: Vec::new(),
            timers: Vec::new(),
            messages: None,
            digest: Rolling::new(),
        }
    }

    #[inline]
    pub(super) fn add(&mut self, event: Happened) {
        self.digest.words(event.words());
        self.events.push(event);
    }

    /// Adds the message of an event that is about to be added, if messages are kept.
    #[inline]
    pub(super) fn keep(&mut self, message: &N::Message) {
        if let Some(messages) = &mut self.messages {
            messages.push(message.clone());
        }
    }

    /// Returns all events, each with its message if it delivered, lost or duplicated one.
    pub(super) fn events_and_messages(&self) -> impl Iterator<Item = (&Happened, Option<&N::Message>)> {
        let mut messages = self.messages.iter().flatten();
        self.events.iter().map(move |event| (event, if event.kind.is_passage() { messages.next() } else { None }))
    }
}
