//! The OpenAPI document of the routes.

use axum::Json;
use serde_json::{Map, Value, json};

use super::access::Role;
use super::routes::{ROUTES, Route};

pub(super) async fn answer() -> Json<Value> {
    Json(document())
}

/// The OpenAPI 3.1 document of all [`ROUTES`].
pub fn document() -> Value {
    let mut paths = Map::new();
    for route in ROUTES {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.to_lowercase()] = operation(route);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Afresh",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Messages, keys and knobs of a service of Afresh. Every error is {\"error\": \"…\"}, and a \
                            message that is durable and does not count has an answer that says why.",
        },
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "schemas": schemas(),
        },
    })
}

/// The body of the route that takes messages.
const OFFER: &str = "Offer";

fn operation(route: &Route) -> Value {
    let mut operation = json!({ "summary": route.summary, "parameters": parameters(route) });
    if let Some(schema) = route.body {
        let content = json!({ "schema": { "$ref": format!("#/components/schemas/{schema}") } });
        let mut types = json!({ "application/json": content });
        if schema == OFFER {
            types["application/x-ndjson"] = json!({ "schema": { "$ref": "#/components/schemas/Message" } });
        }
        operation["requestBody"] = json!({ "required": true, "content": types });
    }
    let mut responses = Map::new();
    let refused: &[u16] = if route.role.is_some() { &[400, 401, 403] } else { &[] };
    for status in route.answers.iter().chain(refused) {
        responses.insert(status.to_string(), response(route, *status));
    }
    operation["responses"] = responses.into();
    if let Some(role) = route.role {
        operation["security"] = json!([{ "token": [] }]);
        operation["description"] = format!("Needs a token with the role `{}`.", needed(role)).into();
    }
    operation
}

fn needed(role: Role) -> String {
    match role {
        Role::Operate => role.to_string(),
        _ => format!("{role}` or `{}", Role::Operate),
    }
}

fn parameters(route: &Route) -> Value {
    let named = route
        .path
        .contains("{key}")
        .then(|| json!({ "name": "key", "in": "path", "required": true, "schema": { "type": "string" } }));
    let query = route.parameters.iter().map(
        |(name, what)| json!({ "name": name, "in": "query", "description": what, "schema": { "type": "string" } }),
    );
    named.into_iter().chain(query).collect()
}

fn the_answer() -> Value {
    json!({ "$ref": "#/components/schemas/Answer" })
}

fn response(route: &Route, status: u16) -> Value {
    let error = || json!({ "application/json": { "schema": { "$ref": "#/components/schemas/Error" } } });
    let content = match (route.body, status) {
        // A message that is durable and does not count has an answer too, and it says more than an error.
        (Some(OFFER), 200) => json!({
            "application/json": { "schema": { "anyOf": [the_answer(), { "type": "array", "items": the_answer() }] } },
            "application/x-ndjson": { "schema": the_answer() },
        }),
        (Some(OFFER), 409 | 422) => json!({ "application/json": { "schema": the_answer() } }),
        (_, 200) => json!({ route.answer: {} }),
        _ => error(),
    };
    json!({ "description": meaning(status), "content": content })
}

/// The meaning of a status code, the same for all routes.
fn meaning(status: u16) -> &'static str {
    match status {
        200 => "Done.",
        400 => "The request is not what was expected; the error says what is.",
        401 => "No token, or an unknown one.",
        403 => "The token has not the role that this needs, or the request comes from another site.",
        404 => "There is no such thing.",
        408 => "No part of the body came for too long.",
        409 => "A conflict: with a message that is there, or with what has happened since a plan was made.",
        413 => "The body is too long.",
        422 => "Understood and not accepted: the system rejected the message, or a knob names what is not there.",
        429 => "Too much waits already. Nothing was journaled; try again.",
        _ => "The storage failed, or the service stops. Try again, with the same ids.",
    }
}

fn schemas() -> Value {
    let text = || json!({ "type": "string" });
    let message = json!({
        "type": "object",
        "required": ["id", "from"],
        "properties": {
            "id": text(),
            "from": text(),
            "revision": { "type": "integer", "minimum": 1, "default": 1 },
            "body": { "description": "The body, in the form that the system defines." },
            "withdrawn": { "const": true, "description": "In place of a body: this revision withdraws the message." },
        },
    });
    let this = json!({ "$ref": "#/components/schemas/Message" });
    let names = json!({ "type": "array", "items": text() });
    let keys = json!({ "type": "object", "properties": { "keys": names, "why": text() } });
    let number = || json!({ "type": "integer", "minimum": 1 });
    // What has a name of two parts can be written as text or as an object.
    let either = |parts: [&str; 2]| {
        let [one, other] = parts;
        let object = json!({
            "type": "object",
            "required": parts,
            "properties": { one: text(), other: text() },
        });
        json!({ "type": "array", "items": { "anyOf": [text(), object] } })
    };
    json!({
        "Message": message,
        "Offer": { "anyOf": [this, { "type": "array", "items": this }] },
        "Knob": {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "properties": {
                "trigger": keys,
                "scrub": keys,
                "migrate": {
                    "type": "object",
                    "required": ["flow", "on"],
                    "properties": { "flow": text(), "on": { "type": "boolean" }, "keys": names, "why": text() },
                },
                "reflow_in": {
                    "type": "object",
                    "required": ["messages"],
                    "properties": { "messages": either(["from", "id"]), "why": text() },
                },
                "reflow_out": {
                    "type": "object",
                    "required": ["outputs"],
                    "properties": { "outputs": either(["key", "slot"]), "why": text() },
                },
                "reflow": {
                    "type": "object",
                    "required": ["all"],
                    "properties": {
                        "all": { "enum": ["rejected", "quarantined", "unsettled"] },
                        "from": text(),
                        "to": text(),
                        "keys": names,
                        "since": text(),
                        "until": text(),
                        "why": text(),
                    },
                },
            },
        },
        "Answer": {
            "type": "object",
            "properties": {
                "status": { "type": "integer", "description": "In a batch: the status that the message would have alone." },
                "event": number(),
                "receipt": { "enum": ["counts", "duplicate", "stale", "conflict", "rejected"] },
                "with": number(),
                "why": text(),
                "error": text(),
            },
        },
        "Confirm": { "type": "object", "required": ["token"], "properties": { "token": text() } },
        "Error": { "type": "object", "required": ["error"], "properties": { "error": text() } },
    })
}
