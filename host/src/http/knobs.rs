//! Knobs: planned, and then confirmed.

use std::collections::BTreeSet;

use afresh_check::Subject;
use afresh_check::turn::{Asked, Selection, Waiting};
use afresh_core::{FactId, Key, Knob, Name};
use afresh_trace::format::split_output_id;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::access::{Caller, address};
use super::failure::Failure;
use super::input::{check, not_json, whole};
use super::search::time;
use super::{Shared, scan};

/// The form of a knob, as errors show it.
const FORM: &str = r#"expected a knob such as {"trigger":{"keys":["a-1"],"why":"…"}}"#;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Confirm {
    token: Name,
}

/// The reflow of everything that waits for an operator: a knob that is not one of the core.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reflow {
    all: All,
    from: Option<Name>,
    to: Option<Name>,
    #[serde(default)]
    keys: BTreeSet<Key>,
    since: Option<String>,
    until: Option<String>,
    #[serde(default)]
    why: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum All {
    Rejected,
    Quarantined,
    Unsettled,
}

pub(super) async fn plan<S: Subject + 'static>(
    State(shared): State<Shared<S>>,
    request: Request,
) -> Result<Json<Value>, Failure> {
    let (parts, body) = request.into_parts();
    let by = caller(&parts)?;
    let asked = asked(&whole(body, &shared.limits).await?, &by)?;
    let planned = shared.service.plan(asked).await?;
    Ok(Json(json!({ "token": planned.token, "knob": planned.knob, "plan": planned.plan })))
}

pub(super) async fn confirm<S: Subject + 'static>(
    State(shared): State<Shared<S>>,
    request: Request,
) -> Result<Json<Value>, Failure> {
    let (parts, body) = request.into_parts();
    let by = caller(&parts)?;
    let Confirm { token } =
        serde_json::from_str(&whole(body, &shared.limits).await?).map_err(|error| not_json(&error))?;
    let turned = shared.service.confirm(token, Some(by)).await?;
    let effects = scan::json::<S>(&turned.effects)?;
    Ok(Json(json!({ "event": turned.event, "effects": effects })))
}

/// The name under which the journal records who sent a request.
fn caller(parts: &Parts) -> Result<Name, Failure> {
    let caller: &Caller = parts.extensions.get().ok_or_else(|| scan::internal("no caller"))?;
    Ok(caller.by(address(parts)))
}

/// Reads a knob, as a trace holds it but without `by`, and with names as people write them.
pub(super) fn asked(text: &str, by: &Name) -> Result<Asked, Failure> {
    check(text)?;
    let wrong = |why: &dyn std::fmt::Display| Failure::wrong(format!("{why}; {FORM}"));
    let knob: Map<String, Value> = serde_json::from_str(text).map_err(|error| wrong(&error))?;
    let mut knobs = knob.into_iter();
    let (Some((name, Value::Object(mut fields))), None) = (knobs.next(), knobs.next()) else {
        return Err(wrong(&"a knob is an object with one field, whose value is an object"));
    };
    if fields.contains_key("by") {
        return Err(wrong(&"unknown field `by`: it is the name of the token, and the address"));
    }
    match name.as_str() {
        "reflow_in" => {
            if let Some(messages) = names(&mut fields) {
                let why = fields.remove("why").map_or(Ok(String::new()), serde_json::from_value);
                let why = why.map_err(|error| wrong(&error))?;
                return match fields.keys().next() {
                    Some(other) => Err(wrong(&format!("unknown field `{other}`"))),
                    None => Ok(Asked::Reflow { messages, by: by.clone(), why }),
                };
            }
        }
        "reflow" => {
            let reflow = serde_json::from_value(Value::Object(fields)).map_err(|error| wrong(&error))?;
            return waiting(reflow, by);
        }
        "reflow_out" => {
            for output in fields.get_mut("outputs").and_then(Value::as_array_mut).into_iter().flatten() {
                if let Value::String(id) = output {
                    let (key, slot) = split_output_id(id);
                    *output = json!({ "key": key, "slot": slot });
                }
            }
        }
        _ => {}
    }
    fields.insert("by".to_owned(), json!(by));
    let knob: Knob = serde_json::from_value(json!({ name: fields })).map_err(|error| wrong(&error))?;
    Ok(Asked::Knob(knob))
}

/// The knob for everything that waits.
fn waiting(reflow: Reflow, by: &Name) -> Result<Asked, Failure> {
    let Reflow { all, from, to, keys, since, until, why } = reflow;
    let waiting = match all {
        All::Rejected => Waiting::Rejected,
        All::Quarantined => Waiting::Quarantined,
        All::Unsettled => Waiting::Unsettled,
    };
    let (since, until) = (time("since", since.as_deref())?, time("until", until.as_deref())?);
    let selection = Selection { waiting, from, to, keys, since, until };
    Ok(Asked::Waiting { selection, by: by.clone(), why })
}

/// The messages of a reflow as `id` or `id@sender`, if one of them is written so. Otherwise, all are complete.
fn names(fields: &mut Map<String, Value>) -> Option<Vec<String>> {
    let messages = fields.get("messages")?.as_array()?;
    if !messages.iter().any(Value::is_string) {
        return None;
    }
    let name = |message: &Value| match message {
        Value::String(name) => Some(name.clone()),
        other => {
            let FactId { from, id } = serde_json::from_value(other.clone()).ok()?;
            Some(format!("{}@{}", id.as_str(), from.as_str()))
        }
    };
    let names: Vec<_> = messages.iter().map(name).collect::<Option<_>>()?;
    fields.remove("messages");
    Some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> String {
        match super::asked(text, &"anna".into()) {
            Ok(Asked::Knob(knob)) => serde_json::to_string(&knob).unwrap(),
            Ok(Asked::Reflow { messages, by, why }) => format!("{messages:?} {by} {why}"),
            Ok(Asked::Waiting { selection, .. }) => format!("{selection:?}"),
            Err(failure) => failure.fields["error"].as_str().unwrap().to_owned(),
        }
    }

    #[test]
    fn every_knob_is_read() {
        for (text, knob) in [
            (r#"{"trigger":{"keys":["a"],"why":"x"}}"#, r#"{"trigger":{"keys":["a"],"by":"anna","why":"x"}}"#),
            (r#"{"scrub":{}}"#, r#"{"scrub":{"by":"anna"}}"#),
            (r#"{"migrate":{"flow":"f","on":true}}"#, r#"{"migrate":{"flow":"f","on":true,"by":"anna"}}"#),
            (
                r#"{"reflow_out":{"outputs":["a~1b/s",{"key":"c","slot":"t"}]}}"#,
                r#"{"reflow_out":{"outputs":[{"key":"a/b","slot":"s"},{"key":"c","slot":"t"}],"by":"anna"}}"#,
            ),
            (
                r#"{"reflow_in":{"messages":[{"from":"b","id":"m"}]}}"#,
                r#"{"reflow_in":{"messages":[{"from":"b","id":"m"}],"by":"anna"}}"#,
            ),
            (r#"{"reflow_in":{"messages":["m",{"from":"b","id":"n"}],"why":"y"}}"#, r#"["m", "n@b"] anna y"#),
        ] {
            assert_eq!(asked(text), knob);
        }
    }

    #[test]
    fn what_is_no_knob_is_refused() {
        for (text, error) in [
            ("{\n\"trigger\" 1}", "line 2, column 11: is not JSON: expected `:`"),
            ("[]", "invalid type: sequence, expected a map"),
            ("{}", "a knob is an object with one field"),
            (r#"{"scrub":{},"trigger":{}}"#, "a knob is an object with one field"),
            (r#"{"trigger":{"by":"eve"}}"#, "unknown field `by`: it is the name of the token"),
            (r#"{"triger":{}}"#, "unknown variant `triger`, expected one of"),
            (r#"{"trigger":{"kyes":[]}}"#, "unknown field `kyes`"),
            (r#"{"reflow_in":{"messages":["m"],"wy":""}}"#, "unknown field `wy`"),
            (r#"{"reflow_in":{"messages":["m"],"why":1}}"#, "invalid type: integer `1`, expected a string"),
            (r#"{"reflow_in":{"messages":["m",1]}}"#, "invalid type: string \"m\", expected"),
        ] {
            let found = asked(text);
            assert!(found.starts_with(error) && (found.contains(FORM) || text.contains('\n')), "{found}");
        }
    }
}
