//! The kinds of difference between the record of a trace and a run of it, or between the runs of two versions.

use std::borrow::Cow;

use afresh_core::{EventNumber, Healed, Key, Parts, Quarantined, Rejected, Sent, Settled, System, Viewed};
use afresh_trace::text;
use serde_json::Value;

use crate::finding::{DIFFERS, Findings, RECORDED, Sighting, Versus, value};

/// The two things that a difference is between, which decides its name and its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Between {
    /// The record of a trace, and the run of it.
    Record,
    /// The run of the old version, which takes the place of the record, and that of the new version.
    Versions,
}

impl Between {
    /// The check in the signature of a difference.
    fn check(self) -> &'static str {
        match self {
            Self::Record => RECORDED,
            Self::Versions => DIFFERS,
        }
    }

    /// Returns the first text for a record, and the second for two versions.
    fn say<T>(self, record: T, versions: T) -> T {
        match self {
            Self::Record => record,
            Self::Versions => versions,
        }
    }
}

/// A difference between the recorded observations and those of the run.
#[derive(Clone, Debug)]
pub(crate) struct Difference<S: System> {
    /// The recorded event or, if an observation is missing from the record, the stimulus that caused it.
    pub(crate) event: EventNumber,
    pub(crate) line: u64,
    pub(crate) kind: Different<S>,
}

/// The kind of a [`Difference`]. `docs/cli.md` has a table of them, with what each command says.
#[derive(Clone, Debug)]
pub(crate) enum Different<S: System> {
    /// A recorded output is not sent now, or another output is sent from its slot.
    Output { recorded: Sent<S::Out>, now: Option<Sent<S::Out>> },
    /// A view differs in the diverged `parts`, or the key has no state now. In a window, the state rests on the view of
    /// an event.
    View {
        key: Key,
        recorded: S::View,
        now: Option<S::View>,
        parts: Parts,
        side: &'static str,
        rests_on: Option<EventNumber>,
    },
    /// This version cannot read a recorded output. It sends nothing now, or another output from that slot.
    UnreadableOutput { recorded: Sent<String>, why: String, now: Option<Sent<S::Out>> },
    /// This version cannot read a recorded view. The key has another view, or no state, now.
    UnreadableView { recorded: Viewed<String>, why: String, now: Option<S::View>, side: &'static str },
    /// A recorded rejection, quarantine, heal or settlement does not happen now.
    Gone(Event),
    /// The run has a key that was not recorded. Only the runs of two versions are compared in this way.
    NewKey { key: Key, now: S::View },
    /// An output is sent now but was not recorded. If it is a withdrawal, `before` is the body that it withdraws.
    NewOutput { sent: Sent<S::Out>, before: Option<S::Out> },
    /// A rejection, quarantine or heal happens now but was not recorded.
    New(Event),
}

/// An observation other than an output or a view.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Rejected(Rejected),
    Quarantined(Quarantined),
    Healed(Healed),
    Settled(Settled),
}

impl Event {
    /// The part of the system that differs, without keys and values, as a signature needs it.
    pub(super) fn part(&self) -> &'static str {
        match self {
            Self::Rejected(_) => "rejected",
            Self::Quarantined(_) => "quarantined",
            Self::Healed(_) => "healed",
            Self::Settled(_) => "settled",
        }
    }

    /// The part of an observation that only the old of two versions makes.
    fn part_if_gone(&self) -> &'static str {
        match self {
            Self::Rejected(_) => "not rejected",
            Self::Quarantined(_) => "not quarantined",
            Self::Healed(_) => "not healed",
            Self::Settled(_) => "not settled",
        }
    }

    fn key(&self) -> Option<&Key> {
        match self {
            Self::Rejected(_) => None,
            Self::Quarantined(quarantined) => Some(&quarantined.key),
            Self::Healed(healed) => Some(&healed.key),
            Self::Settled(settled) => Some(&settled.output.key),
        }
    }

    /// Describes for people what happened only when the trace was recorded (`gone`), or only now.
    fn in_words(&self, gone: bool, between: Between) -> String {
        let say = |happened: &str| match (between, gone) {
            (Between::Record, true) => format!("{happened} when recorded, but not now"),
            (Between::Record, false) => format!("{happened} now, but not when recorded"),
            (Between::Versions, true) => format!("{happened} by the old version, but not by the new one"),
            (Between::Versions, false) => format!("{happened} by the new version, but not by the old one"),
        };
        match self {
            Self::Rejected(Rejected { why }) => say(&format!("the message was rejected ({why})")),
            Self::Quarantined(Quarantined { key, why }) => {
                say(&format!("the key {} was quarantined ({why})", text::name(key.as_str())))
            }
            Self::Healed(Healed { key, parts }) => {
                let parts: Vec<_> = parts.iter().map(|part| part.as_str()).collect();
                say(&format!("the key {} was healed in {}", text::name(key.as_str()), parts.join(", ")))
            }
            Self::Settled(Settled { output, revision }) => {
                format!("revision {revision} of output {output} was settled when recorded, but was never sent")
            }
        }
    }
}

impl<S: System> Difference<S> {
    /// The difference at its place, in words.
    pub(crate) fn sighting(&self) -> Sighting {
        let (found, versus) = self.kind.in_words(Between::Record);
        Sighting { event: self.event, line: self.line, key: self.kind.key().cloned(), found, versus }
    }

    /// Adds the difference to the findings: once for each part that differs.
    pub(crate) fn add_to(&self, findings: &mut Findings, between: Between) {
        let place = (self.event, self.line);
        let check = between.check();
        let mut saw = |part: &str| findings.saw((check, part), place, self.kind.key(), || self.kind.in_words(between));
        match &self.kind {
            Different::View { parts, .. } => parts.diverged().for_each(|part| saw(&view_part(part))),
            Different::NewKey { .. } | Different::UnreadableView { .. } => saw("view"),
            Different::Output { recorded: Sent { slot, .. }, .. }
            | Different::NewOutput { sent: Sent { slot, .. }, .. }
            | Different::UnreadableOutput { recorded: Sent { slot, .. }, .. } => {
                saw(&output_part(slot.as_str()));
            }
            Different::Gone(event) if between == Between::Versions => saw(event.part_if_gone()),
            Different::Gone(event) | Different::New(event) => saw(event.part()),
        }
    }
}

impl<S: System> Different<S> {
    fn key(&self) -> Option<&Key> {
        match self {
            Self::Output { recorded: sent, .. } | Self::NewOutput { sent, .. } => Some(&sent.key),
            Self::View { key, .. } | Self::NewKey { key, .. } => Some(key),
            Self::UnreadableOutput { recorded: sent, .. } => Some(&sent.key),
            Self::UnreadableView { recorded: viewed, .. } => Some(&viewed.key),
            Self::Gone(event) | Self::New(event) => event.key(),
        }
    }

    /// Describes the difference for people, with both values if there are two.
    fn in_words(&self, between: Between) -> (String, Option<Versus>) {
        let (left, now) = between.say(("recorded", "now"), ("old", "new"));
        let versus = |left_value, right, right_value| {
            Some(Versus { left, left_value, right, right_value, not_derivable: Vec::new() })
        };
        let name_of = |key: &Key| text::name(key.as_str()).to_string();
        match self {
            Self::Output { recorded, now: None } => {
                let why = between.say("was recorded but is not sent now", "is sent by the old version only");
                (format!("{} {why}", output(recorded)), versus(body(recorded), now, Value::Null))
            }
            Self::Output { recorded, now: Some(sent) } if sent.body == recorded.body => {
                let side = |sent: &Sent<S::Out>| value(&format!("revision {} to {}", sent.revision, sent.to));
                let which = between.say("recorded", "same");
                let found = format!("{} has the {which} body but another revision or receiver", output(recorded));
                (found, versus(side(recorded), now, side(sent)))
            }
            Self::Output { recorded, now: Some(sent) } => {
                let than = between.say(" from the recorded one", "");
                (format!("{} differs{than}", output(recorded)), versus(body(recorded), now, body(sent)))
            }
            Self::NewOutput { sent, before } => {
                let why = between.say("is sent now but was not recorded", "is sent by the new version only");
                (format!("{} {why}", output(sent)), versus(value(before), now, body(sent)))
            }
            Self::View { recorded, now: None, side, key, .. } => {
                let found = between.say(
                    format!("the view of {} was recorded, but no message concerns this key", name_of(key)),
                    format!("only the old version has a view of {}", name_of(key)),
                );
                (found, versus(value(recorded), side, Value::Null))
            }
            Self::View { recorded, now: Some(now), parts, side, key, rests_on } => {
                let found = match (between, *side) {
                    (_, "recomputed") => {
                        "the recorded view differs from the view recomputed from all messages".to_owned()
                    }
                    (Between::Record, _) => format!("the view of {} differs from the recorded view", name_of(key)),
                    (Between::Versions, _) => format!("the view of {} differs", name_of(key)),
                };
                let rests_on = rests_on.map(|event| format!(", which rests on the view of event {event}"));
                let found = found + &rests_on.unwrap_or_default();
                let versus = versus(value(recorded), side, value(now));
                (found, versus.map(|versus| versus.without(parts.underivable())))
            }
            Self::UnreadableOutput { recorded, why, now: sent } => {
                let json = recorded.body.as_deref().map_or(Value::Null, unread);
                let found = format!("this version cannot read the recorded {} ({why})", output(recorded));
                (found, versus(json, now, sent.as_ref().map_or(Value::Null, body)))
            }
            Self::UnreadableView { recorded: Viewed { key, value: json }, why, now, side } => {
                let found = format!("this version cannot read the recorded view of {} ({why})", name_of(key));
                (found, versus(unread(json), side, value(now)))
            }
            Self::NewKey { key, now: view } => {
                let found = format!("only the new version has a view of {}", name_of(key));
                (found, versus(Value::Null, now, value(view)))
            }
            Self::Gone(event) => (event.in_words(true, between), None),
            Self::New(event) => (event.in_words(false, between), None),
        }
    }
}

/// The name of an output in a sentence, which tells a withdrawal from a body.
fn output<O>(sent: &Sent<O>) -> String {
    let what = if sent.body.is_none() { "the withdrawal of output" } else { "output" };
    format!("{what} {}/{}", text::name(sent.key.as_str()), text::name(sent.slot.as_str()))
}

/// The body of an output as a value to show. A withdrawal has none, so it is named.
fn body<B: serde::Serialize>(sent: &Sent<B>) -> Value {
    match &sent.body {
        Some(body) => value(body),
        None => value(&format!("revision {} withdraws the output", sent.revision)),
    }
}

/// Recorded JSON text that is no value of the types of the system, as a value to show.
fn unread(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or_else(|_| json.into())
}

/// The part of a view in the signature of a difference: its name, unless that would read as a difference of another
/// kind, as part of the line, or as no part at all.
pub(crate) fn view_part(part: &str) -> Cow<'_, str> {
    const EVENTS: [&str; 4] = ["rejected", "quarantined", "healed", "settled"];
    let event = part.strip_prefix("not ").unwrap_or(part);
    if part.is_empty() || part.trim() != part {
        format!("view {part:?}").into()
    } else if EVENTS.contains(&event) || part == "output" || part.starts_with("output ") || part.starts_with("view ") {
        format!("view {part}").into()
    } else {
        part.into()
    }
}

/// The part in the signature of an output: `output receipt` for the slot `receipt-p-17`, and `output` for `17`.
pub(crate) fn output_part(slot: &str) -> String {
    format!("output {}", kind(slot)).trim_end().to_owned()
}

/// The kind of a slot: the letters at the start of its name, such as `receipt` for `receipt-p-17`.
pub(crate) fn kind(slot: &str) -> &str {
    let end = slot.find(|char: char| !char.is_alphabetic()).unwrap_or(slot.len());
    &slot[..end]
}
