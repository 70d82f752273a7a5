//! The record of a run: what happened, one value of a fixed size an event.

use afresh_core::Fault;

use super::node::{Node, NodeId};
use afresh_trace::digest::{Rolling, RunDigest};

/// What happened in a world. 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Happened {
    /// When, in nanoseconds.
    pub at: i64,
    /// The number of the event.
    pub number: u32,
    /// The number of the event that sent the message or set the timer; 0 where it was when the world began, or where the
    /// event is none of these.
    pub cause: u32,
    /// Which of the messages that the cause sent, or of the timers that it set. Of an input or a fault: its place in the list
    /// of those.
    pub ordinal: u32,
    /// The node that sent the message or set the timer.
    pub from: NodeId,
    /// The node that the message or the input is for, or whose timer it is.
    pub to: NodeId,
    /// What kind of event it is.
    pub kind: HappenedKind,
}

/// What kind of event happened in a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HappenedKind {
    /// A message arrived.
    Deliver,
    /// A message was lost.
    Drop,
    /// A message is under way once more.
    Duplicate,
    /// A timer went off.
    Timer,
    /// Something came from outside.
    Input,
    /// Something broke, or was mended.
    Fault,
}

/// The digest of these events, of which none is a fault: what those say of themselves goes in besides.
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

/// All that happened so far.
pub(super) struct Record<N: Node> {
    pub(super) events: Vec<Happened>,
    pub(super) inputs: Vec<N::Input>,
    pub(super) faults: Vec<Fault>,
    /// What the timers were for that went off, in their order.
    pub(super) timers: Vec<N::Timer>,
    pub(super) digest: Rolling,
}

impl<N: Node> Record<N> {
    pub(super) fn new() -> Self {
        Self { events: Vec::new(), inputs: Vec::new(), faults: Vec::new(), timers: Vec::new(), digest: Rolling::new() }
    }

    #[inline]
    pub(super) fn add(&mut self, event: Happened) {
        self.digest.words(event.words());
        self.events.push(event);
    }

    pub(super) fn digest(&self) -> RunDigest {
        self.digest.finish()
    }
}
