//! Limits: long bodies, slow clients, too many connections, and the end of a server. And TLS.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use afresh_host::http::{Access, Listen, ServeError, Tls, serve};
use reqwest::Method;
use serde_json::json;

use crate::held::{Held, Mood};
use crate::server::{Server, Setup, answer, message};

#[tokio::test]
async fn a_body_that_is_too_long_is_refused() {
    let mut setup = Setup::default();
    setup.limits.message_max = 100;
    setup.limits.array_max = 300;
    let server = Server::with(setup).await;
    let fits = message("m-1", "a", 5);
    let long = message("m-2", &"x".repeat(100), 5);
    assert_eq!(server.post("/messages", &fits).await.0, 200);
    let (status, refused) = server.post("/messages", &long).await;
    let error = "the body is too long: expected at most 100 bytes for one message";
    assert_eq!((status, &refused["error"]), (413, &json!(error)));
    let (status, answers) = server.post("/messages", format!("[{fits},{long}]")).await;
    assert_eq!((status, &answers[0]["status"], &answers[1]["status"]), (200, &json!(200), &json!(413)));
    let (status, refused) = server.post("/messages", format!("[{}]", [fits.as_str(); 8].join(","))).await;
    assert!(status == 413 && refused["error"].as_str().unwrap().contains("as application/x-ndjson"), "{refused}");
    assert_eq!(server.post("/knobs/plan", long).await.0, 413);
    // A batch of lines has no limit as a whole.
    let lines = format!("{fits}\n").repeat(100);
    let request = server.request(Method::POST, "/messages").header("content-type", "application/x-ndjson").body(lines);
    let text = request.send().await.unwrap().text().await.unwrap();
    assert_eq!(text.matches("\"status\":200").count(), 100);
}

#[tokio::test]
async fn a_client_that_does_not_end_its_head_is_cut_off() {
    let mut setup = Setup::default();
    setup.listen.head_max = Duration::from_millis(20);
    let server = Server::with(setup).await;
    let mut silent = server.connect().await;
    let mut slow = server.connect().await;
    slow.send("GET /health HTTP/1.1\r\nHost: loc").await;
    assert_eq!(silent.rest().await, "");
    let rest = slow.rest().await;
    assert!(rest.is_empty() || rest.starts_with("HTTP/1.1 408"), "{rest}");
    // A connection that has been used, and is idle.
    let mut idle = server.connect().await;
    idle.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    let answered = idle.rest().await;
    assert!(answered.is_empty() || answered.starts_with("HTTP/1.1 200"), "{answered}");
}

#[tokio::test]
async fn a_body_that_stops_is_cut_off() {
    let mut setup = Setup::default();
    setup.limits.idle_max = Duration::from_millis(20);
    let server = Server::with(setup).await;
    for kind in ["json", "jsonl"] {
        let mut raw = server.connect().await;
        let head = format!("POST /messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/{kind}\r\n");
        raw.send(&format!("{head}Content-Length: 100\r\n\r\n{{\"id\"")).await;
        let rest = raw.until("{").await;
        assert!(rest.contains("no part of the body came within 20ms: send it without pauses"), "{rest}");
    }
    assert_eq!(server.service.status().await.unwrap().events, 0);
}

#[tokio::test]
async fn more_connections_wait_for_a_place() {
    let mut setup = Setup::default();
    setup.listen.connections_max = 1;
    let server = Server::with(setup).await;
    let mut first = server.connect().await;
    first.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    first.until("HTTP/1.1 200").await;
    let mut second = server.connect().await;
    second.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    let answered = tokio::spawn(async move { second.line().await });
    for _ in 0..1000 {
        // This gives a server that had a place for it more than enough time.
        server.service.status().await.unwrap();
        assert!(!answered.is_finished());
    }
    drop(first);
    assert_eq!(answered.await.unwrap(), "HTTP/1.1 200 OK");
}

#[tokio::test]
async fn a_server_that_stops_answers_what_is_under_way() {
    let store = Held::default();
    let server = Server::with(Setup { store: Box::new(store.clone()), ..Setup::default() }).await;
    store.set(Mood::Held);
    let offer = tokio::spawn(answer(server.request(Method::POST, "/messages").body(message("m-1", "a", 5))));
    while server.service.status().await.unwrap().events == 0 {
        tokio::task::yield_now().await;
    }
    let (client, address) = (server.client.clone(), server.address);
    let stopping = tokio::spawn(server.stop());
    while client.get(format!("http://{address}/health")).send().await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!stopping.is_finished());
    store.set(Mood::Well);
    assert_eq!(offer.await.unwrap().0, 200);
    stopping.await.unwrap();
}

#[tokio::test]
async fn a_request_that_does_not_end_is_cut_off_at_the_end() {
    let mut setup = Setup::default();
    setup.listen.drain_max = Duration::from_millis(20);
    let server = Server::with(setup).await;
    let mut raw = server.connect().await;
    let head =
        "POST /messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/jsonl\r\nContent-Length: 1000\r\n\r\n";
    raw.send(&format!("{head}{}\n", message("m-1", "a", 5))).await;
    raw.until("{").await;
    server.stop().await;
    raw.rest().await;
}

#[tokio::test]
async fn tls_is_served_from_files() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    let tls = Tls { certificates: folder.path().join("cert.pem"), key: folder.path().join("key.pem") };
    fs::write(&tls.certificates, made.cert.pem()).unwrap();
    fs::write(&tls.key, made.signing_key.serialize_pem()).unwrap();
    let mut setup = Setup::default();
    setup.listen.tls = Some(tls.clone());
    let server = Server::with(setup).await;
    let root = reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).unwrap();
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([root]).build().unwrap();
    let url = format!("https://localhost:{}/health", server.address.port());
    assert_eq!(answer(client.get(url)).await, (200, json!({ "status": "up" })));
    assert!(server.client.get(format!("http://{}/health", server.address)).send().await.is_err());

    let access = Arc::new(Access::default());
    let listen = |tls| Listen { tls: Some(tls), ..Listen::new(([127, 0, 0, 1], 0).into()) };
    for (tls, error) in [
        (Tls { key: folder.path().join("none.pem"), ..tls.clone() }, "none.pem: expected a private key as PEM: "),
        (
            Tls { certificates: tls.key.clone(), ..tls.clone() },
            "key.pem: expected certificates as PEM, and there is none",
        ),
        (Tls { key: tls.certificates.clone(), ..tls }, "cert.pem: expected a private key as PEM: "),
    ] {
        let refused = serve(listen(tls), &access, axum::Router::new(), async {}).await.unwrap_err();
        assert!(matches!(refused, ServeError::Tls { .. }) && refused.to_string().contains(error), "{refused}");
    }
}
