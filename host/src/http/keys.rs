//! Keys: their views, their histories, and their recomputation.

use std::collections::BinaryHeap;

use afresh_check::Subject;
use afresh_check::guard::guard;
use afresh_core::{Engine, EventNumber, EventOf, Key, Observation, Parts, System, What};
use afresh_trace::format::output_id;
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Shared;
use super::failure::Failure;
use super::input::{KeyName, limit, query};
use super::scan;

/// The effects of one message that are looked at.
const EFFECTS_MAX: usize = 4096;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedKeys {
    after: Option<String>,
    limit: Option<usize>,
    quarantined: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedHistory {
    after: Option<usize>,
    limit: Option<usize>,
}

pub(super) async fn keys<S: Subject + 'static>(
    State(shared): State<Shared<S>>,
    uri: Uri,
) -> Result<Json<Value>, Failure> {
    let AskedKeys { after, limit: most, quarantined } = query(&uri)?;
    let (after, most) = (after.map(Key::from), limit(most)?);
    let found = shared.service.read(move |engine| {
        let wanted = |key: &Key| quarantined.is_none_or(|wanted| engine.quarantined(key).is_some() == wanted);
        first_keys(engine, after.as_ref(), wanted, most + 1)
    });
    let found = found.await?;
    let next = found.get(most).map(|_| found[most - 1].0.clone());
    let found = found.into_iter().take(most).map(|(key, why)| match why {
        Some(why) => json!({ "key": key, "quarantined": why }),
        None => json!({ "key": key }),
    });
    let mut answer = json!({ "keys": found.collect::<Vec<_>>() });
    if let Some(next) = next {
        answer["next"] = json!(next);
    }
    Ok(Json(answer))
}

/// The first wanted keys after a key, in order, each with the reason for its quarantine.
pub(super) fn first_keys<S: Subject>(
    engine: &Engine<S>,
    after: Option<&Key>,
    wanted: impl Fn(&Key) -> bool,
    most: usize,
) -> Vec<(Key, Option<String>)> {
    // A heap of the lowest keys: a list of all keys would be long, and would have to be sorted.
    let mut lowest = BinaryHeap::new();
    let after = |key: &Key| after.is_none_or(|after| key > after);
    for key in engine.known_keys().filter(|key| after(key)) {
        if lowest.len() == most && lowest.peek().is_some_and(|highest| *highest <= key) {
            continue;
        }
        if wanted(key) {
            lowest.push(key);
            if lowest.len() > most {
                lowest.pop();
            }
        }
    }
    let keys = lowest.into_sorted_vec().into_iter();
    keys.map(|key| (key.clone(), engine.quarantined(key).map(str::to_owned))).collect()
}

/// The answer about a key that is not known.
fn unknown(key: &Key) -> Failure {
    let key = afresh_trace::text::name(key.as_str());
    Failure::new(StatusCode::NOT_FOUND, format!("there is no key `{key}`: GET /keys lists the keys"))
}

/// Returns true if a key is known.
fn is_known<S: Subject>(engine: &Engine<S>, key: &Key) -> bool {
    engine.quarantined(key).is_some() || engine.state(key).is_some() || engine.slots(key).next().is_some()
}

/// Reads something of a key that is known.
pub(super) async fn read<S: Subject + 'static, R: Send + 'static>(
    shared: &Shared<S>,
    key: Key,
    read: impl FnOnce(&Engine<S>, &Key) -> R + Send + 'static,
) -> Result<R, Failure> {
    let name = key.clone();
    let found = shared.service.read(move |engine| is_known(engine, &key).then(|| read(engine, &key))).await?;
    found.ok_or_else(|| unknown(&name))
}

pub(super) async fn key<S: Subject + 'static>(
    State(shared): State<Shared<S>>,
    KeyName(key): KeyName,
) -> Result<Json<Value>, Failure> {
    Ok(Json(read(&shared, key, show).await?))
}

pub(super) fn show<S: Subject>(engine: &Engine<S>, key: &Key) -> Value {
    let slots = engine.slots(key).map(|(slot, sent)| {
        let mut shown = json!({
            "slot": slot,
            "id": output_id(key, slot),
            "to": sent.to,
            "revision": sent.revision,
            "settled": engine.is_settled(key, slot),
        });
        match &sent.body {
            Some(body) => shown["body"] = value(body),
            None => shown["withdrawn"] = true.into(),
        }
        shown
    });
    let mut shown = json!({
        "key": key,
        "flows": engine.flows().of(key).names(),
        "slots": slots.collect::<Vec<_>>(),
    });
    if let Some(why) = engine.quarantined(key) {
        shown["quarantined"] = why.into();
        return shown;
    }
    match seen(|| engine.view(key)) {
        Ok(view) => shown["view"] = view,
        Err(panic) => shown["panicked"] = panic.into(),
    }
    shown
}

/// A value as JSON, or a text that says why it has none.
fn value(value: &impl Serialize) -> Value {
    afresh_check::value(value)
}

/// Computes a view. The system may panic; then the error is the message of the panic.
fn seen<V: Serialize>(view: impl Fn() -> Option<V>) -> Result<Value, String> {
    let mut seen = Value::Null;
    guard(&mut || seen = view().as_ref().map_or(Value::Null, value))?;
    Ok(seen)
}

pub(super) async fn history<S: Subject + 'static>(
    State(shared): State<Shared<S>>,
    KeyName(key): KeyName,
    uri: Uri,
) -> Result<Json<Value>, Failure> {
    let AskedHistory { after, limit: most } = query(&uri)?;
    let (after, most) = (after.unwrap_or(0), limit(most)?);
    let told = read(&shared, key, move |engine, key| tell(engine, key, after, most)).await?;
    let mut messages = Vec::with_capacity(told.steps.len());
    for step in &told.steps {
        messages.push(step.json()?);
    }
    let mut answer = json!({ "messages": messages });
    if told.has_more {
        answer["next"] = json!(after + told.steps.len());
    }
    if let Some(panic) = told.panicked {
        answer["panicked"] = panic.into();
    }
    Ok(Json(answer))
}

/// A part of the history of a key.
pub(super) struct Told<S: Subject> {
    pub(super) steps: Vec<Step<S>>,
    has_more: bool,
    /// The message of the panic that ended the fold.
    pub(super) panicked: Option<String>,
}

/// A message of a history, and what it did.
pub(super) struct Step<S: Subject> {
    /// The event with which it arrived; `None` if another key sent it.
    pub(super) event: Option<EventOf<S>>,
    pub(super) from: String,
    pub(super) id: String,
    pub(super) body: Value,
    pub(super) before: Value,
    pub(super) after: Value,
    /// The outputs of this key that were sent when it arrived.
    pub(super) sent: Vec<EventOf<S>>,
}

impl<S: Subject> Step<S> {
    fn json(&self) -> Result<Value, Failure> {
        let mut step = json!({ "from": self.from, "id": self.id, "body": self.body });
        step["before"] = self.before.clone();
        step["after"] = self.after.clone();
        if let Some(event) = &self.event {
            step["event"] = event.number.get().into();
        }
        let sent = scan::json::<S>(&self.sent)?;
        let sent = sent.iter().map(|event| serde_json::from_str(event.get()).map_err(scan::internal));
        step["sent"] = Value::Array(sent.collect::<Result<_, _>>()?);
        Ok(step)
    }
}

/// Folds a key from its first message, and notes the messages `after..after + most`.
pub(super) fn tell<S: Subject>(engine: &Engine<S>, key: &Key, after: usize, most: usize) -> Told<S> {
    let mut told = Told { steps: Vec::new(), has_more: false, panicked: None };
    let done = guard(&mut || {
        told.steps.clear();
        let (mut place, mut before) = (0, Value::Null);
        engine.history(key, |event, input, state| {
            place += 1;
            if place < after {
                return true;
            }
            let view = state.map_or(Value::Null, |state| value(&engine.system().view(key, state)));
            let before = std::mem::replace(&mut before, view.clone());
            if place == after {
                return true;
            }
            told.has_more = told.steps.len() == most;
            if told.has_more {
                return false;
            }
            told.steps.push(Step {
                event: event.and_then(|event| engine.journal().get(event)).cloned(),
                from: input.from.as_str().to_owned(),
                id: input.id.as_str().to_owned(),
                body: value(input.body),
                before,
                after: view,
                sent: event.map(|event| sent(engine, key, event)).unwrap_or_default(),
            });
            true
        });
    });
    told.panicked = done.err();
    told
}

/// The outputs of a key that were sent when an event happened.
fn sent<S: Subject>(engine: &Engine<S>, key: &Key, event: EventNumber) -> Vec<EventOf<S>> {
    let effects = engine.journal().since(event.get() as usize).take(EFFECTS_MAX);
    let effects = effects.take_while(|event| matches!(event.what, What::Observation(_)));
    let sent = effects.filter(|event| match &event.what {
        What::Observation(Observation::Out(sent)) => sent.key == *key,
        _ => false,
    });
    sent.cloned().collect()
}

pub(super) async fn recompute<S: Subject + 'static>(
    State(shared): State<Shared<S>>,
    KeyName(key): KeyName,
) -> Result<Json<Value>, Failure> {
    Ok(Json(read(&shared, key, compare).await?))
}

/// Recomputes a key, and compares it with what is carried.
pub(super) fn compare<S: Subject>(engine: &Engine<S>, key: &Key) -> Value {
    let system = engine.system();
    let mut recomputed = None;
    if let Err(panic) = guard(&mut || recomputed = engine.recompute(key)) {
        return json!({ "key": key, "equal": false, "panicked": panic });
    }
    let view = |state: Option<&S::State>| seen(|| state.map(|state| system.view(key, state)));
    let now = view(recomputed.as_ref());
    if let Some(why) = engine.quarantined(key) {
        return shown(json!({ "key": key, "equal": false, "quarantined": why }), &[("recomputed", now)]);
    }
    let carried = engine.state(key);
    if carried == recomputed.as_ref() {
        return shown(json!({ "key": key, "equal": true }), &[("view", now)]);
    }
    let differ = differ(system, key, carried, recomputed.as_ref());
    let answer = json!({ "key": key, "equal": false, "differ": differ });
    shown(answer, &[("carried", view(carried)), ("recomputed", now)])
}

/// Adds views to an answer.
fn shown(mut answer: Value, views: &[(&str, Result<Value, String>)]) -> Value {
    for (name, view) in views {
        match view {
            Ok(view) => answer[*name] = view.clone(),
            Err(panic) => answer["panicked"] = panic.as_str().into(),
        }
    }
    answer
}

/// The parts of the view in which two states differ, or `state` if their views are equal.
fn differ<S: System>(system: &S, key: &Key, one: Option<&S::State>, other: Option<&S::State>) -> Vec<String> {
    let mut parts = Vec::new();
    if let (Some(one), Some(other)) = (one, other) {
        // If this panics, the answer says so where it shows the views.
        let _ = guard(&mut || {
            let compared = Parts::of(&system.view(key, one), &system.view(key, other));
            parts = compared.diverged().map(str::to_owned).collect();
        });
    }
    if parts.is_empty() { vec!["state".to_owned()] } else { parts }
}
