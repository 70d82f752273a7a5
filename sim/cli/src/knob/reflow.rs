//! `afresh reflow`: processes stored messages again, or sends stored outputs again.

use afresh_check::turn::{Asked, Selection, Waiting};
use afresh_core::{At, Knob, SlotId};
use afresh_trace::format::split_output_id;
use afresh_trace::row::Row;

use super::Turn;

/// Process stored messages again, including rejected ones, or send stored outputs again as they are.
///
/// Name them one by one, or take everything that is rejected, quarantined or not settled.
#[derive(Debug, clap::Args)]
#[command(after_long_help = super::HELP)]
pub(crate) struct Args {
    #[command(flatten)]
    what: What,

    #[command(flatten)]
    conditions: Conditions,

    #[command(flatten)]
    pub(crate) turn: Turn,
}

#[derive(Debug, clap::Args)]
#[group(id = "reflowed", required = true, multiple = false)]
struct What {
    /// A message to process again; repeat the option for more messages.
    #[arg(long = "message", value_name = "ID[@FROM]")]
    messages: Vec<String>,

    /// An output to send again; repeat the option for more outputs.
    #[arg(long = "slot", value_name = "KEY/SLOT", value_parser = slot)]
    slots: Vec<SlotId>,

    /// All messages that are rejected, except for those that conflict with another one.
    #[arg(long)]
    rejected: bool,

    /// All keys that are quarantined: triggers them, which brings back those that can be computed now.
    #[arg(long)]
    quarantined: bool,

    /// All outputs that their receivers do not have, as far as the trace tells.
    #[arg(long)]
    unsettled: bool,
}

/// Which of the rejected messages, the quarantined keys or the unsettled outputs are meant.
#[derive(Debug, clap::Args)]
struct Conditions {
    /// With `--rejected`: only messages from this sender.
    #[arg(long, value_name = "SENDER", conflicts_with_all = ["messages", "slots", "quarantined", "unsettled"])]
    from: Option<String>,

    /// With `--unsettled`: only outputs to this receiver.
    #[arg(long, value_name = "RECEIVER", conflicts_with_all = ["messages", "slots", "rejected", "quarantined"])]
    to: Option<String>,

    /// Only what concerns this key; repeat the option for more keys.
    #[arg(long = "key", value_name = "KEY", conflicts_with_all = ["messages", "slots"])]
    keys: Vec<String>,

    /// Only what arrived, was sent or was quarantined at this time or later, such as 2026-03-14T09:26:53Z.
    #[arg(long, value_name = "TIME", value_parser = Row::parse_asked, conflicts_with_all = ["messages", "slots"])]
    since: Option<At>,

    /// Only what arrived, was sent or was quarantined at this time or earlier.
    #[arg(long, value_name = "TIME", value_parser = Row::parse_asked, conflicts_with_all = ["messages", "slots"])]
    until: Option<At>,
}

fn slot(text: &str) -> Result<SlotId, String> {
    let (key, slot) = split_output_id(text);
    Ok(SlotId { key, slot })
}

impl Args {
    /// The knob that these arguments ask for.
    pub(crate) fn asked(&self) -> Asked {
        let (by, why) = (self.turn.by(), self.turn.why.clone());
        if let Some(waiting) = self.what.waiting() {
            let Conditions { from, to, keys, since, until } = &self.conditions;
            let keys = keys.iter().map(|key| key.as_str().into()).collect();
            let (from, to) = (from.as_deref().map(Into::into), to.as_deref().map(Into::into));
            let selection = Selection { waiting, from, to, keys, since: *since, until: *until };
            return Asked::Waiting { selection, by, why };
        }
        if self.what.slots.is_empty() {
            return Asked::Reflow { messages: self.what.messages.clone(), by, why };
        }
        Asked::Knob(Knob::ReflowOut { outputs: self.what.slots.clone(), by, why })
    }
}

impl What {
    /// The kind of thing of which all are meant, if they are not named one by one.
    fn waiting(&self) -> Option<Waiting> {
        match (self.rejected, self.quarantined, self.unsettled) {
            (true, ..) => Some(Waiting::Rejected),
            (_, true, _) => Some(Waiting::Quarantined),
            (.., true) => Some(Waiting::Unsettled),
            _ => None,
        }
    }
}
