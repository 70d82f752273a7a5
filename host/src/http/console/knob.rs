//! Knobs: chosen, planned, and confirmed as they were shown.

use afresh_check::Subject;
use afresh_check::turn::told::{Sending, by, keys, list};
use afresh_check::turn::{Planned, PlannedSend};
use afresh_core::{FactId, Knob, Name};
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::diff::Diff;
use super::page::{Frame, Named, Visible, link, named, render};
use super::{Asked, Console, see};
use crate::http::failure::Failure;
use crate::http::knobs;
use crate::service::KnobError;

#[derive(Template)]
#[template(path = "console/waiting.html")]
struct WaitingPage {
    frame: Frame,
}

/// The form for everything that is rejected, quarantined or unsettled.
pub(super) fn waiting<S: Subject + 'static>(console: &Console<S>, asked: &Asked<'_>) -> Result<Response, Failure> {
    render(StatusCode::OK, &WaitingPage { frame: console.frame("Repair several at once", Some(asked.visitor)) })
}

#[derive(Template)]
#[template(path = "console/plan.html")]
struct PlanPage {
    frame: Frame,
    /// The knob in words.
    told: Visible,
    by: Visible,
    why: Visible,
    plan: Plan,
    /// The plan that was shown before, if it has changed.
    shown: Option<Plan>,
    /// With what the plan is confirmed.
    token: String,
    /// The knob and the reason as they were asked for, for a new plan.
    knob: String,
    reason: String,
}

/// A plan as a page shows it.
struct Plan {
    summary: String,
    heals: Vec<(Named, Visible)>,
    quarantines: Vec<(Named, Visible)>,
    refusals: Vec<(Named, Visible)>,
    admissions: Vec<Named>,
    returns: Vec<Named>,
    sends: Vec<Send>,
}

struct Send {
    what: Sending,
    class: &'static str,
    id: Named,
    to: Visible,
    revision: u32,
    diff: Diff,
}

/// Plans a knob, and shows the plan.
pub(super) async fn plan<S: Subject + 'static>(console: &Console<S>, asked: &Asked<'_>) -> Result<Response, Failure> {
    let knob = match asked.get("knob") {
        Some(knob) => knob.to_owned(),
        None => conditions(asked).to_string(),
    };
    planned(console, asked, &knob, None, StatusCode::OK).await
}

/// Turns the knob of a plan. If the plan has changed, shows both, and offers the new one.
pub(super) async fn confirm<S: Subject + 'static>(
    console: &Console<S>,
    asked: &Asked<'_>,
) -> Result<Response, Failure> {
    match console.shared.service.confirm(asked.exact("token").into(), Some(console.by(asked))).await {
        Ok(turned) => Ok(see(&link("event", &[("n", &turned.event.to_string())]))),
        Err(KnobError::Changed { shown, .. }) => {
            planned(console, asked, asked.exact("knob"), Some(*shown), StatusCode::CONFLICT).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn planned<S: Subject + 'static>(
    console: &Console<S>,
    asked: &Asked<'_>,
    knob: &str,
    shown: Option<Planned>,
    status: StatusCode,
) -> Result<Response, Failure> {
    let reason = asked.get("why").unwrap_or_default().to_owned();
    let asking = knobs::asked(&with_reason(knob, &reason)?, &console.by(asked))?;
    let asking = console.shared.service.plan(asking).await?;
    let (by, why) = by(&asking.knob);
    let page = PlanPage {
        frame: console.frame("Plan", Some(asked.visitor)),
        told: told(&asking.knob).into(),
        by: named(by.as_str()),
        why: why.into(),
        plan: Plan::new(&asking.plan),
        shown: shown.as_ref().map(Plan::new),
        token: asking.token.as_str().to_owned(),
        knob: knob.to_owned(),
        reason,
    };
    render(status, &page)
}

/// The knob for everything that waits and meets the conditions of a form.
fn conditions(asked: &Asked<'_>) -> Value {
    let mut reflow = Map::new();
    for name in ["all", "from", "to", "since", "until"] {
        if let Some(text) = asked.get(name) {
            reflow.insert(name.to_owned(), text.into());
        }
    }
    if let Some(key) = asked.get("key") {
        reflow.insert("keys".to_owned(), json!([key]));
    }
    json!({ "reflow": reflow })
}

/// Adds the reason to a knob, which is an object in an object.
fn with_reason(knob: &str, why: &str) -> Result<String, Failure> {
    let mut knob: Value = serde_json::from_str(knob).map_err(|error| Failure::wrong(format!("no knob: {error}")))?;
    let fields = knob.as_object_mut().and_then(|knob| knob.values_mut().next()).and_then(Value::as_object_mut);
    if let Some(fields) = fields
        && !why.is_empty()
    {
        fields.insert("why".to_owned(), why.into());
    }
    Ok(knob.to_string())
}

/// A knob in words, with who turned it, and why.
pub(super) fn told_with_reason(knob: &Knob) -> String {
    let (by, why) = by(knob);
    let reason = if why.is_empty() { String::new() } else { format!(": {why}") };
    format!("{} by {}{reason}", told(knob), named(by.as_str()))
}

/// A knob in the words of the pages.
fn told(knob: &Knob) -> String {
    match knob {
        Knob::ReflowIn { messages, .. } => {
            format!("process again: {}", list(messages.iter().map(ToString::to_string)))
        }
        Knob::ReflowOut { outputs, .. } => format!("send again: {}", list(outputs.iter().map(ToString::to_string))),
        Knob::Trigger { keys: named, .. } => format!("trigger {}", keys(named.as_deref())),
        Knob::Scrub { keys: named, .. } => format!("scrub {}", keys(named.as_deref())),
        Knob::Migrate { flow, keys: of, on, .. } => {
            let on = if *on { "on" } else { "off" };
            format!("turn the flow {} {on} for {}", named(flow.as_str()), keys(of.as_deref()))
        }
    }
}

impl Plan {
    fn new(planned: &Planned) -> Self {
        let heals = planned
            .heals
            .iter()
            .map(|healed| (Named::key(healed.key.as_str()), list(healed.parts.iter().map(Name::as_str)).into()));
        let quarantines = planned.quarantines.iter();
        let message = |message: &FactId, revision: u32| {
            let name = named(&format!("{message} revision {revision}"));
            Named { name, link: link("find", &[("id", message.id.as_str()), ("from", message.from.as_str())]) }
        };
        let refusals = planned.refusals.iter();
        let admissions = planned.admissions.iter();
        Self {
            summary: planned.summary(),
            heals: heals.collect(),
            quarantines: quarantines.map(|one| (Named::key(one.key.as_str()), one.why.as_str().into())).collect(),
            refusals: refusals.map(|one| (message(&one.message, one.revision), one.why.as_str().into())).collect(),
            admissions: admissions.map(|one| message(&one.message, one.revision)).collect(),
            returns: planned.returns.iter().map(|key| Named::key(key.as_str())).collect(),
            sends: planned.sends.iter().map(Send::new).collect(),
        }
    }
}

impl Send {
    fn new(send: &PlannedSend) -> Self {
        let PlannedSend { id, to, revision, before, body } = send;
        let what = send.sending();
        let class = match what {
            Sending::Withdrawn => "bad",
            Sending::Again => "plain",
            Sending::Revised | Sending::New => "good",
        };
        Self {
            what,
            class,
            id: Named { name: named(id), link: link("find", &[("id", id)]) },
            to: named(to.as_str()),
            revision: *revision,
            diff: Diff::new(before.as_ref(), body.as_ref(), true),
        }
    }
}
