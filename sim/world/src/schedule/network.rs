//! How long messages take, and how many are lost, doubled and late.

use crate::world::NodeId;

/// How long a message is under way, in nanoseconds. Whole numbers alone: they are the same on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Latency {
    /// Always as long.
    Fixed(i64),
    /// Every time from `min` to before `max` as often as any other.
    Uniform {
        /// The shortest.
        min: i64,
        /// What all are below.
        max: i64,
    },
    /// From `min` on; half of the messages take up to `half` longer, half of the rest up to as much again, and so on.
    Tail {
        /// The shortest.
        min: i64,
        /// By how much the odds halve.
        half: i64,
    },
}

impl Latency {
    /// The latency that 32 random bits choose.
    #[inline]
    pub(super) fn of(self, bits: u32) -> i64 {
        match self {
            Self::Fixed(latency) => latency,
            Self::Uniform { min, max } => min + share(max - min, bits),
            Self::Tail { min, half } => {
                // As many halves as there are zeros before the first one; what is behind it says where in the next half.
                let halves = bits.leading_zeros().min(31);
                min + half * i64::from(halves) + share(half, bits << halves << 1)
            }
        }
    }
}

/// So many 2^32ths of `span`.
#[inline]
fn share(span: i64, bits: u32) -> i64 {
    ((u128::from(span.max(0).unsigned_abs()) * u128::from(bits)) >> 32) as i64
}

/// What can happen to messages from one node to another. Shares are so many in a million.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// How long they take.
    pub latency: Latency,
    /// How many are lost.
    pub loss: u32,
    /// How many are there twice.
    pub duplication: u32,
    /// How many take ten times as long, so that others overtake them.
    pub delay: u32,
}

impl Link {
    /// Nothing is lost or doubled.
    #[must_use]
    pub fn reliable(latency: Latency) -> Self {
        Self { latency, loss: 0, duplication: 0, delay: 0 }
    }
}

/// What can happen to messages, by the nodes that they are between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    all: Drawn,
    /// The links that are not like all others.
    others: Vec<((NodeId, NodeId), Drawn)>,
}

/// A link and the shares of it that a draw of 32 bits is held against, each with those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Drawn {
    pub(super) latency: Latency,
    pub(super) lost: u64,
    pub(super) doubled: u64,
    pub(super) late: u64,
}

impl Drawn {
    fn of(link: Link) -> Self {
        let share = |millionth: u32| (u64::from(millionth) << 32) / 1_000_000;
        let lost = share(link.loss);
        let doubled = lost + share(link.duplication);
        Self { latency: link.latency, lost, doubled, late: doubled + share(link.delay) }
    }
}

impl Network {
    /// All links are like this one.
    #[must_use]
    pub fn of(link: Link) -> Self {
        Self { all: Drawn::of(link), others: Vec::new() }
    }

    /// But for that from one node to another.
    #[must_use]
    pub fn with(mut self, from: NodeId, to: NodeId, link: Link) -> Self {
        let place = self.others.partition_point(|(pair, _)| *pair < (from, to));
        self.others.insert(place, ((from, to), Drawn::of(link)));
        self
    }

    #[inline]
    pub(super) fn link(&self, from: NodeId, to: NodeId) -> &Drawn {
        if self.others.is_empty() {
            return &self.all;
        }
        match self.others.binary_search_by_key(&(from, to), |(pair, _)| *pair) {
            Ok(place) => &self.others[place].1,
            Err(_) => &self.all,
        }
    }
}

impl Default for Network {
    /// Messages take from 1 to 10 milliseconds, and all arrive.
    fn default() -> Self {
        Self::of(Link::reliable(Latency::Uniform { min: 1_000_000, max: 10_000_000 }))
    }
}
