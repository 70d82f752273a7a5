//! The digest of a run, made while it runs.

use std::fmt;

use afresh_core::{At, Event, Message, Observation, Sent, Settled, Stimulus, What};
use serde::Serialize;

use crate::format::Kind;
use crate::words::{Tag, Words};

/// The digest of what has happened so far, in 16 bytes of state.
///
/// It tells runs apart that differ by accident: two lanes of multiplications, each of which has every word to work on.
/// It is no defence against somebody who makes collisions; the digest of a trace is.
#[derive(Clone, Debug)]
pub struct Rolling {
    folded: u64,
    turned: u64,
}

/// The digest of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunDigest(pub [u8; 16]);

impl fmt::Display for RunDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl Default for Rolling {
    fn default() -> Self {
        Self::new()
    }
}

/// Digits of pi and of the golden ratio: numbers with nothing up their sleeve.
const PI: u64 = 0x243f_6a88_85a3_08d3;
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

impl Rolling {
    /// The digest of nothing.
    pub fn new() -> Self {
        Self { folded: PI, turned: GOLDEN }
    }

    /// Adds an event.
    pub fn event<I: Serialize, O: Serialize, V: Serialize>(&mut self, event: &Event<I, O, V>) {
        let Event { number, cause, at, what } = event;
        let cause = cause.map_or(0, |cause| cause.get());
        self.word(Tag::Unsigned, 0, u64::from(number.get()) << 32 | u64::from(cause));
        match at {
            None => self.word(Tag::None, 0, 0),
            Some(At::Offset(nanoseconds)) => self.word(Tag::Signed, 0, *nanoseconds as u64),
            Some(At::Stamp(nanoseconds)) => self.word(Tag::Unsigned, 0, *nanoseconds as u64),
        }
        self.what(what);
    }

    /// Adds what happened, without its number, cause and time.
    pub fn what<I: Serialize, O: Serialize, V: Serialize>(&mut self, what: &What<I, O, V>) {
        match what {
            What::Stimulus(stimulus) => match stimulus {
                Stimulus::In(Message { from, id, revision, body }) => {
                    self.kind(Kind::In, *revision);
                    self.bytes(Tag::Text, from.as_bytes());
                    self.bytes(Tag::Text, id.as_bytes());
                    self.value(body);
                }
                Stimulus::Opening(opening) => self.content(Kind::Opening, opening),
                Stimulus::Deliver(passage) => self.content(Kind::Deliver, passage),
                Stimulus::Drop(passage) => self.content(Kind::Drop, passage),
                Stimulus::Timer(timer) => self.content(Kind::Timer, timer),
                Stimulus::Fault(fault) => self.content(Kind::Fault, fault),
                Stimulus::Knob(knob) => self.content(Kind::Knob, knob),
            },
            What::Observation(observation) => match observation {
                Observation::Out(Sent { key, slot, to, revision, body }) => {
                    self.kind(Kind::Out, *revision);
                    self.bytes(Tag::Text, key.as_bytes());
                    self.bytes(Tag::Text, slot.as_bytes());
                    self.bytes(Tag::Text, to.as_bytes());
                    self.value(body);
                }
                Observation::Settled(settled) => {
                    let Settled { output, revision } = &**settled;
                    self.kind(Kind::Settled, *revision);
                    self.bytes(Tag::Text, output.key.as_bytes());
                    self.bytes(Tag::Text, output.slot.as_bytes());
                }
                Observation::Rejected(rejected) => self.content(Kind::Rejected, rejected),
                Observation::Quarantined(quarantined) => self.content(Kind::Quarantined, quarantined),
                Observation::Healed(healed) => self.content(Kind::Healed, healed),
                Observation::View(viewed) => self.content(Kind::View, viewed),
            },
        }
    }

    /// Adds any value.
    pub fn add<T: Serialize + ?Sized>(&mut self, value: &T) {
        self.value(value);
    }

    /// Adds an event that is of a fixed size: all of its words in one go, in less than 2 ns.
    #[inline]
    pub fn words(&mut self, [a, b, c, d]: [u64; 4]) {
        // The two products are made at the same time, and each lane has a half of both.
        let one = wide(a ^ self.folded, b ^ PI);
        let other = wide(c ^ self.turned, d ^ GOLDEN);
        (self.folded, self.turned) = (one.0 ^ other.1, one.1 ^ other.0);
    }

    /// The digest of what was added so far. More may be added after it.
    pub fn finish(&self) -> RunDigest {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&finish(self.folded ^ self.turned.rotate_left(32)).to_be_bytes());
        bytes[8..].copy_from_slice(&finish(self.turned).to_be_bytes());
        RunDigest(bytes)
    }

    fn kind(&mut self, kind: Kind, revision: u32) {
        self.word(Tag::Variant, kind as u64, u64::from(revision));
    }

    fn content<T: Serialize>(&mut self, kind: Kind, content: &T) {
        self.kind(kind, 1);
        self.value(content);
    }
}

impl Words for Rolling {
    #[inline]
    fn word(&mut self, tag: Tag, length: u64, word: u64) {
        let tag = (length << 8 | tag as u64).wrapping_mul(GOLDEN);
        self.folded = fold(self.folded ^ word, tag ^ PI);
        // FxHash: one to one in the state for every word, so no word can make it forget.
        self.turned = (self.turned.rotate_left(5) ^ word).wrapping_add(tag).wrapping_mul(GOLDEN);
    }
}

/// The fold of wyhash: both halves of the product.
#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let (low, high) = wide(a, b);
    low ^ high
}

/// The product, as its low and its high half.
#[inline]
fn wide(a: u64, b: u64) -> (u64, u64) {
    let product = u128::from(a) * u128::from(b);
    (product as u64, (product >> 64) as u64)
}

/// A number that looks random, and follows from these two.
pub fn mix(a: u64, b: u64) -> u64 {
    finish(fold(a ^ PI, b ^ GOLDEN) ^ a.rotate_left(32) ^ b)
}

/// The finish of MurmurHash3: every bit of the state has a say in every bit of the digest.
fn finish(mut state: u64) -> u64 {
    state = (state ^ (state >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    state = (state ^ (state >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    state ^ (state >> 33)
}
