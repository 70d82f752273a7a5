//! The status and the metrics.

use afresh_host::Receivers;
use afresh_host::receiver::Delivery;
use reqwest::Method;
use serde_json::json;

use crate::server::{Server, Setup};

fn closed() -> Receivers<i64> {
    Receivers::new().with("shop", |_: Delivery<i64>| async { Err("closed".into()) })
}

#[tokio::test]
async fn the_status_says_what_is_not_settled_and_what_is_quarantined() {
    let server = Server::with(Setup { receivers: closed(), ..Setup::default() }).await;
    server.add("m-1", "a", 5).await;
    server.add("m-2", "c", 666).await;
    let status = loop {
        let (_, status) = server.get("/status").await;
        if status["receivers"][0]["failures"] != 0 {
            break status;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!((&status["system"], &status["keys"], &status["events"]), (&json!("counters"), &json!(2), &json!(4)));
    let shop = &status["receivers"][0];
    let said = (&shop["receiver"], &shop["known"], &shop["unsettled"], &shop["why"]);
    assert_eq!(said, (&json!("shop"), &json!(true), &json!(1), &json!("event 2: closed")));
    assert_eq!((&status["quarantined"]["count"], &status["quarantined"]["keys"][0]["key"]), (&json!(1), &json!("c")));
}

#[tokio::test]
async fn the_metrics_are_open_metrics() {
    let server = Server::with(Setup { receivers: closed(), ..Setup::default() }).await;
    server.add("m-1", "a", 5).await;
    server.add("m-2", "c", 666).await;
    let response = server.request(Method::GET, "/metrics").send().await.unwrap();
    let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    let text = response.text().await.unwrap();
    assert!(text.ends_with("# EOF\n"));
    for line in [
        "afresh_messages_offered_total 2",
        "afresh_messages_durable_total 2",
        "afresh_outputs_unsettled{receiver=\"shop\"} 1",
        "afresh_keys_quarantined 1",
        "afresh_events 4",
        "afresh_http_refused_total 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is missing in:\n{text}");
    }
}
