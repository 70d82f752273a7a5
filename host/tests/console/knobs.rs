//! Knobs: chosen, planned, changed, and confirmed.

use serde_json::json;

use crate::browser::Browser;
use crate::server::Server;

async fn key(server: &Server, key: &str) -> Browser {
    Browser::open(&format!("http://{}/console/key?name={key}", server.address)).await
}

/// Sends the form that confirms the plan of the page.
async fn confirm(page: &mut Browser) {
    let fields = ["token", "knob", "why"].map(|name| (name, page.field(name)));
    page.submit("confirm", &fields.each_ref().map(|(name, value)| (*name, value.as_str()))).await;
}

#[tokio::test]
async fn a_plan_is_shown_in_full_and_then_done() {
    let server = Server::new().await;
    server.add("m-1", "a", 5).await;
    let mut page = key(&server, "a").await;
    let knob = page.button("Plan to turn the flow double on");
    page.submit("plan", &[("knob", &knob), ("why", "ticket 42")]).await;
    let text = page.text();
    for part in [
        "turn the flow double on for a by local@127.0.0.1: ticket 42",
        "1 sent; 1 key recomputed.",
        "revise a/sum to shop, revision 2 - 5 + 10",
    ] {
        assert!(text.contains(part), "{part} is missing: {text}");
    }
    assert_eq!(server.get("/status").await.1["events"], 2, "a plan turns nothing");
    let plan = page.html.clone();
    confirm(&mut page).await;
    let text = page.text();
    assert_eq!((page.status, page.url.query()), (200, Some("n=3")), "{text}");
    assert!(text.contains("Its effects 4 out a/sum to shop revision 2 a caused by 3"), "{text}");
    let (_, knobs) = server.get("/messages?kind=knob").await;
    let turned = json!({ "flow": "double", "keys": ["a"], "on": true, "by": "local@127.0.0.1", "why": "ticket 42" });
    assert_eq!(knobs["events"][0]["knob"]["migrate"], turned);
    page.html = plan;
    confirm(&mut page).await;
    assert!(page.status == 404 && page.text().contains("ask for a new plan"), "{}", page.text());
    page.go("key?name=a").await;
    page.button("Plan to turn the flow double off");
}

#[tokio::test]
async fn a_plan_that_has_changed_is_shown_beside_the_new_one() {
    let server = Server::new().await;
    server.add("m-1", "a", 5).await;
    let mut page = key(&server, "a").await;
    let knob = page.button("Plan to turn the flow double on");
    page.submit("plan", &[("knob", &knob), ("why", "ticket 42")]).await;
    server.add("m-2", "a", 1).await;
    confirm(&mut page).await;
    let text = page.text();
    assert_eq!(page.status, 409);
    assert!(text.contains("The plan has changed since it was shown, so nothing was done."), "{text}");
    let (now, shown) = text.split_once("The plan that was shown").unwrap();
    assert!(now.contains("- 6 + 12") && shown.contains("+ 10"), "{text}");
    assert!(text.contains(": ticket 42"), "the reason stays: {text}");
    assert_eq!(server.get("/messages?kind=knob").await.1["events"], json!([]));
    confirm(&mut page).await;
    assert_eq!((page.status, page.url.path()), (200, "/console/event"));
    assert_eq!(server.get("/keys/a").await.1["view"], 12);
}

#[tokio::test]
async fn every_knob_is_offered() {
    let server = Server::new().await;
    server.add("m-1", "a", 5).await;
    server.add("m-2", "q", 666).await;
    assert_eq!(server.post("/messages", crate::server::message("m-3", "a", 0)).await.0, 422);
    let mut page = key(&server, "a").await;
    let (trigger, scrub) = (page.button("Plan a trigger"), page.button("Plan a scrub"));
    let again = page.button("Plan to send sum again");
    for (knob, told) in [(trigger, "trigger a"), (scrub, "scrub a"), (again, "send again: a/sum")] {
        page.go("key?name=a").await;
        page.submit("plan", &[("knob", &knob)]).await;
        assert!(page.status == 200 && page.text().contains(told), "{}", page.text());
    }
    page.go("event?n=1").await;
    let knob = page.button("Plan to process this message again");
    page.submit("plan", &[("knob", &knob)]).await;
    assert!(page.text().contains("process again: m-1 from till by local"), "{}", page.text());
    page.go("event?n=2").await;
    page.button("Plan to send the output of this slot again");
    page.go("event?n=4").await;
    page.button("Plan a trigger of this key");
    for (fields, told) in [
        (&[("all", "rejected"), ("from", "till")][..], "process again: m-3 from till"),
        (&[("all", "rejected"), ("from", "nobody")], "process again: nothing"),
        (&[("all", "quarantined"), ("since", "2026-01-01T00:00:00Z")], "trigger q"),
        (&[("all", "unsettled"), ("to", "shop"), ("key", "a")], "send again: a/sum"),
    ] {
        page.go("waiting").await;
        page.submit("plan", fields).await;
        assert!(page.status == 200 && page.text().contains(told), "{told}: {}", page.text());
    }
    page.go("waiting").await;
    page.submit("plan", &[("all", "rejected"), ("since", "soon")]).await;
    assert!(page.status == 400 && page.text().contains("since=soon"), "{}", page.text());
}

#[tokio::test]
async fn a_key_with_a_line_end_is_recomputed() {
    let server = Server::new().await;
    server.add("m-1", r"a\nb", 5).await;
    let mut page = key(&server, "a%0Ab").await;
    let name = page.field("key");
    assert_eq!(name, r#""a\nb""#);
    page.submit("recompute", &[("key", &name)]).await;
    assert!(page.status == 200 && page.text().contains("equals the carried state"), "{}", page.text());
}
