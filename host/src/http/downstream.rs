//! [`Downstream`]: a receiver at a URL.

use std::error::Error;
use std::time::Duration;

use afresh_trace::format::output_id;
use afresh_trace::text::without_passwords;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use serde::Serialize;

use crate::receiver::{Delivering, Delivery, Receiver};

/// A receiver that gets outputs by HTTP, each as a POST in the form in which another service takes messages.
///
/// ```json
/// {"id":"a-1/balance","from":"ledger","revision":2,"body":{"balance":500}}
/// ```
///
/// The header `Idempotency-Key` is `key/slot@revision`, with `%` before the codes of characters that a header cannot
/// hold. A status from 200 to 299 says that the receiver has the output for good. Every other answer is a failure, also
/// a redirect, and the output is sent again later.
#[derive(Clone, Debug)]
pub struct Downstream {
    client: Client,
    url: Url,
    from: String,
}

/// Why there is no receiver at a URL.
#[derive(Debug, thiserror::Error)]
pub enum DownstreamError {
    /// The text is not a URL of HTTP.
    #[error("`{url}` is not a URL of HTTP: {why}; expected one such as https://example.com/messages")]
    Url {
        /// The text.
        url: String,
        /// What is wrong.
        why: String,
    },
    /// The token holds characters that no header can hold.
    #[error("the token for {url} cannot be sent: expected visible ASCII characters")]
    Token {
        /// The URL, without a password.
        url: String,
    },
    /// The client cannot be set up.
    #[error("no HTTP client: {0}")]
    Client(String),
}

/// The characters that the key of an output has as their codes.
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'%').add(b'\\');

/// The most bytes of an answer that an error shows.
const SHOWN_MAX: usize = 200;

impl Downstream {
    /// A receiver at `url`, which is told that the outputs are from `from`: the name of the system.
    ///
    /// With a token, each request has the header `Authorization: Bearer TOKEN`. A receiver that does not answer within
    /// `answer_max` has failed.
    ///
    /// # Errors
    ///
    /// Fails if this is not the URL of an HTTP server, or the token cannot be sent.
    pub fn new(
        url: &str,
        from: impl Into<String>,
        token: Option<&str>,
        answer_max: Duration,
    ) -> Result<Self, DownstreamError> {
        let (client, url) = connect(url, token, answer_max)?;
        Ok(Self { client, url, from: from.into() })
    }

    async fn post(&self, key: String, body: Vec<u8>) -> Result<(), String> {
        let request = self.client.post(self.url.clone()).header("idempotency-key", key).body(body);
        let mut answer = request.send().await.map_err(|error| reasons(&error.without_url()))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        // The rest of the answer is of no interest, however long it is.
        let text = answer.chunk().await.ok().flatten().unwrap_or_default();
        let text = String::from_utf8_lossy(&text[..text.len().min(SHOWN_MAX)]).trim().to_owned();
        Err(if text.is_empty() { format!("answered {status}") } else { format!("answered {status}: {text}") })
    }
}

/// Returns a client that sends JSON and follows no redirects, and the URL that it is for.
pub(super) fn connect(url: &str, token: Option<&str>, answer_max: Duration) -> Result<(Client, Url), DownstreamError> {
    let wrong = |why: String| DownstreamError::Url { url: without_passwords(url), why };
    let parsed = Url::parse(url).map_err(|error| wrong(error.to_string()))?;
    if !["http", "https"].contains(&parsed.scheme()) {
        return Err(wrong(format!("its scheme is `{}`", parsed.scheme())));
    }
    let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    if let Some(token) = token {
        let value = HeaderValue::from_str(&format!("Bearer {token}"));
        let mut value = value.map_err(|_| DownstreamError::Token { url: without_passwords(url) })?;
        value.set_sensitive(true);
        headers.insert(reqwest::header::AUTHORIZATION, value);
    }
    // This fails if the program has chosen another one, which is as good.
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder()
        .default_headers(headers)
        .redirect(Policy::none())
        .timeout(answer_max)
        .no_proxy()
        .build()
        .map_err(|error| DownstreamError::Client(reasons(&error)))?;
    Ok((client, parsed))
}

/// An output in the form of a message.
#[derive(Serialize)]
struct Message<'a, O> {
    id: &'a str,
    from: &'a str,
    revision: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a O>,
    #[serde(skip_serializing_if = "Option::is_none")]
    withdrawn: Option<bool>,
}

impl<O: Serialize> Receiver<O> for Downstream {
    fn deliver(&self, delivery: Delivery<O>) -> Delivering<'_> {
        let sent = &delivery.sent;
        let id = output_id(&sent.key, &sent.slot);
        let message = Message {
            id: &id,
            from: &self.from,
            revision: sent.revision,
            body: sent.body.as_ref(),
            withdrawn: sent.body.is_none().then_some(true),
        };
        let key = format!("{}@{}", utf8_percent_encode(&id, ENCODED), sent.revision);
        match serde_json::to_vec(&message) {
            Ok(body) => Box::pin(self.post(key, body)),
            Err(error) => Box::pin(async move { Err(format!("the output has no JSON form: {error}")) }),
        }
    }
}

/// The text of an error, with those of the errors behind it.
pub(super) fn reasons(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
