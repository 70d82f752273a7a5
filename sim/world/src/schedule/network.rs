//! The behaviour of the simulated network: the latency of messages, and how many are lost, duplicated or late.

use crate::world::NodeId;

/// The distribution of the time that a message takes to arrive, in nanoseconds.
///
/// It uses only integers, so that it gives the same values on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Latency {
    /// Every message takes this long, in nanoseconds.
    Fixed(i64),
    /// The latency is distributed evenly from `min` up to, but not including, `max`.
    Uniform {
        /// The shortest latency, in nanoseconds.
        min: i64,
        /// The upper bound of the latency, in nanoseconds. All latencies are below it.
        max: i64,
    },
    /// Most messages are fast, and a few are very slow: the latency has an exponential tail.
    ///
    /// Half of the messages take from `min` to `min + half`. Half of the others take up to `min + 2 * half`, and so on.
    Tail {
        /// The shortest latency, in nanoseconds.
        min: i64,
        /// The additional time within which half of the remaining messages arrive, in nanoseconds.
        half: i64,
    },
}

impl Latency {
    /// Returns the latency that 32 random bits choose from this distribution, in nanoseconds.
    #[inline]
    pub(super) fn of(self, bits: u32) -> i64 {
        match self {
            Self::Fixed(latency) => latency,
            Self::Uniform { min, max } => min + share(max - min, bits),
            Self::Tail { min, half } => {
                // The number of leading zero bits is random with halving odds, so it is the number of whole halves. The
                // bits after the first one bit choose the place within the next half.
                let halves = bits.leading_zeros().min(31);
                min + half * i64::from(halves) + share(half, bits << halves << 1)
            }
        }
    }
}

impl Latency {
    /// Returns the shortest latency of this distribution, in nanoseconds.
    pub(super) fn min(self) -> i64 {
        match self {
            Self::Fixed(min) | Self::Uniform { min, .. } | Self::Tail { min, .. } => min,
        }
    }

    /// Returns an upper bound of this distribution, in nanoseconds.
    pub(super) fn max(self) -> i64 {
        match self {
            Self::Fixed(latency) => latency,
            Self::Uniform { max, .. } => max,
            Self::Tail { min, half } => min.saturating_add(half.saturating_mul(32)),
        }
    }
}

/// Returns the fraction `bits` / 2^32 of `span`.
#[inline]
fn share(span: i64, bits: u32) -> i64 {
    ((u128::from(span.max(0).unsigned_abs()) * u128::from(bits)) >> 32) as i64
}

/// The behaviour of the link from one node to another: its latency, and how many messages are lost, duplicated or late.
///
/// All counts are parts per million of the messages on the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The time that messages take to arrive.
    pub latency: Latency,
    /// The number of messages in a million that are lost.
    pub loss: u32,
    /// The number of messages in a million that are duplicated.
    pub duplication: u32,
    /// The number of messages in a million that take ten times as long as usual, so that messages are reordered.
    pub delay: u32,
}

impl Link {
    /// Creates a link with this latency on which no message is lost, duplicated or delayed.
    #[must_use]
    pub fn reliable(latency: Latency) -> Self {
        Self { latency, loss: 0, duplication: 0, delay: 0 }
    }
}

/// The behaviour of the whole network: one kind of link for all pairs of nodes, and exceptions for single pairs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// The behaviour of all links without an exception.
    all: Drawn,
    /// The exceptions, sorted by the sending and the receiving node.
    others: Vec<((NodeId, NodeId), Drawn)>,
}

/// A link in the form that a draw needs: a random number of 32 bits is compared with three cumulative thresholds.
///
/// A number below `lost` means that the message is lost, else one below `duplicated` that it is duplicated, else one
/// below `late` that it is late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Drawn {
    pub(super) latency: Latency,
    pub(super) lost: u64,
    pub(super) duplicated: u64,
    pub(super) late: u64,
}

impl Drawn {
    fn of(link: Link) -> Self {
        let share = |millionth: u32| (u64::from(millionth) << 32) / 1_000_000;
        let lost = share(link.loss);
        let duplicated = lost + share(link.duplication);
        Self { latency: link.latency, lost, duplicated, late: duplicated + share(link.delay) }
    }
}

impl Network {
    /// Creates a network in which all links behave alike.
    #[must_use]
    pub fn of(link: Link) -> Self {
        Self { all: Drawn::of(link), others: Vec::new() }
    }

    /// Gives the link from one node to another, in this direction only, a behaviour of its own.
    #[must_use]
    pub fn with(mut self, from: NodeId, to: NodeId, link: Link) -> Self {
        let place = self.others.partition_point(|(pair, _)| *pair < (from, to));
        self.others.insert(place, ((from, to), Drawn::of(link)));
        self
    }

    /// Returns whether a link can lose a message.
    pub(super) fn loses(&self) -> bool {
        self.all.lost > 0 || self.others.iter().any(|(_, link)| link.lost > 0)
    }

    /// Returns the behaviour of the link from one node to another.
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
    /// Creates a network in which messages take 1 to 10 milliseconds, and none is lost, duplicated or delayed.
    fn default() -> Self {
        Self::of(Link::reliable(Latency::Uniform { min: 1_000_000, max: 10_000_000 }))
    }
}
