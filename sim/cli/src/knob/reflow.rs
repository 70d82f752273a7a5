//! `afresh reflow`: processes stored messages again, or sends stored outputs again.

use afresh_check::turn::Asked;
use afresh_core::{Knob, SlotId};
use afresh_trace::format::split_output_id;

use super::Turn;

/// Process stored messages again, including rejected ones, or send stored outputs again as they are.
#[derive(Debug, clap::Args)]
#[command(after_long_help = super::HELP)]
pub(crate) struct Args {
    #[command(flatten)]
    what: What,

    #[command(flatten)]
    pub(crate) turn: Turn,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct What {
    /// A message to process again; repeat the option for more messages.
    #[arg(long = "message", value_name = "ID[@FROM]")]
    messages: Vec<String>,

    /// An output to send again; repeat the option for more outputs.
    #[arg(long = "slot", value_name = "KEY/SLOT", value_parser = slot)]
    slots: Vec<SlotId>,
}

fn slot(text: &str) -> Result<SlotId, String> {
    let (key, slot) = split_output_id(text);
    Ok(SlotId { key, slot })
}

impl Args {
    /// The knob that these arguments ask for.
    pub(crate) fn asked(&self) -> Asked {
        let (by, why) = (self.turn.by(), self.turn.why.clone());
        if self.what.slots.is_empty() {
            return Asked::Reflow { messages: self.what.messages.clone(), by, why };
        }
        Asked::Knob(Knob::ReflowOut { outputs: self.what.slots.clone(), by, why })
    }
}
