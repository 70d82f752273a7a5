//! The overview: what is going on, and what needs somebody.

use std::time::Duration;

use afresh_check::Subject;
use afresh_core::{At, Engine};
use afresh_trace::format::Kind;
use afresh_trace::text::number;
use askama::Template;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::Value;

use super::event::Row;
use super::page::{Frame, Named, Visible, counted, link, named, render};
use super::{Asked, Console};
use crate::clock::WallClock;
use crate::http::failure::Failure;
use crate::http::scan::{Filter, Order, find};
use crate::http::status;

/// The findings that are listed.
const FINDINGS: usize = 20;

/// The time in which events are counted for the present rates, and the most events that are counted.
const RECENT: Duration = Duration::from_secs(60);
const COUNTED_MAX: usize = 65_536;

/// The seconds after which a page that refreshes itself is loaded again.
const REFRESH: &str = "5";

#[derive(Template)]
#[template(path = "console/overview.html")]
struct Page {
    frame: Frame,
    version: Visible,
    store: Visible,
    /// Names of numbers, with the numbers.
    totals: Vec<(&'static str, String)>,
    counters: Vec<(&'static str, String)>,
    since: String,
    receivers: Vec<Receiver>,
    quarantined: Vec<(Named, Visible)>,
    quarantined_count: u64,
    findings: Vec<Row>,
    more: String,
    refreshes: bool,
}

struct Receiver {
    name: Named,
    is_known: bool,
    unsettled: u64,
    failures: u64,
    why: Visible,
}

pub(super) async fn show<S: Subject + 'static>(console: &Console<S>, asked: &Asked<'_>) -> Result<Response, Failure> {
    let service = &console.shared.service;
    let status = status::status(State(console.shared.clone())).await?.0;
    let filter = Filter { kinds: FOUND.to_vec(), ..Filter::default() };
    let findings = find(service, &filter, Order::Newest, None, FINDINGS).await?;
    let now = WallClock::default().now();
    let (taken, sent) = service.read(move |engine| rates(engine, now)).await?;
    let count = |name: &str| number(status[name].as_u64().unwrap_or_default());
    let metrics = service.metrics();
    let counters = [
        ("messages offered", &metrics.offered),
        ("messages durable", &metrics.durable),
        ("duplicates among them", &metrics.duplicates),
        ("conflicts among them", &metrics.conflicts),
        ("rejected among them", &metrics.rejected),
        ("messages refused: too busy, or the storage failed", &metrics.refused),
        ("outputs sent, repetitions included", &metrics.sent),
        ("deliveries that failed", &metrics.failed),
        ("outputs confirmed by their receivers", &metrics.settled),
        ("keys scrubbed", &metrics.scrubbed),
        ("keys healed", &metrics.healed),
        ("knobs turned", &metrics.turned),
        ("batches that could not be made durable", &metrics.storage_failures),
    ];
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let quarantined = list(&status["quarantined"]["keys"]);
    let page = Page {
        frame: console.frame("Overview", Some(asked.visitor)),
        version: service.version().into(),
        store: service.store().into(),
        totals: vec![
            ("events", count("events")),
            ("durable", count("durable")),
            ("keys", count("keys")),
            ("messages per second, in the last minute", taken),
            ("outputs per second, in the last minute", sent),
        ],
        counters: counters.into_iter().map(|(name, counter)| (name, number(counter.get()))).collect(),
        since: up(console.started.elapsed()),
        receivers: list(&status["receivers"]).iter().map(receiver).collect(),
        quarantined: quarantined.iter().map(|one| (Named::key(text(&one["key"])), text(&one["why"]).into())).collect(),
        quarantined_count: status["quarantined"]["count"].as_u64().unwrap_or_default(),
        findings: Row::all(service.system(), &findings.events),
        more: link("find", &[("kind", "rejected,quarantined,healed")]),
        refreshes: asked.get("refresh").is_some(),
    };
    let mut response = render(StatusCode::OK, &page)?;
    if page.refreshes {
        response.headers_mut().insert("refresh", HeaderValue::from_static(REFRESH));
    }
    Ok(response)
}

/// The kinds of event that report that something was wrong. A conflict is a rejection.
const FOUND: [Kind; 3] = [Kind::Rejected, Kind::Quarantined, Kind::Healed];

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn receiver(lacking: &Value) -> Receiver {
    let name = text(&lacking["receiver"]);
    Receiver {
        name: Named { name: named(name), link: link("find", &[("to", name), ("kind", "out")]) },
        is_known: lacking["known"] == true,
        unsettled: lacking["unsettled"].as_u64().unwrap_or_default(),
        failures: lacking["failures"].as_u64().unwrap_or_default(),
        why: text(&lacking["why"]).into(),
    }
}

/// The messages that arrived and the outputs that were sent per second, from the newest events of the journal.
fn rates<S: Subject>(engine: &Engine<S>, now: At) -> (String, String) {
    let events = engine.journal().events().rev();
    per_second(events.map_while(|event| match (now, event.at) {
        (At::Stamp(now), Some(At::Stamp(at))) => {
            Some((Duration::from_nanos(now.saturating_sub(at).max(0).unsigned_abs()), Kind::of(&event.what)))
        }
        _ => None,
    }))
}

/// The messages and the outputs per second, from events by their age and kind, the newest first.
fn per_second(events: impl Iterator<Item = (Duration, Kind)>) -> (String, String) {
    let (mut taken, mut sent, mut span) = (0_u32, 0_u32, RECENT);
    for (place, (age, kind)) in events.take_while(|(age, _)| *age <= RECENT).enumerate() {
        if place == COUNTED_MAX {
            span = age.max(Duration::from_secs(1));
            break;
        }
        taken += u32::from(kind == Kind::In);
        sent += u32::from(kind == Kind::Out);
    }
    let rate = |count| format!("{:.1}", f64::from(count) / span.as_secs_f64());
    (rate(taken), rate(sent))
}

/// How long the service has been up, in words.
fn up(time: Duration) -> String {
    let minutes = (time.as_secs() / 60) as usize;
    match (minutes / 1440, minutes / 60 % 24, minutes % 60) {
        (0, 0, minutes) => counted(minutes, "minute", "minutes"),
        (0, hours, minutes) => {
            format!("{} and {}", counted(hours, "hour", "hours"), counted(minutes, "minute", "minutes"))
        }
        (days, hours, _) => format!("{} and {}", counted(days, "day", "days"), counted(hours, "hour", "hours")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_those_of_the_last_minute_or_of_as_many_events_as_are_counted() {
        let every = |pause: Duration| {
            let kinds = [Kind::Out, Kind::In, Kind::Out, Kind::Settled].into_iter().cycle();
            per_second(kinds.enumerate().map(|(place, kind)| (pause * place as u32, kind)).take(1_000_000))
        };
        let rates = |taken: &str, sent: &str| (taken.to_owned(), sent.to_owned());
        assert_eq!(every(Duration::from_millis(250)), rates("1.0", "2.0"));
        assert_eq!(every(Duration::from_micros(250)), rates("1000.0", "2000.0"));
        assert_eq!(per_second(std::iter::empty()), rates("0.0", "0.0"));
    }

    #[test]
    fn times_are_told_in_words() {
        let of = |minutes: u64| up(Duration::from_secs(60 * minutes));
        assert_eq!([of(0), of(61), of(3000)], ["0 minutes", "1 hour and 1 minute", "2 days and 2 hours"]);
    }
}
