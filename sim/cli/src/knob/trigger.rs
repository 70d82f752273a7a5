//! `afresh trigger`: regenerates outputs from inputs.

use afresh_check::turn::Asked;
use afresh_core::Knob;

use super::{Keys, Turn};

/// Recompute keys from the first message, and send the outputs that are missing or wrong.
///
/// It also brings quarantined keys back.
#[derive(Debug, clap::Args)]
#[command(after_long_help = super::HELP)]
pub(crate) struct Args {
    #[command(flatten)]
    keys: Keys,

    #[command(flatten)]
    pub(crate) turn: Turn,
}

impl Args {
    /// The knob that these arguments ask for.
    pub(crate) fn asked(&self) -> Asked {
        Asked::Knob(Knob::Trigger { keys: self.keys.names(), by: self.turn.by(), why: self.turn.why.clone() })
    }
}
