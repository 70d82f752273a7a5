//! The kinds of event.

use std::fmt;

use afresh_core::{Observation, Stimulus, What};

/// A kind of event: what the one field of an event's line that says what happened is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A message came in.
    In,
    /// A recorded view that a window opens with.
    Opening,
    /// A simulated message arrived.
    Deliver,
    /// A simulated message was lost.
    Drop,
    /// A timer went off.
    Timer,
    /// Something broke.
    Fault,
    /// An operator turned a knob.
    Knob,
    /// A message was sent.
    Out,
    /// A receiver has an output.
    Settled,
    /// A message was not taken.
    Rejected,
    /// A key was set apart.
    Quarantined,
    /// A key was healed.
    Healed,
    /// A view of a key.
    View,
}

impl Kind {
    /// Every kind, stimuli first.
    pub const ALL: [Self; 13] = [
        Self::In,
        Self::Opening,
        Self::Deliver,
        Self::Drop,
        Self::Timer,
        Self::Fault,
        Self::Knob,
        Self::Out,
        Self::Settled,
        Self::Rejected,
        Self::Quarantined,
        Self::Healed,
        Self::View,
    ];

    /// The name of the field.
    pub const fn name(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Opening => "opening",
            Self::Deliver => "deliver",
            Self::Drop => "drop",
            Self::Timer => "timer",
            Self::Fault => "fault",
            Self::Knob => "knob",
            Self::Out => "out",
            Self::Settled => "settled",
            Self::Rejected => "rejected",
            Self::Quarantined => "quarantined",
            Self::Healed => "healed",
            Self::View => "view",
        }
    }

    /// The kind with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The kind of what happened.
    pub fn of<I, O, V>(what: &What<I, O, V>) -> Self {
        match what {
            What::Stimulus(Stimulus::In(_)) => Self::In,
            What::Stimulus(Stimulus::Opening(_)) => Self::Opening,
            What::Stimulus(Stimulus::Deliver(_)) => Self::Deliver,
            What::Stimulus(Stimulus::Drop(_)) => Self::Drop,
            What::Stimulus(Stimulus::Timer(_)) => Self::Timer,
            What::Stimulus(Stimulus::Fault(_)) => Self::Fault,
            What::Stimulus(Stimulus::Knob(_)) => Self::Knob,
            What::Observation(Observation::Out(_)) => Self::Out,
            What::Observation(Observation::Settled(_)) => Self::Settled,
            What::Observation(Observation::Rejected(_)) => Self::Rejected,
            What::Observation(Observation::Quarantined(_)) => Self::Quarantined,
            What::Observation(Observation::Healed(_)) => Self::Healed,
            What::Observation(Observation::View(_)) => Self::View,
        }
    }

    /// Whether it drives the system; else the system produced or showed it.
    pub fn is_stimulus(self) -> bool {
        self <= Self::Knob
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
