//! The digest of a run, computed while the run goes on.

use std::fmt;

use afresh_core::words::{Tag, Words};
use afresh_core::{At, Event, Message, Observation, Observed, Sent, Settled, Stimulus, What};
use serde::Serialize;

use crate::format::Kind;

/// Computes the digest of a run, event by event, in 16 bytes of state.
///
/// Each word of an event goes into two 64-bit hashes that are based on multiplication. Two runs that differ by accident
/// almost certainly have different digests. The digest of a run is no protection against somebody who builds a
/// collision on purpose; the digest of a trace, [`TraceDigest`](super::TraceDigest), is.
#[derive(Clone, Debug)]
pub struct Rolling {
    folded: u64,
    turned: u64,
}

/// The digest of a run. Its text form is 32 hexadecimal digits.
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

/// The first 64 binary digits of pi after the point: a constant that was not chosen for a hidden property.
const PI: u64 = 0x243f_6a88_85a3_08d3;
/// The first 64 binary digits of the golden ratio after the point: another such constant, and an odd number.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

impl Rolling {
    /// Starts the digest of a run in which nothing has happened yet.
    pub fn new() -> Self {
        Self { folded: PI, turned: GOLDEN }
    }

    /// Adds an event to the digest, with its number, cause and time.
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

    /// Adds a stimulus or an observation to the digest, without the number, cause and time of its event.
    pub fn what<I: Serialize, O: Serialize, V: Serialize>(&mut self, what: &What<I, O, V>) {
        match what {
            What::Stimulus(stimulus) => match stimulus {
                Stimulus::In(message) => self.message(message),
                Stimulus::Unreadable(unreadable) => self.message(&unreadable.message),
                Stimulus::Opening(opening) => self.content(Kind::Opening, opening),
                Stimulus::Deliver(passage) => self.content(Kind::Deliver, passage),
                Stimulus::Drop(passage) => self.content(Kind::Drop, passage),
                Stimulus::Timer(timer) => self.content(Kind::Timer, timer),
                Stimulus::Fault(fault) => self.content(Kind::Fault, fault),
                Stimulus::Knob(knob) => self.content(Kind::Knob, knob),
            },
            What::Observation(observation) => match observation {
                Observation::Out(sent) => self.output(sent),
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
                Observation::Unreadable(unreadable) => match &unreadable.observed {
                    Observed::Out(sent) => self.output(sent),
                    Observed::View(viewed) => self.content(Kind::View, viewed),
                },
            },
        }
    }

    /// Adds a value to the digest. Its type can be any that serde can serialize.
    pub fn add<T: Serialize + ?Sized>(&mut self, value: &T) {
        self.value(value);
    }

    /// Adds an event of a fixed size, encoded as four words, to the digest. This takes less than 2 ns.
    #[inline]
    pub fn words(&mut self, [a, b, c, d]: [u64; 4]) {
        // The two products do not depend on each other, so the processor computes them in parallel. Each of the two
        // hashes then takes one half of each product.
        let one = wide(a ^ self.folded, b ^ PI);
        let other = wide(c ^ self.turned, d ^ GOLDEN);
        (self.folded, self.turned) = (one.0 ^ other.1, one.1 ^ other.0);
    }

    /// Returns the digest of all that was added so far. You can add more afterwards.
    pub fn finish(&self) -> RunDigest {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&finish(self.folded ^ self.turned.rotate_left(32)).to_be_bytes());
        bytes[8..].copy_from_slice(&finish(self.turned).to_be_bytes());
        RunDigest(bytes)
    }

    fn kind(&mut self, kind: Kind, revision: u32) {
        self.word(Tag::Variant, kind as u64, u64::from(revision));
    }

    fn message<B: Serialize>(&mut self, Message { from, id, revision, body }: &Message<B>) {
        self.kind(Kind::In, *revision);
        self.bytes(Tag::Text, from.as_bytes());
        self.bytes(Tag::Text, id.as_bytes());
        self.value(body);
    }

    fn output<B: Serialize>(&mut self, Sent { key, slot, to, revision, body }: &Sent<B>) {
        self.kind(Kind::Out, *revision);
        self.bytes(Tag::Text, key.as_bytes());
        self.bytes(Tag::Text, slot.as_bytes());
        self.bytes(Tag::Text, to.as_bytes());
        self.value(body);
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
        // As in FxHash. For each word, this maps different states to different states, so no word can erase what came
        // before.
        self.turned = (self.turned.rotate_left(5) ^ word).wrapping_add(tag).wrapping_mul(GOLDEN);
    }
}

/// Multiplies two words and folds the two halves of the product into one word, as wyhash does.
#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let (low, high) = wide(a, b);
    low ^ high
}

/// Multiplies two words, and returns the low and the high half of the product.
#[inline]
fn wide(a: u64, b: u64) -> (u64, u64) {
    let product = u128::from(a) * u128::from(b);
    (product as u64, (product >> 64) as u64)
}

/// Mixes two numbers into one that looks random. The same two numbers always give the same result.
pub fn mix(a: u64, b: u64) -> u64 {
    finish(fold(a ^ PI, b ^ GOLDEN) ^ a.rotate_left(32) ^ b)
}

/// Mixes the bits of a hash, so that each bit of `state` affects each bit of the result. From MurmurHash3 (`fmix64`).
fn finish(mut state: u64) -> u64 {
    state = (state ^ (state >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    state = (state ^ (state >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    state ^ (state >> 33)
}
