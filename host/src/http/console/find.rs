//! Finding keys, messages and other events.

use std::collections::BTreeMap;

use afresh_check::Subject;
use afresh_core::Key;
use afresh_trace::format::Kind;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::event::Row;
use super::page::{Frame, Named, Visible, link, render};
use super::{Asked, Console};
use crate::http::failure::Failure;
use crate::http::keys::first_keys;
use crate::http::scan::{self, Filter, Found, Order};
use crate::http::search::{kinds, time};

/// The keys and the events of one page.
const PAGE: usize = 50;

/// The conditions of a search for events, each a field of the form.
const CONDITIONS: [&str; 7] = ["id", "from", "to", "key", "kind", "since", "until"];

#[derive(Template)]
#[template(path = "console/find.html")]
struct Page {
    frame: Frame,
    /// The search for keys and messages, as it was entered.
    q: String,
    /// The conditions, as they were entered.
    given: BTreeMap<&'static str, String>,
    kinds: Vec<&'static str>,
    error: Visible,
    /// The keys that were found, and whether each is quarantined; nothing if no keys were asked for.
    keys: Option<Vec<(Named, bool)>>,
    more_keys: Option<String>,
    events: Option<Vec<Row>>,
    more_events: Option<String>,
}

impl Page {
    /// A condition, as it was entered.
    fn given(&self, name: &str) -> &str {
        self.given.get(name).map_or("", String::as_str)
    }

    fn is_kind(&self, kind: &str) -> bool {
        self.given("kind") == kind
    }

    /// Several kinds, which only a link asks for.
    fn several(&self) -> Option<&str> {
        Some(self.given("kind")).filter(|kind| kind.contains(','))
    }
}

pub(super) async fn show<S: Subject + 'static>(console: &Console<S>, asked: &Asked<'_>) -> Result<Response, Failure> {
    let q = asked.get("q").unwrap_or_default().to_owned();
    let given: BTreeMap<_, _> =
        CONDITIONS.into_iter().map(|name| (name, asked.get(name).unwrap_or_default().to_owned())).collect();
    let mut page = Page {
        frame: console.frame("Find", Some(asked.visitor)),
        q,
        given,
        kinds: Kind::ALL.map(Kind::name).to_vec(),
        error: Visible::default(),
        keys: None,
        more_keys: None,
        events: None,
        more_events: None,
    };
    match search(console, asked, &mut page).await {
        Ok(()) => render(StatusCode::OK, &page),
        Err(failure) if failure.status == StatusCode::BAD_REQUEST => {
            page.error = failure.fields["error"].as_str().unwrap_or_default().into();
            render(StatusCode::BAD_REQUEST, &page)
        }
        Err(failure) => Err(failure),
    }
}

async fn search<S: Subject + 'static>(console: &Console<S>, asked: &Asked<'_>, page: &mut Page) -> Result<(), Failure> {
    let service = &console.shared.service;
    // A link leaves out what is empty.
    let has = |name| asked.fields.contains_key(name);
    if (has("q") || has("after_key")) && !has("after") {
        let (prefix, after) = (page.q.clone(), asked.get("after_key").map(Key::from));
        let found = service
            .read(move |engine| first_keys(engine, after.as_ref(), |key| key.as_str().starts_with(&prefix), PAGE + 1))
            .await?;
        page.more_keys =
            found.get(PAGE).map(|_| link("find", &[("q", &page.q), ("after_key", found[PAGE - 1].0.as_str())]));
        let keys = found.iter().take(PAGE);
        page.keys = Some(keys.map(|(key, why)| (Named::key(key.as_str()), why.is_some())).collect());
    }
    let text = |name: &str| Some(page.given(name).to_owned()).filter(|text| !text.is_empty());
    // What people search for may be the id of a message too, with its sender or without.
    let (id, from) = match page.q.rsplit_once('@') {
        Some((id, from)) if !id.is_empty() => (Some(id.to_owned()), Some(from.to_owned())),
        _ => (Some(page.q.clone()).filter(|id| !id.is_empty()), None),
    };
    let by_name = id.is_some();
    let is_split = from.is_some();
    let mut filter = Filter {
        id: text("id").or(id),
        from: text("from").or(from),
        to: text("to"),
        key: text("key").map(Into::into),
        kinds: kinds(page.given("kind"))?,
        since: time("since", text("since").as_deref())?,
        until: time("until", text("until").as_deref())?,
    };
    let is_asked = CONDITIONS.into_iter().chain(["after"]).any(has);
    if !is_asked && !by_name {
        return Ok(());
    }
    let after = asked.number("after")?;
    let mut found = scan::find(service, &filter, Order::Newest, after, PAGE).await?;
    if is_split && found.events.is_empty() && found.next.is_none() {
        // An id may have an `@` itself.
        (filter.id, filter.from) = (text("id").or_else(|| Some(page.q.clone())), text("from"));
        found = scan::find(service, &filter, Order::Newest, after, PAGE).await?;
    }
    let Found { events, next } = found;
    let next = next.map(|next| next.to_string());
    page.more_events = next.map(|next| {
        let given = CONDITIONS.iter().map(|name| (*name, page.given(name)));
        let query: Vec<_> = given.chain([("q", page.q.as_str()), ("after", next.as_str())]).collect();
        link("find", &query)
    });
    page.events = Some(Row::all(service.system(), &events));
    Ok(())
}
