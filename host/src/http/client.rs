//! [`Client`]: calls a running service, for operators.

use std::time::Duration;

use afresh_trace::text::without_passwords;
use reqwest::Url;
use serde_json::{Map, Value};

use super::downstream::{DownstreamError, connect, reasons};

/// The time within which a service must answer. A plan for all keys of a long journal takes seconds.
const ANSWER_MAX: Duration = Duration::from_secs(600);

/// Calls a running service.
#[derive(Clone, Debug)]
pub struct Client {
    client: reqwest::Client,
    url: Url,
}

/// Why a service did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The URL or the token cannot be used.
    #[error(transparent)]
    Setup(#[from] DownstreamError),
    /// The service cannot be reached, or what answers is no service.
    #[error("{url}: {why}: expected a running service; start one with `afresh serve`")]
    Unreachable {
        /// The URL of the service, without a password.
        url: String,
        /// What happened, as text for people.
        why: String,
    },
    /// The service refused.
    #[error("{url}: {error}")]
    Refused {
        /// The URL of the service, without a password.
        url: String,
        /// The status of the answer.
        status: u16,
        /// The reason, as text for people.
        error: String,
        /// The other fields of the answer.
        fields: Map<String, Value>,
    },
}

impl Client {
    /// A client of the service at `url`, which may have a path. The token goes into each request.
    ///
    /// # Errors
    ///
    /// Fails if this is not a URL of HTTP, or the token cannot be sent.
    pub fn new(url: &str, token: Option<&str>) -> Result<Self, ClientError> {
        let (client, mut url) = connect(url, token, ANSWER_MAX)?;
        // Otherwise, a join would replace the last part of the path.
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        Ok(Self { client, url })
    }

    /// Posts JSON to a path below that of the service, and returns the JSON of the answer.
    ///
    /// # Errors
    ///
    /// Fails if the service cannot be reached, or refuses.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, ClientError> {
        let name = without_passwords(self.url.as_str().trim_end_matches('/'));
        let unreachable = |why: String| ClientError::Unreachable { url: name.clone(), why };
        let url = self.url.join(path).map_err(|error| unreachable(error.to_string()))?;
        let answer = self.client.post(url).body(body.to_string()).send().await;
        let answer = answer.map_err(|error| unreachable(reasons(&error.without_url())))?;
        let status = answer.status();
        let text = answer.text().await.map_err(|error| unreachable(reasons(&error.without_url())))?;
        match serde_json::from_str(&text) {
            Ok(answer) if status.is_success() => Ok(answer),
            Ok(Value::Object(mut fields)) if fields.contains_key("error") => {
                let error = fields.remove("error").and_then(|error| error.as_str().map(str::to_owned));
                let error = error.unwrap_or_default();
                Err(ClientError::Refused { url: name, status: status.as_u16(), error, fields })
            }
            _ => Err(unreachable(format!("answered {status}, and not as a service does"))),
        }
    }
}
