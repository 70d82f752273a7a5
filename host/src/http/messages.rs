//! Offering messages: one, or a batch.

use std::collections::VecDeque;

use afresh_check::Subject;
use afresh_core::Receipt;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::value::RawValue;

use super::failure::{Failure, status_of};
use super::input::{Place, check, is_array, not_json, one_line, too_large, whole};
use super::{Shared, lines};
use crate::service::{Offered, Refused};

/// The form of a message, as errors show it.
const FORM: &str = r#"{"id":"…","from":"…","body":…}"#;

/// The answer to one message.
#[derive(Serialize)]
pub(super) struct Answer {
    /// Where the message is one of a batch: the status that it would have alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<&'static str>,
    /// The event with which the message conflicts, or that has a higher revision.
    #[serde(skip_serializing_if = "Option::is_none")]
    with: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Answer {
    /// The answer to a message that is durable or was refused, with its status.
    pub(super) fn new(offered: Result<Offered, Refused>) -> (StatusCode, Self) {
        let Offered { event, receipt, why } = match offered {
            Ok(offered) => offered,
            Err(refused) => return Self::error(status_of(refused), refused.to_string()),
        };
        let (status, receipt, with) = match receipt {
            Receipt::Counts => (StatusCode::OK, "counts", None),
            Receipt::Duplicate => (StatusCode::OK, "duplicate", None),
            Receipt::Stale(with) => (StatusCode::OK, "stale", Some(with.get())),
            Receipt::Conflict(with) => (StatusCode::CONFLICT, "conflict", Some(with.get())),
            Receipt::Rejected => (StatusCode::UNPROCESSABLE_ENTITY, "rejected", None),
        };
        let event = Some(event.get());
        (status, Self { status: None, event, receipt: Some(receipt), with, why, error: None })
    }

    /// The answer to a message that was not taken.
    pub(super) fn error(status: StatusCode, error: String) -> (StatusCode, Self) {
        let answer = Self { status: None, event: None, receipt: None, with: None, why: None, error: Some(error) };
        (status, answer)
    }

    /// The answer to a message of a batch.
    pub(super) fn in_batch((status, answer): (StatusCode, Self)) -> Self {
        Self { status: Some(status.as_u16()), ..answer }
    }
}

pub(super) async fn offer<S: Subject + 'static>(State(shared): State<Shared<S>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if lines::TYPES.iter().any(|lines| lines.eq_ignore_ascii_case(kind)) {
        return lines::answer(shared, body);
    }
    let text = match whole(body, &shared.limits).await {
        Ok(text) => text,
        Err(failure) => return failure.into_response(),
    };
    match is_array(text.as_bytes()) {
        true => array(&shared, &text).await.map(Json).into_response(),
        false => one(&shared, &text).await.into_response(),
    }
}

/// Offers one message.
async fn one<S: Subject + 'static>(shared: &Shared<S>, text: &str) -> Result<Response, Failure> {
    let line = one_line(text)?;
    let answer = shared.service.offer_json(&line);
    let answer = answer.map_err(|(problem, column)| match check(text) {
        Ok(()) => not_a_message(text, &problem, column),
        Err(failure) => failure,
    })?;
    let (status, answer) = Answer::new(answer.await);
    match answer.error {
        Some(error) => Err(Failure::new(status, error)),
        None => Ok((status, Json(answer)).into_response()),
    }
}

/// Offers the messages of a JSON array, in their order.
async fn array<S: Subject + 'static>(shared: &Shared<S>, text: &str) -> Result<Vec<Answer>, Failure> {
    check(text)?;
    let messages: Vec<&RawValue> = serde_json::from_str(text).map_err(|error| not_json(&error))?;
    let mut answers = Vec::with_capacity(messages.len());
    let mut waiting = VecDeque::with_capacity(lines::WAITING_MAX);
    let answered = async |waiting| {
        Answer::in_batch(match waiting {
            Ok(answer) => Answer::new(answer.await),
            Err(failure) => failed(&failure),
        })
    };
    for message in messages {
        // So a large array does not fill the queue alone.
        if waiting.len() == lines::WAITING_MAX
            && let Some(oldest) = waiting.pop_front()
        {
            answers.push(answered(oldest).await);
        }
        let message = message.get();
        if message.len() > shared.limits.message_max {
            let failure = too_large(shared.limits.message_max, "one message");
            waiting.push_back(Err(failure));
            continue;
        }
        // The elements are parts of the text, so their places in it are known.
        let start = message.as_ptr() as usize - text.as_ptr() as usize;
        let queued = shared.service.queue_json(&one_line(message)?).await;
        waiting.push_back(queued.map_err(|(problem, column)| not_a_message(text, &problem, start as u64 + column)));
    }
    for oldest in waiting {
        answers.push(answered(oldest).await);
    }
    Ok(answers)
}

/// The answer of a batch to a message that is none.
pub(super) fn failed(failure: &Failure) -> (StatusCode, Answer) {
    let error = failure.fields["error"].as_str().unwrap_or_default();
    Answer::error(failure.status, error.to_owned())
}

/// The answer to a text that is not a message. The problem is at this byte of the text, from 1.
fn not_a_message(text: &str, problem: &afresh_trace::format::Problem, byte: u64) -> Failure {
    not_a_message_at(&Place::of(text, byte), problem)
}

/// The answer to a text that is not a message, with the place of the problem.
pub(super) fn not_a_message_at(place: &Place, problem: &afresh_trace::format::Problem) -> Failure {
    Failure::wrong(format!("{place}: {problem}; expected a message as {FORM}"))
}
