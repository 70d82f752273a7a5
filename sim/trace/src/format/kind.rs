//! [`Kind`]: the kinds of event that a trace can hold.

use std::fmt;

use afresh_core::{Observation, Observed, Stimulus, What};

/// A kind of event. Its name is the name of the field that says what happened, in the line of the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A message came in.
    In,
    /// The recorded view of a key opens a window, which begins in the middle of a history.
    Opening,
    /// A message was delivered, in a simulated run.
    Deliver,
    /// A message was lost, in a simulated run.
    Drop,
    /// A timer of a node fired, in a simulated run.
    Timer,
    /// A fault happened or ended, such as a crash, a restart or a network partition.
    Fault,
    /// An operator turned a knob, such as a reflow or a migration.
    Knob,
    /// The system sent or withdrew a message.
    Out,
    /// A receiver confirmed that it has a message that the system sent.
    Settled,
    /// The system rejected a message.
    Rejected,
    /// A key was quarantined because its computation panicked.
    Quarantined,
    /// A carried state or another cache differed from the recomputed one, and was replaced.
    Healed,
    /// The view of a key was recorded.
    View,
}

impl Kind {
    /// All kinds: first the stimuli, then the observations.
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

    /// The name of this kind in a trace, such as `in` or `view`.
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

    /// Returns the kind with this name, or `None` if there is none.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Returns the kind of a stimulus or an observation.
    pub fn of<I, O, V>(what: &What<I, O, V>) -> Self {
        match what {
            What::Stimulus(Stimulus::In(_) | Stimulus::Unreadable(_)) => Self::In,
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
            What::Observation(Observation::Unreadable(unreadable)) => match unreadable.observed {
                Observed::Out(_) => Self::Out,
                Observed::View(_) => Self::View,
            },
        }
    }

    /// Returns `true` for a stimulus, which drives the system, and `false` for an observation, which the system
    /// produced.
    pub fn is_stimulus(self) -> bool {
        self <= Self::Knob
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
