//! [`Failure`]: the answer to a request that was not carried out.

use std::fmt::Display;

use axum::Json;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use crate::service::{KnobError, Refused};

/// The number of seconds after which a client may try again.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// An answer that says in plain words why a request was not carried out: `{"error":"…"}`.
#[derive(Clone)]
pub(super) struct Failure {
    pub(super) status: StatusCode,
    pub(super) fields: Map<String, Value>,
}

impl Failure {
    pub(super) fn new(status: StatusCode, error: impl Display) -> Self {
        let fields = [("error".to_owned(), Value::String(error.to_string()))].into_iter().collect();
        Self { status, fields }
    }

    pub(super) fn wrong(error: impl Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error)
    }

    /// Adds a field to the answer.
    pub(super) fn with(mut self, field: &str, value: Value) -> Self {
        self.fields.insert(field.to_owned(), value);
        self
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.fields)).into_response();
        let headers = response.headers_mut();
        match self.status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, RETRY_AFTER);
            }
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            _ => {}
        }
        response
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Self::new(status_of(refused), refused)
    }
}

/// The status of an answer that says that the service did not do what it was asked.
pub(super) fn status_of(refused: Refused) -> StatusCode {
    match refused {
        Refused::Busy => StatusCode::TOO_MANY_REQUESTS,
        Refused::StorageFailed | Refused::Stopped => StatusCode::SERVICE_UNAVAILABLE,
        Refused::Panicked => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl From<KnobError> for Failure {
    fn from(error: KnobError) -> Self {
        let text = error.to_string();
        match error {
            KnobError::Refused(refused) => refused.into(),
            KnobError::Name(_) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, text),
            KnobError::NotPlanned => Self::new(StatusCode::NOT_FOUND, text),
            KnobError::Changed { shown, now } => {
                Self::new(StatusCode::CONFLICT, text).with("shown", value(&*shown)).with("now", value(&*now))
            }
        }
    }
}

/// Converts a plan, which always has a JSON form.
fn value(plan: &impl serde::Serialize) -> Value {
    serde_json::to_value(plan).unwrap_or_default()
}

pub(super) async fn no_such_route(uri: Uri) -> Failure {
    let error = format!("there is no {}: GET /openapi.json lists what there is", uri.path());
    Failure::new(StatusCode::NOT_FOUND, error)
}

pub(super) async fn no_such_method(method: Method, uri: Uri) -> Failure {
    let error = format!("{} does not take {method}: GET /openapi.json lists what it takes", uri.path());
    Failure::new(StatusCode::METHOD_NOT_ALLOWED, error)
}
