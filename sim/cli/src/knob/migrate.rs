//! `afresh migrate`: turn a flow on or off.

use afresh_core::Knob;

use super::{Keys, Turn};
use afresh_check::turn::Asked;

/// Turn a flow on or off for keys of a trace, for their whole history, and process again everything that it affects.
#[derive(Debug, clap::Args)]
#[command(after_long_help = super::HELP)]
pub(crate) struct Args {
    /// The flow.
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
    /// Turn it on.
    #[arg(long)]
    on: bool,

    /// Turn it off.
    #[arg(long)]
    off: bool,
}

impl Args {
    /// The knob.
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
