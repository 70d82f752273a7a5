//! Knobs: planned, changed, planned again and confirmed.

use std::net::Ipv4Addr;

use afresh_host::http::{Access, Role, Token};
use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Server, Setup, answer};

/// The knob that turns the flow `double` on.
const DOUBLE: &str = r#"{"migrate":{"flow":"double","on":true,"why":"test"}}"#;

#[tokio::test]
async fn a_knob_does_what_its_plan_says_or_nothing() {
    let server = Server::new().await;
    server.add("m-1", "a", 5).await;
    let (status, planned) = server.post("/knobs/plan", DOUBLE).await;
    assert_eq!(status, 200);
    assert_eq!(planned["knob"]["migrate"]["by"], format!("local@{}", Ipv4Addr::LOCALHOST));
    let send = json!({ "id": "a/sum", "to": "shop", "revision": 2, "before": 5, "body": 10 });
    assert_eq!(planned["plan"]["sends"], json!([send]));
    let confirm = |planned: &Value| json!({ "token": planned["token"] }).to_string();

    server.add("m-2", "a", 1).await;
    let (status, changed) = server.post("/knobs/confirm", confirm(&planned)).await;
    assert_eq!(status, 409);
    assert_eq!((&changed["shown"]["sends"][0]["body"], &changed["now"]["sends"][0]["body"]), (&json!(10), &json!(12)));
    assert!(changed["error"].as_str().unwrap().contains("look at the new plan"), "{changed}");
    assert_eq!(server.post("/knobs/confirm", confirm(&planned)).await.0, 404, "the plan is used up");

    let (_, planned) = server.post("/knobs/plan", DOUBLE).await;
    let (status, turned) = server.post("/knobs/confirm", confirm(&planned)).await;
    assert_eq!((status, &turned["event"]), (200, &json!(5)));
    let sent = &turned["effects"][0];
    assert_eq!((&sent["n"], &sent["out"]["body"]), (&json!(6), &json!(12)));
    let (_, journaled) = server.get("/messages?kind=knob").await;
    let knob = json!({ "migrate": { "flow": "double", "on": true, "by": "local@127.0.0.1", "why": "test" } });
    assert_eq!(journaled["events"][0]["knob"], knob);
    assert_eq!(server.get("/keys/a").await.1["flows"], json!(["double"]));
}

#[tokio::test]
async fn who_confirms_the_plan_of_another_is_named_too() {
    let made = ["anna", "ben"].map(|name| Token::new(name, vec![Role::Operate, Role::Read]).unwrap());
    let access = Access::new(made.iter().map(|(token, _)| token.clone()).collect());
    let server = Server::with(Setup { access, ..Setup::default() }).await;
    let [anna, ben] = made.map(|(_, text)| text);
    for (confirms, by) in [(&anna, "anna@127.0.0.1"), (&ben, "anna@127.0.0.1, confirmed by ben@127.0.0.1")] {
        let plan = server.request(Method::POST, "/knobs/plan").bearer_auth(&anna).body(r#"{"scrub":{}}"#);
        let (_, planned) = answer(plan).await;
        let token = json!({ "token": planned["token"] }).to_string();
        let confirm = server.request(Method::POST, "/knobs/confirm").bearer_auth(confirms).body(token);
        assert_eq!(answer(confirm).await.0, 200);
        let (_, journaled) = answer(server.request(Method::GET, "/messages?kind=knob").bearer_auth(&ben)).await;
        let last = &journaled["events"][0];
        assert_eq!(last["knob"]["scrub"]["by"], by);
    }
}

#[tokio::test]
async fn every_knob_is_planned() {
    let server = Server::new().await;
    server.add("m-1", "a", 5).await;
    assert_eq!(server.post("/messages", crate::server::message("m-2", "a", 0)).await.0, 422);
    for knob in [
        r#"{"trigger":{"keys":["a"]}}"#,
        r#"{"scrub":{}}"#,
        r#"{"reflow_in":{"messages":["m-1"]}}"#,
        r#"{"reflow_in":{"messages":["m-1@till",{"from":"till","id":"m-2"}]}}"#,
        r#"{"reflow_in":{"messages":[{"from":"till","id":"m-1"}]}}"#,
        r#"{"reflow_out":{"outputs":["a/sum"],"why":"lost"}}"#,
    ] {
        assert_eq!(server.post("/knobs/plan", knob).await.0, 200, "{knob}");
    }
    let (_, rejected) = server.post("/knobs/plan", r#"{"reflow":{"all":"rejected","from":"till","why":"x"}}"#).await;
    let knob = json!({ "messages": [{ "from": "till", "id": "m-2" }], "by": "local@127.0.0.1", "why": "x" });
    assert_eq!(rejected["knob"]["reflow_in"], knob);
    assert_eq!(rejected["plan"]["refusals"][0]["why"], "nothing to add");
    let (_, unsettled) = server.post("/knobs/plan", r#"{"reflow":{"all":"unsettled","to":"shop"}}"#).await;
    assert_eq!(unsettled["knob"]["reflow_out"]["outputs"], json!([{ "key": "a", "slot": "sum" }]));
}

#[tokio::test]
async fn unknown_names_are_answered_with_the_nearest() {
    let server = Server::new().await;
    server.add("message-1", "account-1", 5).await;
    for (knob, error) in [
        (r#"{"trigger":{"keys":["acount-1"]}}"#, "unknown key `acount-1`: expected `account-1`"),
        (r#"{"reflow_in":{"messages":["mesage-1"]}}"#, "unknown message `mesage-1`: expected `message-1`"),
        (r#"{"reflow_out":{"outputs":["account-1/sun"]}}"#, "unknown output `account-1/sun`: expected `account-1/sum`"),
        (r#"{"migrate":{"flow":"dobule","on":true}}"#, "unknown flow `dobule`: expected `double`"),
    ] {
        let (status, unknown) = server.post("/knobs/plan", knob).await;
        assert_eq!((status, &unknown["error"]), (422, &json!(error)));
    }
    assert_eq!(server.post("/knobs/plan", r#"{"turn":{}}"#).await.0, 400);
    assert_eq!(server.post("/knobs/confirm", r#"{"tokn":""}"#).await.0, 400);
    let (status, none) = server.post("/knobs/confirm", r#"{"token":"0"}"#).await;
    assert!(status == 404 && none["error"].as_str().unwrap().contains("ask for a new plan"));
}

#[tokio::test]
async fn the_journal_says_who_turned_a_knob() {
    let (token, text) = Token::new("anna", vec![Role::Operate]).unwrap();
    let server = Server::with(Setup { access: Access::new(vec![token]), ..Setup::default() }).await;
    let request = server.request(Method::POST, "/knobs/plan").bearer_auth(&text).body(r#"{"scrub":{}}"#);
    assert_eq!(answer(request).await.1["knob"]["scrub"]["by"], "anna@127.0.0.1");
}

#[tokio::test]
async fn nobody_can_confirm_what_the_scrubber_plans() {
    let mut setup = Setup::default();
    setup.options.scrub_every = Some(std::time::Duration::from_millis(1));
    let server = Server::with(setup).await;
    server.add("m-1", "a", 5).await;
    for _ in 0..50 {
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        assert_eq!(server.post("/knobs/confirm", r#"{"token":"scrubber"}"#).await.0, 404);
    }
}
