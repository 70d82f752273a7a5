//! Outputs to URLs: to another service, and to receivers that are down, late, or fail.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use afresh_core::{Key, Sent};
use afresh_host::http::{Downstream, DownstreamError};
use afresh_host::receiver::{Delivery, Receiver};
use afresh_host::{Receivers, Service};
use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::Notify;

use crate::counters::Counters;
use crate::server::{Server, Setup};

/// A receiver that notes what it gets, and answers as it is told to.
#[derive(Clone)]
struct Shop {
    got: Arc<Mutex<Vec<(String, Value)>>>,
    /// The next answers; after them, everything is taken.
    answers: Arc<Mutex<Vec<Reply>>>,
    late: Arc<Notify>,
    url: String,
}

#[derive(Clone, Copy)]
enum Reply {
    Status(StatusCode),
    Late,
}

impl Shop {
    async fn open(answers: Vec<Reply>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        Self::on(listener, answers)
    }

    fn on(listener: TcpListener, mut answers: Vec<Reply>) -> Self {
        answers.reverse();
        let url = format!("http://{}/in", listener.local_addr().unwrap());
        let shop = Self { got: Arc::default(), answers: Arc::new(Mutex::new(answers)), late: Arc::default(), url };
        let own = shop.clone();
        let handler = async move |headers: HeaderMap, body: String| {
            let key = headers["idempotency-key"].to_str().unwrap().to_owned();
            own.got.lock().unwrap().push((key, serde_json::from_str(&body).unwrap()));
            let reply = own.answers.lock().unwrap().pop();
            match reply {
                None => (StatusCode::OK, HeaderMap::new(), String::new()),
                Some(Reply::Status(status)) => {
                    let location = HeaderMap::from_iter([("location".parse().unwrap(), "/in".parse().unwrap())]);
                    (status, location, "no room".into())
                }
                Some(Reply::Late) => {
                    own.late.notified().await;
                    (StatusCode::OK, HeaderMap::new(), String::new())
                }
            }
        };
        let app = Router::new().route("/in", post(handler));
        tokio::spawn(async move { axum::serve(listener, app).await });
        shop
    }

    fn receivers(&self, answer_max: Duration) -> Receivers<i64> {
        Receivers::new().with("shop", Downstream::new(&self.url, "counters", None, answer_max).unwrap())
    }

    fn got(&self) -> Vec<(String, Value)> {
        self.got.lock().unwrap().clone()
    }
}

const LONG: Duration = Duration::from_secs(600);

#[tokio::test]
async fn an_output_arrives_as_a_message() {
    let shop = Shop::open(vec![]).await;
    let server = Server::with(Setup { receivers: shop.receivers(LONG), ..Setup::default() }).await;
    server.add("m-1", "a/b %é", 5).await;
    server.settled().await;
    server.add("m-2", "a/b %é", 1).await;
    server.settled().await;
    let got = shop.got();
    assert_eq!(got[0].0, "a~1b%20%25%C3%A9/sum@1");
    assert_eq!(got[0].1, json!({ "id": "a~1b %é/sum", "from": "counters", "revision": 1, "body": 5 }));
    assert_eq!((got[1].0.as_str(), &got[1].1["body"]), ("a~1b%20%25%C3%A9/sum@2", &json!(6)));
    assert_eq!(got.len(), 2);
}

#[tokio::test]
async fn an_output_that_its_receiver_refuses_holds_up_no_other() {
    let got = Arc::new(Mutex::new(Vec::new()));
    let own = Arc::clone(&got);
    let shop = move |delivery: Delivery<i64>| {
        let Delivery { sent, .. } = delivery;
        let is_refused = sent.key == "bad";
        if !is_refused {
            own.lock().unwrap().push(sent.key.to_string());
        }
        async move { if is_refused { Err("no such account".to_owned()) } else { Ok(()) } }
    };
    let server = Server::with(Setup { receivers: Receivers::new().with("shop", shop), ..Setup::default() }).await;
    server.add("m-0", "bad", 1).await;
    for number in 1..=5 {
        server.add(&format!("m-{number}"), &format!("good-{number}"), 1).await;
    }
    let status = loop {
        let (_, status) = server.get("/status").await;
        if status["receivers"][0]["unsettled"] == 1 && status["events"] == status["durable"] {
            break status;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(got.lock().unwrap().len(), 5);
    assert_eq!(status["receivers"][0]["why"], "event 2: no such account");
}

#[tokio::test]
async fn an_output_to_an_unknown_receiver_does_not_hold_up_its_slot() {
    let shop = Shop::open(vec![]).await;
    let server = Server::with(Setup { receivers: shop.receivers(LONG), ..Setup::default() }).await;
    server.add("m-1", "a", 1313).await;
    server.add("m-2", "a", 1).await;
    server.settled().await;
    assert_eq!(shop.got().iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["a/sum@2"]);
    server.add("m-3", "a", -1).await;
    let (_, status) = server.get("/status").await;
    let nobody = &status["receivers"][0];
    let said = (&nobody["receiver"], &nobody["known"], &nobody["unsettled"], &nobody["failures"]);
    assert_eq!(said, (&json!("nobody"), &json!(false), &json!(1), &json!(0)));
}

#[tokio::test]
async fn every_answer_but_a_2xx_is_a_failure() {
    let statuses = [500, 503, 409, 422, 404, 302, 304];
    let replies = statuses.map(|status| Reply::Status(StatusCode::from_u16(status).unwrap()));
    let shop = Shop::open(replies.into()).await;
    let receiver = Downstream::new(&shop.url, "counters", Some("secret"), LONG).unwrap();
    let sent = Sent { key: Key::from("a"), slot: "s".into(), to: "shop".into(), revision: 3, body: None::<i64> };
    let delivery = Delivery { event: 1.try_into().unwrap(), sent };
    for status in statuses {
        let why = receiver.deliver(delivery.clone()).await.unwrap_err();
        assert!(why.starts_with(&format!("answered {status}")), "{why}");
        assert!(status == 304 || why.ends_with(": no room"), "{why}");
    }
    receiver.deliver(delivery).await.unwrap();
    let withdrawn = json!({ "id": "a/s", "from": "counters", "revision": 3, "withdrawn": true });
    assert_eq!(shop.got(), vec![("a/s@3".to_owned(), withdrawn); statuses.len() + 1]);
}

#[tokio::test]
async fn a_receiver_that_fails_gets_the_output_again() {
    let error = Reply::Status(StatusCode::INTERNAL_SERVER_ERROR);
    let shop = Shop::open(vec![error, error]).await;
    let server = Server::with(Setup { receivers: shop.receivers(LONG), ..Setup::default() }).await;
    server.add("m-1", "a", 5).await;
    server.settled().await;
    let keys: Vec<_> = shop.got().into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["a/sum@1"; 3]);
    assert_eq!(
        server.get("/status").await.1["receivers"][0]["why"],
        "event 2: answered 500 Internal Server Error: no room"
    );
}

#[tokio::test]
async fn a_receiver_that_answers_late_gets_the_output_twice() {
    let shop = Shop::open(vec![Reply::Late]).await;
    let server = Server::with(Setup { receivers: shop.receivers(Duration::from_millis(50)), ..Setup::default() }).await;
    server.add("m-1", "a", 5).await;
    server.settled().await;
    shop.late.notify_waiters();
    let got = shop.got();
    assert!(got.len() >= 2 && got.iter().all(|one| *one == got[0]), "{got:?}");
    let why = server.get("/status").await.1["receivers"][0]["why"].to_string();
    assert!(why.contains("timed out"), "{why}");
}

#[tokio::test]
async fn a_receiver_that_is_down_gets_everything_when_it_is_up() {
    // A port that is taken, and that nobody listens on.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = socket.local_addr().unwrap();
    let url = format!("http://user:secret@{address}/in");
    let down = Downstream::new(&url, "counters", None, LONG).unwrap();
    let server = Server::with(Setup { receivers: Receivers::new().with("shop", down), ..Setup::default() }).await;
    server.add("m-1", "a", 5).await;
    server.add("m-2", "b", 6).await;
    let why = loop {
        let (_, status) = server.get("/status").await;
        if let Some(why) = status["receivers"][0]["why"].as_str() {
            break why.to_owned();
        }
        tokio::task::yield_now().await;
    };
    assert!(why.contains("refused") && !why.contains("secret"), "{why}");
    let shop = Shop::on(socket.listen(16).unwrap(), vec![]);
    server.settled().await;
    let mut bodies: Vec<_> = shop.got().into_iter().map(|(_, message)| message["body"].as_i64().unwrap()).collect();
    bodies.sort_unstable();
    assert_eq!(bodies, [5, 6]);
}

#[tokio::test]
async fn services_chain() {
    // The second service does not understand the body, which is a number. It says so, and the first shows it.
    let second = Server::new().await;
    let url = format!("http://{}/messages", second.address);
    let receivers = Receivers::new().with("shop", Downstream::new(&url, "first", None, LONG).unwrap());
    let first = Server::with(Setup { receivers, ..Setup::default() }).await;
    first.add("m-1", "a", 5).await;
    let why = loop {
        let (_, status) = first.get("/status").await;
        if let Some(why) = status["receivers"][0]["why"].as_str() {
            break why.to_owned();
        }
        tokio::task::yield_now().await;
    };
    assert!(why.starts_with("event 2: answered 422") && why.contains("unreadable"), "{why}");
    let events = second.service.events(0, 1).await.unwrap();
    assert!(afresh_trace::format::line_of(&events[0]).contains(r#""in":{"id":"a/sum","from":"first","body":5}"#));
    let _: &Service<Counters> = &second.service;
}

#[test]
fn what_is_no_url_of_a_receiver_is_said() {
    let error = |url: &str| Downstream::new(url, "counters", None, LONG).unwrap_err().to_string();
    let expected = "expected one such as https://example.com/messages";
    assert_eq!(error("shop"), format!("`shop` is not a URL of HTTP: relative URL without a base; {expected}"));
    let ftp = error("ftp://user:secret@shop/");
    assert_eq!(ftp, format!("`ftp://user@shop/` is not a URL of HTTP: its scheme is `ftp`; {expected}"));
    let token = Downstream::new("http://u:secret@shop/", "counters", Some("a\nb"), LONG).unwrap_err();
    assert!(matches!(&token, DownstreamError::Token { url } if url == "http://u@shop/"), "{token}");
}
