//! Offering messages: every status, batches, and what happens when the storage does not keep up.

use std::fmt::Write;

use reqwest::Method;
use serde_json::{Value, json};

use crate::held::{Held, Mood};
use crate::server::{Server, Setup, answer, message};

#[tokio::test]
async fn every_kind_of_message_gets_its_status() {
    let server = Server::new().await;
    let (status, first) = server.post("/messages", message("m-1", "a", 5)).await;
    assert_eq!((status, first), (200, json!({ "event": 1, "receipt": "counts" })));
    let again = server.post("/messages", message("m-1", "a", 5)).await;
    assert_eq!(again, (200, json!({ "event": 3, "receipt": "duplicate" })));
    let (status, conflict) = server.post("/messages", message("m-1", "a", 6)).await;
    assert_eq!((status, &conflict["receipt"], &conflict["with"]), (409, &json!("conflict"), &json!(1)));
    assert!(conflict["why"].as_str().unwrap().contains("event 1"));
    let newer = r#"{"id":"m-1","from":"till","revision":3,"body":["a",7]}"#;
    assert_eq!(server.post("/messages", newer).await.0, 200);
    let older = r#"{"id":"m-1","from":"till","revision":2,"withdrawn":true}"#;
    let (status, stale) = server.post("/messages", older).await;
    assert_eq!((status, &stale["receipt"], &stale["with"]), (200, &json!("stale"), &json!(6)));
    let (status, rejected) = server.post("/messages", message("m-2", "a", 0)).await;
    assert_eq!((status, &rejected["receipt"], &rejected["why"]), (422, &json!("rejected"), &json!("nothing to add")));
    let unreadable = r#"{"id":"m-3","from":"till","body":"five"}"#;
    let (status, rejected) = server.post("/messages", unreadable).await;
    assert_eq!((status, &rejected["receipt"]), (422, &json!("rejected")));
}

#[tokio::test]
async fn what_is_no_message_is_refused_with_its_place() {
    let server = Server::new().await;
    for (body, error) in [
        ("", "line 1, column 1: is not JSON: EOF while parsing a value"),
        ("{", "line 1, column 1: is not JSON: EOF while parsing an object"),
        (r#"{"id":"m","from":"t"}"#, "line 1, column 21: missing field `body`; expected a message as {\"id\""),
        ("{\"id\":\"m\",\n \"frm\":\"t\"}", "line 2, column 6: unknown field `frm`"),
        ("{\"id\":\"m\",\n\n \"from\":}", "line 3, column 9: is not JSON: expected value"),
        ("7", "line 1, column 1: "),
        (r#"{"id":"m","from":"t","body":1} {}"#, "line 1, column "),
    ] {
        let (status, answer) = server.post("/messages", body).await;
        let found = answer["error"].as_str().unwrap();
        assert!(status == 400 && found.starts_with(error), "{body}: {status} {found}");
    }
    let request = server.request(Method::POST, "/messages").body(b"{\n\"a\xff\"}".to_vec());
    let (status, wrong) = answer(request).await;
    let error = "line 2, column 3: byte 0xff is not valid UTF-8: expected UTF-8 text";
    assert_eq!((status, &wrong["error"]), (400, &json!(error)));
    assert_eq!(server.service.status().await.unwrap().events, 0);
}

#[tokio::test]
async fn a_message_on_several_lines_is_journaled_on_one() {
    let server = Server::new().await;
    let pretty = "{\r\n  \"id\": \"m-1\",\n  \"from\": \"till\",\n  \"body\": {\n    \"x\": 1\n  }\n}\n";
    assert_eq!(server.post("/messages", pretty).await.0, 422);
    let text = server.request(Method::GET, "/export").send().await.unwrap().text().await.unwrap();
    assert_eq!(text.lines().count(), 3, "{text}");
}

#[tokio::test]
async fn an_array_is_a_batch() {
    let server = Server::new().await;
    let batch = format!("[{},\n {{\"id\":\"x\"}},\n{}]", message("m-1", "a", 5), message("m-2", "b", 0));
    let (status, answers) = server.post("/messages", &batch).await;
    assert_eq!(status, 200);
    assert_eq!(answers[0], json!({ "status": 200, "event": 1, "receipt": "counts" }));
    assert_eq!(answers[1]["status"], 400);
    assert!(answers[1]["error"].as_str().unwrap().starts_with("line 2, column 11: missing field `body`"), "{answers}");
    assert_eq!((&answers[2]["status"], &answers[2]["receipt"]), (&json!(422), &json!("rejected")));
    let (status, wrong) = server.post("/messages", "[{},\n{]").await;
    assert!(status == 400 && wrong["error"].as_str().unwrap().starts_with("line 2, column 2: "), "{wrong}");
    assert_eq!(server.service.status().await.unwrap().events, 4, "a batch that is not JSON is not begun");
}

#[tokio::test]
async fn a_long_array_is_taken_as_a_whole() {
    let store = Held::default();
    let mut setup = Setup { store: Box::new(store.clone()), ..Setup::default() };
    // So few events may wait that the array alone would fill the queue.
    setup.options.limits.waiting_max = 8192;
    let server = Server::with(setup).await;
    store.set(Mood::Held);
    let messages: Vec<_> = (1..=10_000).map(|number| message(&format!("m-{number}"), "k", 1)).collect();
    let request = server.request(Method::POST, "/messages").body(format!("[{}]", messages.join(",")));
    let posted = tokio::spawn(answer(request));
    // Until as many wait as may.
    let mut before = 0;
    loop {
        for _ in 0..1000 {
            server.service.status().await.unwrap();
        }
        let events = server.service.status().await.unwrap().events;
        if events > 0 && events == before {
            break;
        }
        before = events;
    }
    store.set(Mood::Well);
    let (status, answers) = posted.await.unwrap();
    let answers = answers.as_array().unwrap();
    assert_eq!((status, answers.len()), (200, 10_000));
    let refused: Vec<_> = answers.iter().filter(|answer| answer["status"] != 200).take(3).collect();
    assert!(refused.is_empty(), "{refused:?}");
}

#[tokio::test]
async fn a_carriage_return_in_a_text_is_no_space() {
    let server = Server::new().await;
    let lines = format!("{}\r\n{}\n", message("m-1", "a", 5), message("m\r2", "b", 5));
    let request = server.request(Method::POST, "/messages").header("content-type", "application/x-ndjson").body(lines);
    let text = request.send().await.unwrap().text().await.unwrap();
    let answers: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&answers[0]["status"], &answers[1]["status"]), (&json!(200), &json!(400)), "{text}");
    let error = answers[1]["error"].as_str().unwrap();
    assert!(error.starts_with("line 2, column ") && error.contains("control character"), "{error}");
}

#[tokio::test]
async fn ten_thousand_lines_are_answered_in_their_order() {
    let server = Server::new().await;
    let mut lines = String::new();
    for number in 1..=10_000 {
        let key = number % 100;
        writeln!(lines, "{}", message(&format!("m-{number}"), &format!("k-{key}"), number)).unwrap();
    }
    let request = server.request(Method::POST, "/messages").header("content-type", "application/x-ndjson").body(lines);
    let text = request.send().await.unwrap().text().await.unwrap();
    let answers: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), 10_000);
    assert!(answers.iter().all(|answer| answer["status"] == 200 && answer["receipt"] == "counts"));
    let events: Vec<_> = answers.iter().map(|answer| answer["event"].as_u64().unwrap()).collect();
    assert!(events.is_sorted(), "the messages were offered in the order of their lines");
    // The sum of 100, 200 and so on up to 10,000.
    assert_eq!(server.get("/keys/k-0").await.1["view"], 505_000);
}

#[tokio::test]
async fn a_line_is_answered_before_the_next_is_sent() {
    let server = Server::new().await;
    let mut raw = server.connect().await;
    raw.send(
        "POST /messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/jsonl\r\nTransfer-Encoding: chunked\r\n\r\n",
    )
    .await;
    let long = format!("{{{}", "x".repeat(2 << 20));
    for (line, start) in [
        (message("m-1", "a", 5), r#"{"status":200,"event":1"#),
        ("{".into(), r#"{"status":400,"error":"line 2, column 1: is not JSON: EOF while parsing an object"#),
        ("{\"id\":1}".into(), r#"{"status":400,"error":"line 3, column "#),
        (
            long,
            r#"{"status":413,"error":"the body is too long: expected at most 1048576 bytes for the message in line 4"#,
        ),
        (message("m-1", "a", 6), r#"{"status":409,"event":3,"receipt":"conflict","with":1"#),
    ] {
        raw.send(&format!("{:x}\r\n{line}\n\r\n", line.len() + 1)).await;
        raw.until(start).await;
    }
    // The last line has no end, and the body has.
    let last = message("m-2", "a", 1);
    raw.send(&format!("{:x}\r\n{last}\r\n0\r\n\r\n", last.len())).await;
    raw.until(r#"{"status":200"#).await;
    // The answer ends too.
    raw.until("0").await;
}

#[tokio::test]
async fn too_much_that_waits_is_refused_and_tried_again() {
    let store = Held::default();
    let mut setup = Setup { store: Box::new(store.clone()), ..Setup::default() };
    setup.options.limits.waiting_max = 0;
    let server = Server::with(setup).await;
    store.set(Mood::Held);
    let first = tokio::spawn(answer(server.request(Method::POST, "/messages").body(message("m-1", "a", 5))));
    while server.service.status().await.unwrap().events == 0 {
        tokio::task::yield_now().await;
    }
    let (status, busy) = server.post("/messages", message("m-2", "a", 5)).await;
    assert_eq!((status, &busy["error"]), (429, &json!("the service is busy: try again later")));
    assert!(!first.is_finished(), "nothing is acknowledged before it is durable");
    store.set(Mood::Well);
    assert_eq!(first.await.unwrap().0, 200);
    server.add("m-2", "a", 5).await;
}

#[tokio::test]
async fn a_storage_that_fails_is_said() {
    let store = Held::default();
    let server = Server::with(Setup { store: Box::new(store.clone()), ..Setup::default() }).await;
    assert_eq!(server.get("/ready").await.0, 200);
    store.set(Mood::Failing);
    let (status, failed) = server.post("/messages", message("m-1", "a", 5)).await;
    assert!(status == 503 && failed["error"].as_str().unwrap().contains("try again later, with the same id"));
    assert_eq!(server.get("/ready").await.0, 503);
    assert_eq!(server.get("/health").await.0, 200);
    assert_eq!(server.get("/keys").await.0, 503);
    store.set(Mood::Well);
    while server.get("/ready").await.0 != 200 {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    server.add("m-1", "a", 5).await;
}
