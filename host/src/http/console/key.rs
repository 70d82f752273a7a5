//! The page of a key: its view, its slots, its flows and its history, and its recomputation.

use afresh_check::Subject;
use afresh_check::guard::guard;
use afresh_core::{Engine, Key};
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::diff::Diff;
use super::event::Row;
use super::page::{Frame, Named, Shown, Visible, counted, link, named, render};
use super::{Asked, Console};
use crate::http::failure::Failure;
use crate::http::keys::{self, Told};

/// The messages on one page of a history.
const PAGE: usize = 10;

#[derive(Template)]
#[template(path = "console/key.html")]
struct Page {
    frame: Frame,
    name: Visible,
    /// The name as the form sends it.
    /// The name as JSON.
    key: String,
    quarantined: Visible,
    panicked: Visible,
    view: Option<Shown>,
    flows: Vec<Flow>,
    slots: Vec<SlotRow>,
    trigger: String,
    scrub: String,
    compared: Option<Compared>,
    history: Vec<Step>,
    /// Which messages the page shows, in words.
    extent: String,
    fold_panicked: Visible,
    newer: Option<String>,
    older: Option<String>,
    /// The link to this page with nothing cut.
    whole: String,
}

struct Flow {
    name: Visible,
    is_on: bool,
    /// The knob that turns the flow.
    knob: String,
}

struct SlotRow {
    name: Visible,
    to: Visible,
    revision: u64,
    is_settled: bool,
    is_withdrawn: bool,
    body: Shown,
    /// The link to all outputs of the slot.
    link: String,
    knob: String,
}

/// A recomputation beside the carried state.
struct Compared {
    is_equal: bool,
    differ: Vec<Visible>,
    panicked: Visible,
    diff: Diff,
}

/// A message of a history.
struct Step {
    place: usize,
    event: Option<Named>,
    at: String,
    id: Visible,
    from: Visible,
    body: Shown,
    diff: Diff,
    sent: Vec<Row>,
}

/// What the page needs from the engine.
struct Seen<S: Subject> {
    shown: Value,
    compared: Option<Value>,
    told: Told<S>,
    /// The messages before those that are told.
    after: usize,
    total: usize,
}

pub(super) async fn show<S: Subject + 'static>(
    console: &Console<S>,
    asked: &Asked<'_>,
    recompute: bool,
) -> Result<Response, Failure> {
    // A form sends the name as JSON: a browser would send another line end, and no zero byte.
    let of_form = || serde_json::from_str(asked.exact("key")).map_err(|_| Failure::wrong("the key is not JSON"));
    let name: String = if recompute { of_form()? } else { asked.exact("name").to_owned() };
    let whole = asked.whole();
    let before = asked.number::<usize>("before")?;
    let key = Key::from(name.as_str());
    let seen = keys::read(&console.shared, key, move |engine, key| {
        let (told, after, total) = history(engine, key, before);
        let compared = recompute.then(|| keys::compare(engine, key));
        Seen { shown: keys::show(engine, key), compared, told, after, total }
    });
    let Seen { shown, compared, told, after, total } = seen.await?;
    let text = |value: &Value| Visible::from(value.as_str().unwrap_or_default());
    let system = console.shared.service.system();
    let on: Vec<_> = shown["flows"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let flow = |flow: afresh_core::Name| {
        let is_on = on.contains(&flow.as_str());
        let knob = json!({ "migrate": { "flow": flow, "on": !is_on, "keys": [name] } });
        Flow { name: named(flow.as_str()), is_on, knob: knob.to_string() }
    };
    let place = |before: usize| link("key", &[("name", &name), ("before", &before.to_string())]);
    let last = after + told.steps.len();
    let page = Page {
        frame: console.frame(&format!("Key {}", named(&name)), Some(asked.visitor)),
        name: named(&name),
        quarantined: text(&shown["quarantined"]),
        panicked: text(&shown["panicked"]),
        view: shown.get("view").map(|view| Shown::new(view, whole)),
        flows: system.flows().into_iter().map(flow).collect(),
        slots: shown["slots"].as_array().into_iter().flatten().map(|shown| slot(&name, shown, whole)).collect(),
        trigger: json!({ "trigger": { "keys": [name] } }).to_string(),
        scrub: json!({ "scrub": { "keys": [name] } }).to_string(),
        compared: compared.map(|compared| compare(&compared)),
        extent: match total {
            0 => "no messages".to_owned(),
            _ if told.steps.is_empty() => counted(total, "message", "messages"),
            _ => format!("{}–{last} of {}", after + 1, counted(total, "message", "messages")),
        },
        fold_panicked: told.panicked.as_deref().unwrap_or_default().into(),
        newer: (last < total).then(|| place(last + PAGE + 1)),
        older: (after > 0).then(|| place(after + 1)),
        whole: link(
            "key",
            &[("name", &name), ("before", &before.map(|n| n.to_string()).unwrap_or_default()), ("whole", "true")],
        ),
        history: steps(system, told, after, whole),
        key: json!(name).to_string(),
    };
    render(StatusCode::OK, &page)
}

/// The last messages of a key before the message number `before`, counted from 1, with the number of those before
/// them and of all.
fn history<S: Subject>(engine: &Engine<S>, key: &Key, before: Option<usize>) -> (Told<S>, usize, usize) {
    let mut total = 0;
    // If the code panics, only the messages before that can be told.
    let _ = guard(&mut || {
        total = 0;
        engine.history(key, |_, _, _| {
            total += 1;
            true
        });
    });
    let end = before.map_or(total, |before| before.saturating_sub(1).min(total));
    let after = end.saturating_sub(PAGE);
    (keys::tell(engine, key, after, end - after), after, total)
}

/// The messages of a history, the newest first.
fn steps<S: Subject>(system: &S, told: Told<S>, after: usize, whole: bool) -> Vec<Step> {
    let steps = told.steps.into_iter().enumerate().rev();
    let step = |(place, step): (usize, keys::Step<S>)| Step {
        place: after + place + 1,
        event: step.event.as_ref().map(|event| Named::event(event.number.get().into())),
        at: step.event.as_ref().and_then(|event| event.at).map(super::event::readable).unwrap_or_default(),
        id: named(&step.id),
        from: named(&step.from),
        body: Shown::text(&step.body.to_string(), whole),
        diff: Diff::new(Some(&step.before).filter(|before| !before.is_null()), Some(&step.after), whole),
        sent: Row::all(system, &step.sent),
    };
    steps.map(step).collect()
}

fn slot(key: &str, shown: &Value, whole: bool) -> SlotRow {
    let text = |name: &str| shown[name].as_str().unwrap_or_default();
    let knob = json!({ "reflow_out": { "outputs": [{ "key": key, "slot": text("slot") }] } });
    SlotRow {
        name: named(text("slot")),
        to: named(text("to")),
        revision: shown["revision"].as_u64().unwrap_or_default(),
        is_settled: shown["settled"] == true,
        is_withdrawn: shown["withdrawn"] == true,
        body: Shown::text(&shown.get("body").map(Value::to_string).unwrap_or_default(), whole),
        link: link("find", &[("id", text("id"))]),
        knob: knob.to_string(),
    }
}

fn compare(compared: &Value) -> Compared {
    let differ = compared["differ"].as_array().into_iter().flatten().filter_map(Value::as_str);
    Compared {
        is_equal: compared["equal"] == true,
        differ: differ.map(Into::into).collect(),
        panicked: compared["panicked"].as_str().unwrap_or_default().into(),
        diff: Diff::new(compared.get("carried"), compared.get("recomputed"), true),
    }
}
