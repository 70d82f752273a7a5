//! A server of a service of counters, and a client.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use afresh_host::http::{Access, Limits, Listen, Serving, router, serve};
use afresh_host::store::{Memory, Store};
use afresh_host::{Options, Receivers, Service};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio_rustls::rustls::crypto::ring;

use crate::counters::Counters;

/// How a server is set up.
pub(crate) struct Setup {
    pub(crate) store: Box<dyn Store>,
    pub(crate) receivers: Receivers<i64>,
    pub(crate) options: Options,
    pub(crate) access: Access,
    pub(crate) limits: Limits,
    pub(crate) listen: Listen,
}

impl Default for Setup {
    fn default() -> Self {
        let mut options = Options::new("counters");
        options.limits.retries.first = 1_000_000;
        options.scrub_every = None;
        Self {
            store: Box::new(Memory::new()),
            receivers: Receivers::new(),
            options,
            access: Access::default(),
            limits: Limits::default(),
            listen: Listen::new(SocketAddr::from(([127, 0, 0, 1], 0))),
        }
    }
}

/// A server that runs.
pub(crate) struct Server {
    pub(crate) service: Service<Counters>,
    pub(crate) address: SocketAddr,
    pub(crate) client: reqwest::Client,
    serving: Serving,
    stop: oneshot::Sender<()>,
}

impl Server {
    /// Starts a server with everything as usual.
    pub(crate) async fn new() -> Self {
        Self::with(Setup::default()).await
    }

    pub(crate) async fn with(setup: Setup) -> Self {
        let Setup { store, receivers, options, access, limits, listen } = setup;
        let service = Service::open(Counters, store, receivers, options).unwrap();
        let access = Arc::new(access);
        let router = router(service.clone(), Arc::clone(&access), limits);
        let (stop, stopped) = oneshot::channel();
        let serving = serve(listen, &access, router, async { drop(stopped.await) }).await.unwrap();
        // This fails for all tests but the first.
        let _ = ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { service, address: serving.address(), client, serving, stop }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        answer(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<String>) -> (u16, Value) {
        answer(self.request(Method::POST, path).body(body.into())).await
    }

    /// Offers a message that adds a number to a key, and requires that it counts.
    pub(crate) async fn add(&self, id: &str, key: &str, number: i64) {
        let (status, answer) = self.post("/messages", message(id, key, number)).await;
        assert_eq!((status, &answer["receipt"]), (200, &"counts".into()), "{answer}");
    }

    /// Waits until every receiver has everything.
    pub(crate) async fn settled(&self) {
        loop {
            let status = self.service.status().await.unwrap();
            if status.events == status.durable && status.receivers.iter().all(|receiver| receiver.unsettled == 0) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Stops the server, and waits until it has.
    pub(crate) async fn stop(self) {
        let _ = self.stop.send(());
        self.serving.ended().await;
    }

    pub(crate) async fn connect(&self) -> Raw {
        Raw(BufReader::new(TcpStream::connect(self.address).await.unwrap()))
    }
}

/// A message that adds a number to a key.
pub(crate) fn message(id: &str, key: &str, number: i64) -> String {
    format!(r#"{{"id":"{id}","from":"till","body":["{key}",{number}]}}"#)
}

/// Sends a request, and returns the status and the JSON of the answer.
pub(crate) async fn answer(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status();
    let waits = [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE].contains(&status);
    assert_eq!(response.headers().contains_key("retry-after"), waits);
    let text = response.text().await.unwrap();
    let value: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("not JSON: {text}"));
    assert_eq!(value.get("error").is_some(), !status.is_success() && value.get("receipt").is_none(), "{value}");
    (status.as_u16(), value)
}

/// A connection on which a test says exactly what it wants to.
pub(crate) struct Raw(pub(crate) BufReader<TcpStream>);

impl Raw {
    pub(crate) async fn send(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).await.unwrap();
    }

    /// The next line; empty at the end.
    pub(crate) async fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).await.unwrap();
        line.trim_end().to_owned()
    }

    /// Reads lines until one begins with this text, and returns that one.
    pub(crate) async fn until(&mut self, start: &str) -> String {
        loop {
            let line = self.line().await;
            if line.starts_with(start) {
                return line;
            }
        }
    }

    /// Reads until the server closes the connection.
    pub(crate) async fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        // A connection that is reset is closed too.
        let _ = self.0.read_to_end(&mut rest).await;
        String::from_utf8(rest).unwrap()
    }
}
