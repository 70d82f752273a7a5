//! The journal: searched, followed live, and exported as a trace.

use afresh_core::{Stimulus, What};
use afresh_trace::format::{Options, Reader};
use reqwest::Method;
use serde_json::{Value, json};

use crate::counters::Counters;
use crate::server::{Raw, Server};

/// The numbers of the events of a page.
fn numbers(page: &Value) -> Vec<u64> {
    page["events"].as_array().unwrap().iter().map(|event| event["n"].as_u64().unwrap()).collect()
}

/// A server with events 1 to 9: six messages, of which one is rejected, and outputs.
async fn busy() -> Server {
    let server = Server::new().await;
    for (id, key, number) in [("m-1", "a", 1), ("m-2", "b", 2), ("m-3", "a", 3)] {
        server.add(id, key, number).await;
    }
    let rejected = r#"{"id":"m-4","from":"kiosk","body":["a",0]}"#;
    assert_eq!(server.post("/messages", rejected).await.0, 422);
    assert_eq!(server.post("/messages", r#"{"id":"m-2","from":"till","revision":2,"withdrawn":true}"#).await.0, 200);
    server
}

#[tokio::test]
async fn a_message_that_moves_concerns_its_keys_before_and_after() {
    let server = Server::new().await;
    server.add("m-1", "old", 5).await;
    let moved = r#"{"id":"m-1","from":"till","revision":2,"body":["new",5]}"#;
    assert_eq!(server.post("/messages", moved).await.0, 200);
    let of = async |key: &str| numbers(&server.get(&format!("/messages?key={key}&kind=in")).await.1);
    assert_eq!((of("old").await, of("new").await), (vec![3, 1], vec![3]));
}

#[tokio::test]
async fn events_are_searched_by_every_condition() {
    let server = busy().await;
    for (query, events) in [
        ("", &[10, 9, 8, 7, 6, 5, 4, 3, 2, 1][..]),
        ("order=oldest&limit=3", &[1, 2, 3]),
        ("order=oldest&after=8", &[9, 10]),
        ("after=3", &[2, 1]),
        ("id=m-2", &[9, 3]),
        ("id=b/sum", &[10, 4]),
        ("from=kiosk", &[7]),
        ("to=shop&key=a", &[6, 2]),
        ("key=a", &[8, 7, 6, 5, 2, 1]),
        ("key=b&kind=in", &[9, 3]),
        ("kind=rejected,out", &[10, 8, 6, 4, 2]),
        ("since=2000-01-01T00:00:00Z&kind=in", &[9, 7, 5, 3, 1]),
        ("until=2000-01-01T00:00:00Z", &[]),
        ("from=nobody", &[]),
        ("after=0", &[]),
        ("order=oldest&after=4294967295", &[]),
    ] {
        let (status, page) = server.get(&format!("/messages?{query}")).await;
        assert_eq!((status, numbers(&page)), (200, events.to_vec()), "{query}");
    }
    let (_, page) = server.get("/messages?kind=in&limit=2").await;
    assert_eq!((numbers(&page), &page["next"]), (vec![9, 7], &json!(7)));
    assert_eq!(page["events"][1]["in"], json!({ "id": "m-4", "from": "kiosk", "body": ["a", 0] }));
    let (_, all) = server.get("/events?after=7&limit=2").await;
    assert_eq!((numbers(&all), &all["next"]), (vec![8, 9], &json!(9)));
    for (query, error) in [
        ("kind=inn", "unknown kind `inn`: expected `in`"),
        ("order=up", "order=up: expected `newest` or `oldest`"),
        ("since=noon", "since=noon: "),
        ("limit=0", "limit=0: expected a number from 1 to 1000"),
        ("limit=x", "Failed to deserialize query string: limit: invalid digit"),
        ("form=till", "Failed to deserialize query string: form: unknown field `form`, expected one of"),
    ] {
        let (status, wrong) = server.get(&format!("/messages?{query}")).await;
        assert!(status == 400 && wrong["error"].as_str().unwrap().starts_with(error), "{wrong}");
    }
}

#[tokio::test]
async fn a_search_goes_on_over_many_slices() {
    let server = Server::new().await;
    let lines: String =
        (0..5000).map(|number| format!("{}\n", crate::server::message(&format!("m-{number}"), "a", -1))).collect();
    let request = server.request(Method::POST, "/messages").header("content-type", "application/x-ndjson").body(lines);
    request.send().await.unwrap().text().await.unwrap();
    let (_, page) = server.get("/messages?id=m-0").await;
    assert_eq!((numbers(&page), page.get("next")), (vec![1], None));
    let (_, page) = server.get("/messages?id=m-4999&order=oldest").await;
    assert_eq!(numbers(&page), [9999]);
    let export = server.request(Method::GET, "/export").send().await.unwrap().text().await.unwrap();
    assert_eq!(export.lines().count(), 10_001, "a header and every event");
}

/// Begins to follow the journal.
async fn follow(server: &Server, request: &str) -> Raw {
    let mut raw = server.connect().await;
    raw.send(&format!("GET /events/live{request}\r\n\r\n")).await;
    assert_eq!(raw.line().await, "HTTP/1.1 200 OK");
    raw.until("").await;
    raw
}

/// The number of the next event, and the event.
async fn next(raw: &mut Raw) -> (String, Value) {
    let id = raw.until("id: ").await["id: ".len()..].to_owned();
    let data = raw.line().await;
    (id, serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap())
}

#[tokio::test]
async fn events_are_followed_live_and_resumed() {
    let server = busy().await;
    let mut all = follow(&server, "?after=8 HTTP/1.1\r\nHost: localhost").await;
    assert_eq!(next(&mut all).await.0, "9");
    let (id, event) = next(&mut all).await;
    assert_eq!((id.as_str(), &event["n"], &event["out"]["id"]), ("10", &json!(10), &json!("b/sum")));
    let mut new = follow(&server, " HTTP/1.1\r\nHost: localhost").await;
    server.add("m-5", "c", 5).await;
    assert_eq!(next(&mut all).await.0, "11");
    assert_eq!(next(&mut new).await.0, "11");
    drop(all);
    // A browser that comes again says what it had last; its URL is still the first one.
    let mut again = follow(&server, "?after=8 HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 10").await;
    assert_eq!(next(&mut again).await.0, "11");
    let request = server.request(Method::GET, "/events/live").header("last-event-id", "x");
    let (status, wrong) = crate::server::answer(request).await;
    assert_eq!((status, &wrong["error"]), (400, &json!("Last-Event-ID: expected the number of an event")));
    // The streams end with the server, which waits for nothing else.
    server.stop().await;
    assert!(again.rest().await.ends_with("0\r\n\r\n"));
}

#[tokio::test]
async fn an_export_is_a_trace() {
    let server = busy().await;
    let export = async |query: &str| {
        let response = server.request(Method::GET, &format!("/export{query}")).send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "application/x-ndjson");
        response.bytes().await.unwrap()
    };
    let whole = export("").await;
    let reader = Reader::new("export", &whole[..], Options::default()).unwrap();
    let trace = reader.trace(&Counters).unwrap();
    assert!(trace.header.complete && trace.header.system == "counters");
    assert_eq!(trace.events, server.service.events(0, 100).await.unwrap());

    let key = export("?key=b").await;
    let trace = Reader::new("export", &key[..], Options::default()).unwrap().trace(&Counters).unwrap();
    assert!(!trace.header.complete, "it lacks the other keys");
    let numbers: Vec<_> = trace.events.iter().map(|event| event.number.get()).collect();
    assert_eq!(numbers, [3, 4, 9, 10]);
    assert!(
        trace
            .events
            .iter()
            .all(|event| !matches!(&event.what, What::Stimulus(Stimulus::In(message)) if message.id == "m-1"))
    );

    let unknown = server.request(Method::GET, "/export?key=bb").send().await.unwrap();
    assert_eq!(unknown.status(), 404);

    let window = export("?since=2000-01-01T00:00:00Z").await;
    let reader = Reader::new("export", &window[..], Options::default()).unwrap();
    assert!(!reader.header().complete, "what was before that time is not there");
    assert_eq!(reader.trace(&Counters).unwrap().events.len(), 10);
    let nothing = export("?until=2000-01-01T00:00:00Z").await;
    assert_eq!(nothing.iter().filter(|byte| **byte == b'\n').count(), 1, "only the header");
}
