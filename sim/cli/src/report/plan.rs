//! The report of a knob for people: its plan and its effects.

#[cfg(feature = "serve")]
use afresh_check::show::Entry;
use afresh_check::turn::{Done, Planned, PlannedSend, Report, Start};
use afresh_core::{Knob, Name};
use afresh_trace::text::{count, escape, name, number};

use super::terminal::{BAD, BOLD, DIM, GOOD, changes, styled};
use super::timeline::Columns;

/// The indentation of changes.
const MARGIN: &str = "      ";

/// Returns the plan and, unless it was a dry run, the effects. `output` names the file with the result. If `brief`,
/// long bodies are cut off.
pub(crate) fn text(report: &Report, trace: &str, system: &str, output: Option<&str>, brief: bool) -> String {
    let (knob, by, why) = described(&report.knob);
    let reason = if why.is_empty() { String::new() } else { format!(": {}", escape(why)) };
    let mut text = format!("{}: {} by {}{reason}\n", escape(trace), styled(BOLD, knob), name(by.as_str()));
    text += &match report.start {
        Start::Run => format!("  {} ran the trace\n", escape(system)),
        Start::Journal => {
            format!(
                "  {} starts from the journal: it would have sent other outputs than the trace recorded\n",
                escape(system)
            )
        }
    };
    text += &plan(&report.plan);
    if let Some(done) = &report.done {
        text += &self::done(done, output.unwrap_or("nowhere"), brief);
    }
    text
}

/// Returns the plan of a knob on a running service.
#[cfg(feature = "serve")]
pub(crate) fn of_service(knob: &Knob, planned: &Planned, url: &str) -> String {
    let (knob, by, why) = described(knob);
    let reason = if why.is_empty() { String::new() } else { format!(": {}", escape(why)) };
    format!("{}: {} by {}{reason}\n", escape(url), styled(BOLD, knob), name(by.as_str())) + &plan(planned)
}

/// Returns the effects of a knob that was turned on a running service as event `event`.
#[cfg(feature = "serve")]
pub(crate) fn turned(url: &str, event: afresh_core::EventNumber, effects: &[Entry], brief: bool) -> String {
    let mut text = format!("{}: {} as planned; event {event} caused:\n", escape(url), styled(GOOD, "done"));
    let mut columns = Columns::new(brief);
    effects.iter().for_each(|effect| text += &columns.entry(effect));
    text
}

/// Returns how the plan of a knob on a running service has changed since it was shown.
#[cfg(feature = "serve")]
pub(crate) fn changed(url: &str, error: &str, shown: &Planned, now: &Planned) -> String {
    let title = format!("{}: {}: {}\n", escape(url), styled(BAD, "not turned"), escape(error));
    title + " shown:\n" + &plan(shown) + " now:\n" + &plan(now)
}

/// Returns the knob in words, who turns it, and why.
fn described(knob: &Knob) -> (String, &Name, &str) {
    let keys = |keys: &Option<Vec<Name>>| match keys {
        None => "all keys".to_owned(),
        Some(keys) => list(keys.iter().map(Name::as_str)),
    };
    match knob {
        Knob::ReflowIn { messages, by, why } => {
            (format!("reflow {} in", list(messages.iter().map(ToString::to_string))), by, why)
        }
        Knob::ReflowOut { outputs, by, why } => {
            (format!("reflow {} out", list(outputs.iter().map(ToString::to_string))), by, why)
        }
        Knob::Trigger { keys: named, by, why } => (format!("trigger {}", keys(named)), by, why),
        Knob::Scrub { keys: named, by, why } => (format!("scrub {}", keys(named)), by, why),
        Knob::Migrate { flow, keys: named, on, by, why } => {
            let on = if *on { "on" } else { "off" };
            (format!("migrate {}: {} {on}", keys(named), name(flow.as_str())), by, why)
        }
    }
}

/// Returns the names with commas between them, safe to print.
fn list<T: AsRef<str>>(names: impl Iterator<Item = T>) -> String {
    let names: Vec<_> = names.map(|one| name(one.as_ref()).to_string()).collect();
    if names.is_empty() { "nothing".into() } else { names.join(", ") }
}

fn plan(plan: &Planned) -> String {
    let withdrawals = plan.sends.iter().filter(|send| send.body.is_none()).count();
    let counts = [
        (plan.sends.len() - withdrawals, "sent"),
        (withdrawals, "withdrawn"),
        (plan.heals.len(), "healed"),
        (plan.quarantines.len(), "quarantined"),
        (plan.refusals.len(), "rejected"),
    ];
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<_> = counts.map(|(count, what)| format!("{} {what}", number(*count as u64))).collect();
    let counts = if counts.is_empty() { "nothing to do".to_owned() } else { counts.join(", ") };
    let mut text = format!("  plan: {counts}");
    if plan.keys > 0 {
        text += &format!("; {} recomputed", count(plan.keys as u64, "key", "keys"));
    }
    text.push('\n');
    for healed in &plan.heals {
        text += &format!(
            "    {} {}: {}\n",
            styled(GOOD, "heal"),
            name(healed.key.as_str()),
            list(healed.parts.iter().map(Name::as_str))
        );
    }
    for quarantined in &plan.quarantines {
        text += &format!(
            "    {} {}: {}\n",
            styled(BAD, "quarantine"),
            name(quarantined.key.as_str()),
            escape(&quarantined.why)
        );
    }
    for refusal in &plan.refusals {
        let name = format!("{} revision {}", refusal.message, refusal.revision);
        text += &format!("    {} {}: {}\n", styled(BAD, "reject"), escape(&name), escape(&refusal.why));
    }
    plan.sends.iter().for_each(|planned| text += &send(planned));
    text
}

fn send(send: &PlannedSend) -> String {
    let PlannedSend { id, to, revision, before, body } = send;
    let (what, style) = match (before, body) {
        (_, None) => ("withdraw", BAD),
        (Some(before), Some(body)) if before == body => ("send again", DIM),
        (Some(_), Some(_)) => ("revise", GOOD),
        (None, Some(_)) => ("send", GOOD),
    };
    let id = escape(id);
    let mut text = format!("    {} {id} to {}, revision {revision}\n", styled(style, what), name(to.as_str()));
    if before != body {
        text += &changes(before.as_ref(), body.as_ref(), MARGIN);
    }
    text
}

fn done(done: &Done, output: &str, brief: bool) -> String {
    let mut text = match done.as_planned {
        true => format!("  {} as planned; added to {}:\n", styled(GOOD, "done"), escape(output)),
        false => format!(
            "  {}, so {} is not written. The system is not deterministic; these were the effects:\n",
            styled(BAD, "the effects differ from the plan"),
            escape(output)
        ),
    };
    let mut columns = Columns::new(brief);
    done.events.iter().for_each(|event| text += &columns.entry(event));
    text
}
