//! `afresh migrate`: turns a flow on or off.

use afresh_check::turn::Asked;
use afresh_core::Knob;

use super::{Keys, Turn};

/// Turn a flow on or off for the whole history of keys, and process again everything that it affects.
#[derive(Debug, clap::Args)]
#[command(after_long_help = super::HELP)]
pub(crate) struct Args {
    /// The flow to turn on or off.
    #[arg(long, value_name = "FLOW")]
    flow: String,

    #[command(flatten)]
    turned: Turned,

    #[command(flatten)]
    keys: Keys,

    #[command(flatten)]
    pub(crate) turn: Turn,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Turned {
    /// Turn the flow on.
    #[arg(long)]
    on: bool,

    /// Turn the flow off.
    #[arg(long)]
    off: bool,
}

impl Args {
    /// The knob that these arguments ask for.
    pub(crate) fn asked(&self) -> Asked {
        Asked::Knob(Knob::Migrate {
            flow: self.flow.as_str().into(),
            keys: self.keys.names(),
            on: self.turned.on,
            by: self.turn.by(),
            why: self.turn.why.clone(),
        })
    }
}
