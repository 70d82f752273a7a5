//! The table of the routes. The router, the roles and the OpenAPI document are made from it.

use axum::routing::MethodFilter;

use super::access::Role;

/// A route that a service offers.
#[derive(Clone, Debug)]
pub struct Route {
    /// The method, such as `GET`.
    pub method: &'static str,
    /// The path, with the names of its parts in braces.
    pub path: &'static str,
    /// The role that a caller needs; `None` if everybody may call it.
    pub role: Option<Role>,
    /// What it does, in one sentence.
    pub summary: &'static str,
    /// The parameters of its query.
    pub parameters: &'static [Parameter],
    /// The type of the body that it takes, by the name of a schema of the OpenAPI document.
    pub body: Option<&'static str>,
    /// The type of the answer if all is well, as a media type.
    pub answer: &'static str,
    /// The status codes that it answers with, beside 400, 401 and 403.
    pub answers: &'static [u16],
    pub(super) does: Does,
}

/// A parameter of a query: its name, and what it means.
pub type Parameter = (&'static str, &'static str);

/// What a route does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Does {
    Offer,
    Search,
    Keys,
    Key,
    History,
    Recompute,
    Events,
    Live,
    Export,
    Plan,
    Confirm,
    Status,
    Health,
    Ready,
    Metrics,
    OpenApi,
}

impl Route {
    /// The method, as the router takes it.
    pub(super) fn filter(&self) -> MethodFilter {
        if self.method == "POST" { MethodFilter::POST } else { MethodFilter::GET }
    }
}

const JSON: &str = "application/json";
const LINES: &str = "application/x-ndjson";

const AFTER_EVENT: Parameter = ("after", "Only events after the one with this number.");
const LIMIT: Parameter = ("limit", "The most entries of the answer: 100 if absent, and at most 1000.");
const SINCE: Parameter = ("since", "Only events at or after this time, as RFC 3339 text in UTC.");
const UNTIL: Parameter = ("until", "Only events at or before this time, as RFC 3339 text in UTC.");
const BEFORE: Parameter = ("until", "Only events before the first stimulus at or after this time.");

/// All routes.
pub const ROUTES: &[Route] = &[
    Route {
        body: Some("Offer"),
        answers: &[200, 408, 409, 413, 422, 429, 503],
        ..route("POST", "/messages", Role::Offer, Does::Offer, "Offers a message, or a batch of them.")
    },
    Route {
        parameters: &[
            ("id", "Only messages with this id, or outputs with this `key/slot`."),
            ("from", "Only messages from this sender."),
            ("to", "Only outputs to this receiver."),
            ("key", "Only events that concern this key."),
            ("kind", "Only events of this kind, such as `in` or `rejected`; several are separated by commas."),
            SINCE,
            UNTIL,
            ("order", "`newest` first, which is the default, or `oldest` first."),
            ("after", "Go on after the event with this number: the field `next` of the answer before."),
            LIMIT,
        ],
        answers: &[200, 503],
        ..route("GET", "/messages", Role::Read, Does::Search, "Finds messages and other events.")
    },
    Route {
        parameters: &[
            ("after", "Only keys after this one: the field `next` of the answer before."),
            ("quarantined", "`true` for only the keys that are quarantined, `false` for only the others."),
            LIMIT,
        ],
        answers: &[200, 503],
        ..route("GET", "/keys", Role::Read, Does::Keys, "Lists the keys.")
    },
    Route {
        answers: &[200, 404, 503],
        ..route("GET", "/keys/{key}", Role::Read, Does::Key, "Shows a key: its view, its slots and its flows.")
    },
    Route {
        parameters: &[("after", "Leave out this many messages: the field `next` of the answer before."), LIMIT],
        answers: &[200, 404, 503],
        ..route(
            "GET",
            "/keys/{key}/history",
            Role::Read,
            Does::History,
            "Shows the messages that count for a key, in canonical order, with the view before and after each of them.",
        )
    },
    Route {
        answers: &[200, 404, 503],
        ..route(
            "POST",
            "/keys/{key}/recompute",
            Role::Read,
            Does::Recompute,
            "Recomputes a key from its first message, and compares the result with its carried state.",
        )
    },
    Route {
        parameters: &[AFTER_EVENT, LIMIT],
        answers: &[200, 503],
        ..route("GET", "/events", Role::Read, Does::Events, "Lists the events of the journal, the oldest first.")
    },
    Route {
        parameters: &[AFTER_EVENT],
        answer: "text/event-stream",
        answers: &[200],
        ..route("GET", "/events/live", Role::Read, Does::Live, "Follows the journal as server-sent events.")
    },
    Route {
        parameters: &[SINCE, BEFORE, ("key", "Only events that concern this key.")],
        answer: LINES,
        answers: &[200, 404, 503],
        ..route("GET", "/export", Role::Read, Does::Export, "Writes the journal as a trace.")
    },
    Route {
        body: Some("Knob"),
        answers: &[200, 408, 413, 422, 429, 503],
        ..route("POST", "/knobs/plan", Role::Operate, Does::Plan, "Plans a knob, and turns nothing.")
    },
    Route {
        body: Some("Confirm"),
        answers: &[200, 404, 408, 409, 413, 429, 503],
        ..route("POST", "/knobs/confirm", Role::Operate, Does::Confirm, "Turns a knob as its plan says.")
    },
    Route {
        answers: &[200, 503],
        ..route("GET", "/status", Role::Read, Does::Status, "Shows what is not settled and what is quarantined.")
    },
    Route {
        role: None,
        answers: &[200],
        ..route("GET", "/health", Role::Read, Does::Health, "Says that the process is up.")
    },
    Route {
        role: None,
        answers: &[200, 503],
        ..route("GET", "/ready", Role::Read, Does::Ready, "Says whether the service takes messages.")
    },
    Route {
        answer: "application/openmetrics-text",
        answers: &[200, 503],
        ..route("GET", "/metrics", Role::Read, Does::Metrics, "Shows the metrics, for Prometheus.")
    },
    Route {
        role: None,
        answers: &[200],
        ..route("GET", "/openapi.json", Role::Read, Does::OpenApi, "Describes these routes, as OpenAPI 3.1.")
    },
];

const fn route(method: &'static str, path: &'static str, role: Role, does: Does, summary: &'static str) -> Route {
    Route { method, path, role: Some(role), summary, parameters: &[], body: None, answer: JSON, answers: &[], does }
}
