//! A plan in words, for the terminal and for the console of a service.

use std::fmt::{self, Display};

use afresh_core::{Knob, Name};
use afresh_trace::text::{count, name, number};

use super::{Planned, PlannedSend};

/// What would happen to the output in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sending {
    /// It would be the first one, or the first one after a withdrawal.
    New,
    /// It would replace one with another body.
    Revised,
    /// It would have the body that was sent last.
    Again,
    /// It would be withdrawn.
    Withdrawn,
}

impl Display for Sending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::New => "send",
            Self::Revised => "revise",
            Self::Again => "send again",
            Self::Withdrawn => "withdraw",
        })
    }
}

impl PlannedSend {
    /// Returns what would happen to the output.
    pub fn sending(&self) -> Sending {
        match (&self.before, &self.body) {
            (_, None) => Sending::Withdrawn,
            (Some(before), Some(body)) if before == body => Sending::Again,
            (Some(_), Some(_)) => Sending::Revised,
            (None, Some(_)) => Sending::New,
        }
    }
}

impl Planned {
    /// Returns how much the plan has of everything, such as `2 sent, 1 healed; 1 key recomputed`. It says that a flow
    /// changes only if nothing else would happen.
    pub fn summary(&self) -> String {
        let withdrawals = self.sends.iter().filter(|send| send.body.is_none()).count();
        let counts = [
            (self.sends.len() - withdrawals, "sent"),
            (withdrawals, "withdrawn"),
            (self.heals.len(), "healed"),
            (self.quarantines.len(), "quarantined"),
            (self.refusals.len(), "rejected"),
            (self.returns.len(), "back from quarantine"),
            (self.admissions.len(), "no longer rejected"),
        ];
        let counts = counts.iter().filter(|(count, _)| *count > 0);
        let counts: Vec<_> = counts.map(|(count, what)| format!("{} {what}", number(*count as u64))).collect();
        let counts = match (counts.is_empty(), self.switches) {
            (false, _) => counts.join(", "),
            (true, true) => "the flow changes, and nothing is sent".to_owned(),
            (true, false) => "nothing to do".to_owned(),
        };
        match self.keys {
            0 => counts,
            keys => format!("{counts}; {} recomputed", count(keys as u64, "key", "keys")),
        }
    }
}

/// Returns the name of the operator of a knob, and the reason.
pub fn by(knob: &Knob) -> (&Name, &str) {
    match knob {
        Knob::ReflowIn { by, why, .. }
        | Knob::ReflowOut { by, why, .. }
        | Knob::Trigger { by, why, .. }
        | Knob::Migrate { by, why, .. }
        | Knob::Scrub { by, why, .. } => (by, why),
    }
}

/// Returns names with commas between them, safe to print.
pub fn list<T: AsRef<str>>(names: impl Iterator<Item = T>) -> String {
    let names: Vec<_> = names.map(|one| name(one.as_ref()).to_string()).collect();
    if names.is_empty() { "nothing".into() } else { names.join(", ") }
}

/// Returns the names of the keys that a knob names, or `all keys`.
pub fn keys(keys: Option<&[Name]>) -> String {
    keys.map_or_else(|| "all keys".to_owned(), |keys| list(keys.iter().map(Name::as_str)))
}
