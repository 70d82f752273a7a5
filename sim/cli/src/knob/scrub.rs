//! `afresh scrub`: recompute, compare, heal.

use afresh_core::Knob;

use super::{Keys, Turn};
use afresh_check::turn::Asked;

/// Fold keys of a trace from their first message, compare that with the state that is carried, and heal what differs.
#[derive(Debug, clap::Args)]
#[command(after_long_help = super::HELP)]
pub(crate) struct Args {
    #[command(flatten)]
    keys: Keys,

    #[command(flatten)]
    pub(crate) turn: Turn,
}

impl Args {
    /// The knob.
    pub(crate) fn asked(&self) -> Asked {
        Asked::Knob(Knob::Scrub { keys: self.keys.names(), by: self.turn.by(), why: self.turn.why.clone() })
    }
}
