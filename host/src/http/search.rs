//! Searching the journal for messages and other events.

use afresh_check::Subject;
use afresh_core::At;
use afresh_trace::format::Kind;
use afresh_trace::row::Row;
use afresh_trace::unknown::{Thing, UnknownName};
use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Shared;
use super::failure::Failure;
use super::input::{limit, query};
use super::scan::{Filter, Order, find, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    id: Option<String>,
    from: Option<String>,
    to: Option<String>,
    key: Option<String>,
    kind: Option<String>,
    since: Option<String>,
    until: Option<String>,
    order: Option<String>,
    after: Option<u32>,
    limit: Option<usize>,
}

/// A page of events, each as the line of a trace.
#[derive(Serialize)]
pub(super) struct Page {
    pub(super) events: Vec<Box<RawValue>>,
    /// The event after which the next page goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<u32>,
}

pub(super) async fn search<S: Subject + 'static>(
    State(shared): State<Shared<S>>,
    uri: Uri,
) -> Result<Json<Page>, Failure> {
    let asked: Asked = query(&uri)?;
    let order = match asked.order.as_deref() {
        None | Some("newest") => Order::Newest,
        Some("oldest") => Order::Oldest,
        Some(other) => return Err(Failure::wrong(format!("order={other}: expected `newest` or `oldest`"))),
    };
    let filter = Filter {
        id: asked.id,
        from: asked.from,
        to: asked.to,
        key: asked.key.map(Into::into),
        kinds: kinds(asked.kind.as_deref().unwrap_or_default())?,
        since: time("since", asked.since.as_deref())?,
        until: time("until", asked.until.as_deref())?,
    };
    let found = find(&shared.service, &filter, order, asked.after, limit(asked.limit)?).await?;
    Ok(Json(Page { events: json::<S>(&found.events)?, next: found.next }))
}

/// Reads kinds of event, separated by commas.
pub(super) fn kinds(text: &str) -> Result<Vec<Kind>, Failure> {
    let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
    let kind = |name| {
        let unknown = || UnknownName::new(Thing::Kind, name, Kind::ALL.map(Kind::name));
        Kind::named(name).ok_or_else(|| Failure::wrong(unknown()))
    };
    names.map(kind).collect()
}

/// Reads a time of a query.
pub(super) fn time(name: &str, text: Option<&str>) -> Result<Option<At>, Failure> {
    let read = text.map(|text| Row::parse_asked(text).map_err(|why| Failure::wrong(format!("{name}={text}: {why}"))));
    read.transpose()
}
