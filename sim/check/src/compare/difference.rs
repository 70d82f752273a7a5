//! The kinds of difference between the record of a trace and a run of it.

use afresh_core::{EventNumber, Healed, Key, Parts, Quarantined, Rejected, Sent, Settled, System};
use afresh_trace::text;
use serde_json::Value;

use crate::finding::{Findings, RECORDED, Sighting, Versus, value};

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
    /// A recorded rejection, quarantine, heal or settlement does not happen now.
    Gone(Event),
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

    fn key(&self) -> Option<&Key> {
        match self {
            Self::Rejected(_) => None,
            Self::Quarantined(quarantined) => Some(&quarantined.key),
            Self::Healed(healed) => Some(&healed.key),
            Self::Settled(settled) => Some(&settled.output.key),
        }
    }

    /// Describes for people what happened only when the trace was recorded (`gone`), or only now.
    fn in_words(&self, gone: bool) -> String {
        let say = |happened: &str| {
            if gone {
                format!("{happened} when recorded, but not now")
            } else {
                format!("{happened} now, but not when recorded")
            }
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
                format!(
                    "revision {revision} of output {output} was settled when recorded, but nothing was sent from that slot"
                )
            }
        }
    }
}

impl<S: System> Difference<S> {
    /// The difference at its place, in words.
    pub(crate) fn sighting(&self) -> Sighting {
        let (found, versus) = self.kind.in_words();
        Sighting { event: self.event, line: self.line, key: self.kind.key().cloned(), found, versus }
    }

    /// Adds the difference to the findings: once for each part that differs.
    pub(crate) fn add_to(&self, findings: &mut Findings) {
        let place = (self.event, self.line);
        let mut saw = |part: &str| findings.saw((RECORDED, part), place, self.kind.key(), || self.kind.in_words());
        match &self.kind {
            Different::View { parts, .. } => parts.diverged().for_each(saw),
            Different::Output { recorded: sent, .. } | Different::NewOutput { sent, .. } => {
                saw(&format!("output {}", kind(sent.slot.as_str())));
            }
            Different::Gone(event) | Different::New(event) => saw(event.part()),
        }
    }
}

impl<S: System> Different<S> {
    fn key(&self) -> Option<&Key> {
        match self {
            Self::Output { recorded: sent, .. } | Self::NewOutput { sent, .. } => Some(&sent.key),
            Self::View { key, .. } => Some(key),
            Self::Gone(event) | Self::New(event) => event.key(),
        }
    }

    /// Describes the difference for people, with both values if there are two.
    fn in_words(&self) -> (String, Option<Versus>) {
        let versus = |left_value, right, right_value| {
            Some(Versus { left: "recorded", left_value, right, right_value, not_derivable: Vec::new() })
        };
        match self {
            Self::Output { recorded, now } => {
                let name = output(recorded);
                match now {
                    None => {
                        (format!("{name} was recorded but is not sent now"), versus(body(recorded), "now", Value::Null))
                    }
                    Some(now) if now.body == recorded.body => {
                        let side = |sent: &Sent<S::Out>| value(&format!("revision {} to {}", sent.revision, sent.to));
                        let found = format!("{name} has the recorded body but another revision or receiver");
                        (found, versus(side(recorded), "now", side(now)))
                    }
                    Some(now) => {
                        let found = format!("{name} differs from the recorded one");
                        (found, versus(body(recorded), "now", body(now)))
                    }
                }
            }
            Self::NewOutput { sent, before } => {
                (format!("{} is sent now but was not recorded", output(sent)), versus(value(before), "now", body(sent)))
            }
            Self::View { recorded, now, parts, side, key, rests_on } => {
                let Some(now) = now else {
                    let found = format!(
                        "the view of {} was recorded, but no message concerns this key",
                        text::name(key.as_str())
                    );
                    return (found, versus(value(recorded), side, Value::Null));
                };
                let found = match *side {
                    "recomputed" => "the recorded view differs from the view recomputed from all messages".to_owned(),
                    _ => format!("the view of {} differs from the recorded view", text::name(key.as_str())),
                };
                let rests_on = rests_on.map(|event| format!(", which rests on the view of event {event}"));
                let found = found + &rests_on.unwrap_or_default();
                let versus = versus(value(recorded), side, value(now));
                (found, versus.map(|versus| versus.without(parts.underivable())))
            }
            Self::Gone(event) => (event.in_words(true), None),
            Self::New(event) => (event.in_words(false), None),
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

/// The kind of a slot: the letters at the start of its name, such as `receipt` for `receipt-p-17`.
pub(crate) fn kind(slot: &str) -> &str {
    let end = slot.find(|char: char| !char.is_alphabetic()).unwrap_or(slot.len());
    &slot[..end]
}
