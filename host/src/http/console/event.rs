//! The page of an event, and events as rows of a list.

use afresh_check::Subject;
use afresh_check::guard::guard;
use afresh_check::show::{Entry, Sign};
use afresh_core::{EventNumber, EventOf, FactId, Key, Observation, Stimulus, What};
use afresh_trace::format::{Kind, time};
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::page::{Frame, Named, Shown, Visible, link, named, render, short};
use super::{Asked, Console};
use crate::http::failure::Failure;
use crate::http::scan;

/// The most characters of a body in a list.
const BODY_MAX: usize = 240;

/// The most keys that a row names.
const KEYS_MAX: usize = 4;

/// The events after an event that are searched for its effects.
const SEARCHED: usize = 65_536;

/// The most effects that are listed.
const LISTED: usize = 200;

/// An event in a list.
pub(super) struct Row {
    pub(super) event: Named,
    pub(super) at: String,
    pub(super) kind: &'static str,
    /// True if the event reports that something was wrong.
    pub(super) is_bad: bool,
    /// The message or the output, and to or from whom it goes.
    pub(super) subject: Visible,
    pub(super) keys: Vec<Named>,
    pub(super) keys_left_out: usize,
    /// The body, which has been made visible.
    pub(super) body: String,
    pub(super) is_cut: bool,
    pub(super) cause: Option<Named>,
}

impl Row {
    pub(super) fn new<S: Subject>(system: &S, event: &EventOf<S>, whole: bool) -> Self {
        let keys = keys_of(system, event);
        let entry = Entry::new::<S>(Sign::Same, &event.what, Vec::new());
        let body = match (&entry.body, &event.what) {
            (_, What::Stimulus(Stimulus::Knob(knob))) => super::knob::told_with_reason(knob),
            (_, What::Observation(Observation::Healed(healed))) => {
                healed.parts.iter().map(|part| part.as_str()).collect::<Vec<_>>().join(", ")
            }
            (Some(body), _) => text_of(body.get()),
            (None, _) if entry.is_withdrawal() => "withdrawn".to_owned(),
            (None, _) => String::new(),
        };
        let (body, is_cut) = short(&body, if whole { usize::MAX } else { BODY_MAX });
        let mut subject = Vec::new();
        subject.extend(entry.id.as_deref().map(|id| named(id).to_string()));
        subject.extend(entry.from.as_ref().map(|from| format!("from {}", named(from.as_str()))));
        subject.extend(entry.to.as_ref().map(|to| format!("to {}", named(to.as_str()))));
        subject.extend(entry.revision.filter(|revision| *revision > 1).map(|revision| format!("revision {revision}")));
        Self {
            event: Named::event(event.number.get().into()),
            at: event.at.map(readable).unwrap_or_default(),
            kind: entry.kind.name(),
            is_bad: matches!(entry.kind, Kind::Rejected | Kind::Quarantined | Kind::Healed),
            subject: subject.join(" ").into(),
            keys: keys.iter().take(KEYS_MAX).map(|key| Named::key(key.as_str())).collect(),
            keys_left_out: keys.len().saturating_sub(KEYS_MAX),
            body,
            is_cut,
            cause: event.cause.map(|cause| Named::event(cause.get().into())),
        }
    }

    /// The rows of several events.
    pub(super) fn all<S: Subject>(system: &S, events: &[EventOf<S>]) -> Vec<Self> {
        events.iter().map(|event| Self::new(system, event, false)).collect()
    }
}

/// The time of an event, as people read it.
pub(super) fn readable(at: afresh_core::At) -> String {
    let text = time(at);
    let text = text.trim_matches('"');
    // Microseconds tell events apart, and nanoseconds only take space.
    let text = match text.split_once('.') {
        Some((whole, rest)) => format!("{whole}.{}", rest.trim_end_matches('Z').chars().take(3).collect::<String>()),
        None => text.trim_end_matches('Z').to_owned(),
    };
    text.replace('T', " ")
}

/// JSON text as people read it: a text without its quotes.
fn text_of(json: &str) -> String {
    match serde_json::from_str(json) {
        Ok(Value::String(text)) => text,
        _ => json.to_owned(),
    }
}

/// The keys that an event concerns, without those of knobs, whose text names them.
fn keys_of<S: Subject>(system: &S, event: &EventOf<S>) -> Vec<Key> {
    match &event.what {
        What::Stimulus(Stimulus::In(message)) => {
            let mut keys = Vec::new();
            // A body on which the system panics concerns no key.
            let _ = guard(&mut || {
                keys = message.body.iter().flat_map(|body| system.keys(body)).collect();
            });
            keys
        }
        What::Stimulus(Stimulus::Opening(opening)) => vec![opening.key.clone()],
        What::Stimulus(_) | What::Observation(Observation::Rejected(_)) => Vec::new(),
        What::Observation(Observation::Out(sent)) => vec![sent.key.clone()],
        What::Observation(Observation::Settled(settled)) => vec![settled.output.key.clone()],
        What::Observation(Observation::Quarantined(quarantined)) => vec![quarantined.key.clone()],
        What::Observation(Observation::Healed(healed)) => vec![healed.key.clone()],
        What::Observation(Observation::View(viewed)) => vec![viewed.key.clone()],
        What::Observation(Observation::Unreadable(unreadable)) => vec![unreadable.observed.key().clone()],
    }
}

#[derive(Template)]
#[template(path = "console/event.html")]
struct Page {
    frame: Frame,
    row: Row,
    line: Shown,
    /// The link to this page with nothing cut.
    whole: String,
    cause: Option<Row>,
    caused: Vec<Row>,
    /// True if there may be more effects than are listed.
    has_more: bool,
    before: Option<String>,
    after: Option<String>,
    /// The knob for this message or output, and what its button says.
    knob: Option<(String, &'static str)>,
}

/// What the journal says about an event.
struct Around<S: Subject> {
    event: EventOf<S>,
    cause: Option<EventOf<S>>,
    caused: Vec<EventOf<S>>,
    has_more: bool,
    count: usize,
}

pub(super) async fn show<S: Subject + 'static>(console: &Console<S>, asked: &Asked<'_>) -> Result<Response, Failure> {
    let service = &console.shared.service;
    let number = asked.number::<u32>("n")?.and_then(EventNumber::new);
    let number = number.ok_or_else(|| Failure::wrong("expected the number of an event, from 1"))?;
    let found = service
        .read(move |engine| {
            let journal = engine.journal();
            let event = journal.get(number)?.clone();
            let cause = event.cause.and_then(|cause| journal.get(cause)).cloned();
            let after = journal.since(number.get() as usize).take(SEARCHED);
            let mut caused: Vec<_> =
                after.filter(|event| event.cause == Some(number)).take(LISTED + 1).cloned().collect();
            let has_more = caused.len() > LISTED;
            caused.truncate(LISTED);
            Some(Around::<S> { event, cause, caused, has_more, count: journal.len() })
        })
        .await?;
    let unknown = || Failure::new(StatusCode::NOT_FOUND, format!("there is no event {number}"));
    let Around { event, cause, caused, has_more, count } = found.ok_or_else(unknown)?;
    let line = String::from_utf8(scan::line::<S>(&event)?).map_err(scan::internal)?;
    let system = service.system();
    let beside = |number: u32| link("event", &[("n", &number.to_string())]);
    let knob = match &event.what {
        What::Stimulus(Stimulus::In(message)) => {
            let FactId { from, id } = message.fact();
            Some((
                json!({ "reflow_in": { "messages": [{ "from": from, "id": id }] } }),
                "Plan to process this message again",
            ))
        }
        What::Observation(Observation::Out(sent)) => {
            let output = json!({ "key": sent.key, "slot": sent.slot });
            Some((json!({ "reflow_out": { "outputs": [output] } }), "Plan to send the output of this slot again"))
        }
        What::Observation(Observation::Quarantined(quarantined)) => {
            Some((json!({ "trigger": { "keys": [quarantined.key] } }), "Plan a trigger of this key"))
        }
        _ => None,
    };
    let page = Page {
        frame: console.frame(&format!("Event {number}"), Some(asked.visitor)),
        row: Row::new(system, &event, false),
        line: Shown::json(&line, asked.whole()),
        whole: link("event", &[("n", &number.to_string()), ("whole", "true")]),
        cause: cause.map(|cause| Row::new(system, &cause, false)),
        caused: Row::all(system, &caused),
        has_more,
        before: (number.get() > 1).then(|| beside(number.get() - 1)),
        after: ((number.get() as usize) < count).then(|| beside(number.get() + 1)),
        knob: knob.map(|(knob, text)| (knob.to_string(), text)),
    };
    render(StatusCode::OK, &page)
}
