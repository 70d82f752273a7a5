//! The report of a knob for people: its plan and its effects.

#[cfg(feature = "serve")]
use afresh_check::show::Entry;
use afresh_check::turn::told::{Sending, by, keys, list};
use afresh_check::turn::{Done, Planned, PlannedSend, Report, Start};
use afresh_core::{Knob, Name};
use afresh_trace::text::{escape, name};

use super::terminal::{BAD, BOLD, DIM, GOOD, changes, styled};
use super::timeline::Columns;

/// The indentation of changes.
const MARGIN: &str = "      ";

/// Returns the plan and, unless it was a dry run, the effects. `output` names the file with the result. If `brief`,
/// long bodies are cut off.
pub(crate) fn text(report: &Report, trace: &str, system: &str, output: Option<&str>, brief: bool) -> String {
    let mut text = title(trace, &report.knob);
    text += &match report.start {
        Start::Run => format!("  {} ran the trace\n", escape(system)),
        Start::Deploy => format!("  the version that it names ran it, and then {} was deployed\n", escape(system)),
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
    title(url, knob) + &plan(planned)
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

/// Returns the knob in words.
fn described(knob: &Knob) -> String {
    match knob {
        Knob::ReflowIn { messages, .. } => format!("reflow {} in", list(messages.iter().map(ToString::to_string))),
        Knob::ReflowOut { outputs, .. } => format!("reflow {} out", list(outputs.iter().map(ToString::to_string))),
        Knob::Trigger { keys: named, .. } => format!("trigger {}", keys(named.as_deref())),
        Knob::Scrub { keys: named, .. } => format!("scrub {}", keys(named.as_deref())),
        Knob::Migrate { flow, keys: named, on, .. } => {
            let on = if *on { "on" } else { "off" };
            format!("migrate {}: {} {on}", keys(named.as_deref()), name(flow.as_str()))
        }
    }
}

/// Returns the line with the knob, who turns it, and why.
fn title(place: &str, knob: &Knob) -> String {
    let (by, why) = by(knob);
    let reason = if why.is_empty() { String::new() } else { format!(": {}", escape(why)) };
    format!("{}: {} by {}{reason}\n", escape(place), styled(BOLD, described(knob)), name(by.as_str()))
}

fn plan(plan: &Planned) -> String {
    let mut text = format!("  plan: {}\n", plan.summary());
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
    for admission in &plan.admissions {
        let name = format!("{} revision {}", admission.message, admission.revision);
        text += &format!("    {} {}\n", styled(GOOD, "admit"), escape(&name));
    }
    for key in &plan.returns {
        text += &format!("    {} {}\n", styled(GOOD, "back from quarantine"), name(key.as_str()));
    }
    plan.sends.iter().for_each(|planned| text += &send(planned));
    text
}

fn send(send: &PlannedSend) -> String {
    let PlannedSend { id, to, revision, before, body } = send;
    let what = send.sending();
    let style = match what {
        Sending::Withdrawn => BAD,
        Sending::Again => DIM,
        Sending::Revised | Sending::New => GOOD,
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
