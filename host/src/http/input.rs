//! Reading what a client sends: queries, names in paths, and bodies.

use afresh_core::Key;
use afresh_trace::format::Problem;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri};
use http_body_util::BodyExt;
use serde::de::{DeserializeOwned, IgnoredAny};
use tokio::time::timeout;

use super::Limits;
use super::failure::Failure;

/// The most events, keys or messages in one answer.
const LIMIT_MAX: usize = 1000;

/// The number of them if the client does not say.
const LIMIT: usize = 100;

/// Reads the query of a URI.
pub(super) fn query<T: DeserializeOwned>(uri: &Uri) -> Result<T, Failure> {
    let read = Query::try_from_uri(uri).map(|Query(query)| query);
    read.map_err(|wrong| Failure::wrong(format!("{}; docs/http.md lists the parameters", wrong.body_text())))
}

/// The number of things that an answer may have.
pub(super) fn limit(limit: Option<usize>) -> Result<usize, Failure> {
    match limit.unwrap_or(LIMIT) {
        0 => Err(Failure::wrong(format!("limit=0: expected a number from 1 to {LIMIT_MAX}"))),
        limit => Ok(limit.min(LIMIT_MAX)),
    }
}

/// The key that a path names.
pub(super) struct KeyName(pub(super) Key);

impl<S: Send + Sync> FromRequestParts<S> for KeyName {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.map(|Path(key)| Self(key.into())).map_err(|wrong| Failure::wrong(wrong.body_text()))
    }
}

/// Reads the next part of a body; `None` at its end.
pub(super) async fn part(body: &mut Body, limits: &Limits) -> Option<Result<Bytes, Failure>> {
    loop {
        let Ok(frame) = timeout(limits.idle_max, body.frame()).await else {
            let error = format!("no part of the body came within {:?}: send it without pauses", limits.idle_max);
            return Some(Err(Failure::new(StatusCode::REQUEST_TIMEOUT, error)));
        };
        match frame?.map(hyper::body::Frame::into_data) {
            Ok(Ok(data)) => return Some(Ok(data)),
            // Trailers, which nobody needs.
            Ok(Err(_)) => {}
            Err(error) => return Some(Err(Failure::wrong(format!("the body ended early: {error}")))),
        }
    }
}

/// Reads a body as a whole: one message or, if it is an array, a batch.
pub(super) async fn whole(mut body: Body, limits: &Limits) -> Result<String, Failure> {
    let mut read = Vec::new();
    while let Some(part) = part(&mut body, limits).await {
        read.extend_from_slice(&part?);
        let (most, what) = match is_array(&read) {
            true => (limits.array_max, "one array; send a longer batch as application/x-ndjson, a message a line"),
            false => (limits.message_max, "one message"),
        };
        if read.len() > most {
            return Err(too_large(most, what));
        }
    }
    text(read)
}

/// Returns true if a body is a JSON array, as far as it was read.
pub(super) fn is_array(body: &[u8]) -> bool {
    body.trim_ascii_start().first() == Some(&b'[')
}

pub(super) fn too_large(most: usize, what: &str) -> Failure {
    Failure::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("the body is too long: expected at most {most} bytes for {what}"),
    )
}

/// Converts bytes into text.
pub(super) fn text(bytes: Vec<u8>) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|error| {
        let (valid, error) = (error.utf8_error().valid_up_to(), error);
        let before = String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned();
        let place = Place::of(&before, valid as u64 + 1);
        let byte = error.as_bytes()[valid];
        Failure::wrong(format!("{place}: byte {byte:#04x} is not valid UTF-8: expected UTF-8 text"))
    })
}

/// A place in a text: a line and a byte in it, both from 1.
pub(super) struct Place {
    pub(super) line: u64,
    pub(super) column: u64,
}

impl Place {
    /// The place of the byte `number` of a text, from 1.
    pub(super) fn of(text: &str, number: u64) -> Self {
        let before = &text.as_bytes()[..(number.saturating_sub(1) as usize).min(text.len())];
        let line = before.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        Self { line, column: number - start as u64 }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Checks that a text is JSON, and returns it on a single line, with every value at its place.
pub(super) fn one_line(json: &str) -> Result<String, Failure> {
    if json.contains(['\n', '\r']) {
        // JSON has no line ends within strings, so all that are there separate values.
        check(json)?;
    }
    Ok(json.replace(['\n', '\r'], " "))
}

/// Checks that a text is JSON.
pub(super) fn check(json: &str) -> Result<(), Failure> {
    serde_json::from_str(json).map(|IgnoredAny| ()).map_err(|error| not_json(&error))
}

/// The answer to a text that is not JSON, or not that of what was expected.
pub(super) fn not_json(error: &serde_json::Error) -> Failure {
    let place = Place { line: error.line().max(1) as u64, column: error.column().max(1) as u64 };
    let (problem, _) = Problem::from_json(error);
    Failure::wrong(format!("{place}: {problem}"))
}
