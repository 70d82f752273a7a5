//! The state of the service: its status, its health and its metrics.

use afresh_check::Subject;
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use serde_json::{Value, json};

use super::Shared;
use super::failure::Failure;
use super::scan::internal;

/// The most quarantined keys that the status lists.
const LISTED_MAX: usize = 100;

/// The media type of metrics.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(super) async fn status<S: Subject + 'static>(State(shared): State<Shared<S>>) -> Result<Json<Value>, Failure> {
    let service = &shared.service;
    let status = service.status().await?;
    let (keys, count, quarantined) = service
        .read(|engine| {
            let all = || engine.known_keys().filter_map(|key| Some((key, engine.quarantined(key)?)));
            let mut listed: Vec<_> = all().take(LISTED_MAX).map(|(key, why)| (key.clone(), why.to_owned())).collect();
            listed.sort_unstable();
            (engine.known_keys().count(), all().count(), listed)
        })
        .await?;
    let receivers = status.receivers.iter().map(|lacking| {
        json!({
            "receiver": lacking.receiver,
            "known": lacking.is_known,
            "unsettled": lacking.unsettled,
            "failures": lacking.failures,
            "why": lacking.why,
        })
    });
    let listed = quarantined.iter().map(|(key, why)| json!({ "key": key, "why": why }));
    Ok(Json(json!({
        "system": service.name(),
        "version": service.version(),
        "events": status.events,
        "durable": status.durable,
        "keys": keys,
        "receivers": receivers.collect::<Vec<_>>(),
        "quarantined": { "count": count, "keys": listed.collect::<Vec<_>>() },
    })))
}

pub(super) async fn health() -> Json<Value> {
    Json(json!({ "status": "up" }))
}

pub(super) async fn ready<S: Subject + 'static>(State(shared): State<Shared<S>>) -> Result<Json<Value>, Failure> {
    // The host refuses this while the storage has failed.
    shared.service.read(|_| ()).await?;
    Ok(Json(json!({ "status": "ready" })))
}

pub(super) async fn metrics<S: Subject + 'static>(State(shared): State<Shared<S>>) -> Result<Response, Failure> {
    let status = shared.service.status().await?;
    let quarantined =
        |engine: &afresh_core::Engine<S>| engine.known_keys().filter(|key| engine.quarantined(key).is_some()).count();
    // The engine cannot be read while the storage has failed, which the other metrics must say.
    let quarantined = shared.service.read(quarantined).await.ok();
    let mut registry = Registry::default();
    shared.service.metrics().register(&mut registry);
    let own = registry.sub_registry_with_prefix("afresh");
    let (unsettled, failures) = (Receivers::default(), Receivers::default());
    for lacking in &status.receivers {
        let labels = [("receiver", lacking.receiver.as_str().to_owned())];
        unsettled.get_or_create(&labels).set(number(lacking.unsettled));
        failures.get_or_create(&labels).set(i64::from(lacking.failures));
    }
    own.register("outputs_unsettled", "Slots whose output the receiver does not have", unsettled);
    own.register("receiver_failures", "Failures of the receiver in a row, until now", failures);
    for (name, help, count) in [
        ("keys_quarantined", "Keys that are quarantined", quarantined),
        ("events", "Events in the journal", Some(status.events)),
        ("events_durable", "Events in the journal that are durable", Some(status.durable)),
    ] {
        let Some(count) = count else { continue };
        let gauge = Gauge::<i64>::default();
        gauge.set(number(count));
        own.register(name, help, gauge);
    }
    let refused = shared.access.refused().clone();
    own.register("http_refused", "Requests that were refused: without a token, or not allowed", refused);
    let mut text = String::new();
    encode(&mut text, &registry).map_err(internal)?;
    Ok(([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response())
}

/// A gauge for each receiver.
type Receivers = Family<[(&'static str, String); 1], Gauge>;

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
