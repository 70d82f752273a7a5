//! The events of the journal: a page of them, live, and as a trace.

use std::convert::Infallible;

use afresh_check::Subject;
use afresh_core::{Header, Key};
use afresh_trace::format::{Kind, Writer};
use afresh_trace::part::Part;
use afresh_trace::row::Row;
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{Uri, header};
use axum::response::sse::{Event, KeepAlive};
use axum::response::{IntoResponse, Response, Sse};
use serde::Deserialize;
use tokio::sync::mpsc::{self, Sender};
use tokio_stream::wrappers::ReceiverStream;

use super::failure::Failure;
use super::input::{limit, query};
use super::keys::read;
use super::scan::{Filter, Order, SLICE, find, internal, json, line};
use super::search::{Page, time};
use super::serve::Closing;
use super::{Shared, lines};
use crate::service::Service;

/// The number of events or parts of an answer that may wait for a slow client.
const WAITING_MAX: usize = 64;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedEvents {
    after: Option<u32>,
    limit: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedLive {
    after: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedExport {
    since: Option<String>,
    until: Option<String>,
    key: Option<String>,
}

pub(super) async fn events<S: Subject + 'static>(
    State(shared): State<Shared<S>>,
    uri: Uri,
) -> Result<Json<Page>, Failure> {
    let AskedEvents { after, limit: most } = query(&uri)?;
    let found = find(&shared.service, &Filter::default(), Order::Oldest, after, limit(most)?).await?;
    Ok(Json(Page { events: json::<S>(&found.events)?, next: found.next }))
}

pub(super) async fn live<S: Subject + 'static>(
    State(shared): State<Shared<S>>,
    request: Request,
) -> Result<Response, Failure> {
    let AskedLive { after } = query(request.uri())?;
    let last = match request.headers().get("last-event-id") {
        Some(last) => {
            let last = last.to_str().ok().and_then(|last| last.parse().ok());
            Some(last.ok_or_else(|| Failure::wrong("Last-Event-ID: expected the number of an event"))?)
        }
        None => after,
    };
    let after = last.unwrap_or_else(|| *shared.service.durable().borrow());
    let closing = request.extensions().get().cloned().unwrap_or_default();
    let (events, stream) = mpsc::channel(WAITING_MAX);
    tokio::spawn(follow(shared.service, after, events, closing));
    Ok(Sse::new(ReceiverStream::new(stream)).keep_alive(KeepAlive::default()).into_response())
}

/// Sends all durable events after the event `after`, until the client goes or the service stops.
async fn follow<S: Subject + 'static>(
    service: Service<S>,
    after: usize,
    events: Sender<Result<Event, Infallible>>,
    mut closing: Closing,
) {
    let mut journal = service.follow(after);
    loop {
        let event = tokio::select! {
            event = journal.next() => event,
            () = events.closed() => return,
            () = closing.closed() => return,
        };
        // If the storage fails or the service stops, the client comes again with the last event that it has.
        let Ok(event) = event else { return };
        let Ok(Ok(data)) = line::<S>(&event).map(String::from_utf8) else { return };
        let event = Event::default().id(event.number.to_string()).data(data.trim_end());
        if events.send(Ok(event)).await.is_err() {
            return;
        }
    }
}

pub(super) async fn export<S: Subject + 'static>(
    State(shared): State<Shared<S>>,
    uri: Uri,
) -> Result<Response, Failure> {
    let AskedExport { since, until, key } = query(&uri)?;
    let (since, until) = (time("since", since.as_deref())?, time("until", until.as_deref())?);
    let service = shared.service.clone();
    if let Some(key) = key.as_deref().map(Key::from) {
        has_events(&shared, key).await?;
    }
    let system = service.clone();
    // The engine has read the bodies, so they have the form of this version.
    let ask = move |body: &str| afresh_check::keys(system.system(), "", body);
    let part = Part::new(since, until, key.into_iter().map(Into::into).collect(), ask);
    let header = service.header();
    let header = Header { complete: header.complete && part.is_complete(), ..header.clone() };
    let begin = Writer::new("the trace", Vec::new(), &header).and_then(Writer::finish).map_err(internal)?;
    let end = *service.durable().borrow();
    let (parts, stream) = mpsc::channel(WAITING_MAX);
    tokio::spawn(async move {
        if parts.send(Ok(Bytes::from(begin))).await.is_ok()
            && let Err(failure) = write(&service, part, end, &parts).await
        {
            // The body then ends without its last part, so the client sees that it is not whole.
            let why = failure.fields["error"].as_str().unwrap_or_default().to_owned();
            let _ = parts.send(Err(std::io::Error::other(why))).await;
        }
    });
    Ok(([(header::CONTENT_TYPE, lines::TYPES[0])], Body::from_stream(ReceiverStream::new(stream))).into_response())
}

/// Checks that some event concerns a key.
async fn has_events<S: Subject + 'static>(shared: &Shared<S>, key: Key) -> Result<(), Failure> {
    let Err(unknown) = read(shared, key.clone(), |_, _| ()).await else { return Ok(()) };
    // All of its messages may have been rejected.
    let filter = Filter { key: Some(key), kinds: vec![Kind::In], ..Filter::default() };
    let found = find(&shared.service, &filter, Order::Newest, None, 1).await?;
    if found.events.is_empty() && found.next.is_none() { Err(unknown) } else { Ok(()) }
}

/// Writes a part of the first `end` events, until nobody wants more.
async fn write<S: Subject + 'static>(
    service: &Service<S>,
    mut part: Part<impl Fn(&str) -> Option<Vec<Key>>>,
    end: usize,
    sender: &Sender<std::io::Result<Bytes>>,
) -> Result<(), Failure> {
    let mut after = 0;
    while after < end {
        let events = service.events(after, SLICE.min(end - after)).await?;
        after += events.len();
        let mut lines = Vec::new();
        for event in &events {
            let row = Row::of(event).map_err(internal)?;
            if part.is_over(&row) {
                after = end;
                break;
            }
            if let Some(row) = part.keep(row) {
                row.line(&mut lines).map_err(internal)?;
            }
        }
        if events.is_empty() || (!lines.is_empty() && sender.send(Ok(Bytes::from(lines))).await.is_err()) {
            break;
        }
    }
    Ok(())
}
