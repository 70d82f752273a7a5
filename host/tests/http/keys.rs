//! Keys: lists, views, histories, and recomputation.

use serde_json::json;

use crate::server::Server;

#[tokio::test]
async fn keys_are_listed_in_pages() {
    let server = Server::new().await;
    for (number, key) in ["b", "d", "a", "c"].into_iter().enumerate() {
        server.add(&format!("m-{number}"), key, if key == "c" { 666 } else { 1 }).await;
    }
    let why = "a number of the beast";
    let (_, page) = server.get("/keys?limit=3").await;
    assert_eq!((&page["keys"][0], &page["keys"][1]), (&json!({ "key": "a" }), &json!({ "key": "b" })));
    assert!(page["keys"][2]["quarantined"].as_str().unwrap().contains(why), "{page}");
    assert_eq!(page["next"], "c");
    assert_eq!(server.get("/keys?after=c").await.1, json!({ "keys": [{ "key": "d" }] }));
    let (_, quarantined) = server.get("/keys?quarantined=true").await;
    assert_eq!((quarantined["keys"].as_array().unwrap().len(), &quarantined["keys"][0]["key"]), (1, &json!("c")));
    let (_, others) = server.get("/keys?quarantined=false&limit=1000").await;
    assert_eq!(others, json!({ "keys": [{ "key": "a" }, { "key": "b" }, { "key": "d" }] }));
    let (status, wrong) = server.get("/keys?quarantine=true").await;
    assert!(status == 400 && wrong["error"].as_str().unwrap().contains("unknown field `quarantine`"), "{wrong}");
}

#[tokio::test]
async fn a_key_is_shown_with_its_slots() {
    let server = Server::new().await;
    server.add("m-1", "x/y", 5).await;
    let (status, key) = server.get("/keys/x%2Fy").await;
    let slot = json!({ "slot": "sum", "id": "x~1y/sum", "to": "shop", "revision": 1, "body": 5, "settled": false });
    assert_eq!((status, key), (200, json!({ "key": "x/y", "view": 5, "flows": [], "slots": [slot] })));
    server.add("m-2", "c", 666).await;
    let (_, key) = server.get("/keys/c").await;
    assert!(key["quarantined"].as_str().unwrap().starts_with("assertion") && key.get("view").is_none(), "{key}");
    let (status, unknown) = server.get("/keys/z").await;
    assert_eq!((status, &unknown["error"]), (404, &json!("there is no key `z`: GET /keys lists the keys")));
    for path in ["/keys/z/history", "/keys/%ff"] {
        assert!([404, 400].contains(&server.get(path).await.0), "{path}");
    }
    assert_eq!(server.post("/keys/z/recompute", "").await.0, 404);
}

#[tokio::test]
async fn a_history_has_the_views_before_and_after_each_message() {
    let server = Server::new().await;
    for number in 1..=3 {
        server.add(&format!("m-{number}"), "a", number).await;
    }
    assert_eq!(server.post("/messages", r#"{"id":"m-2","from":"till","revision":2,"body":["a",20]}"#).await.0, 200);
    let (_, history) = server.get("/keys/a/history?limit=2").await;
    let step = |place: usize| {
        let step = &history["messages"][place];
        (step["event"].as_u64(), step["id"].clone(), step["before"].clone(), step["after"].clone())
    };
    assert_eq!(step(0), (Some(1), json!("m-1"), json!(null), json!(1)));
    assert_eq!(step(1), (Some(7), json!("m-2"), json!(1), json!(21)), "the revision has the place of the first");
    let sent = &history["messages"][1]["sent"];
    assert_eq!((&sent[0]["out"]["id"], &sent[0]["out"]["body"]), (&json!("a/sum"), &json!(24)));
    assert_eq!(history["next"], 2);
    let (_, rest) = server.get("/keys/a/history?after=2").await;
    assert_eq!(rest["messages"].as_array().unwrap().len(), 1);
    assert_eq!((&rest["messages"][0]["before"], &rest["messages"][0]["after"]), (&json!(21), &json!(24)));
    assert!(rest.get("next").is_none());
}

#[tokio::test]
async fn a_history_that_panics_says_where_it_ends() {
    let server = Server::new().await;
    server.add("m-1", "a", 660).await;
    server.add("m-2", "a", 6).await;
    let (status, history) = server.get("/keys/a/history").await;
    assert_eq!((status, history["messages"].as_array().unwrap().len()), (200, 1));
    assert!(history["panicked"].as_str().unwrap().contains("a number of the beast"));
    let (status, compared) = server.post("/keys/a/recompute", "").await;
    assert!(status == 200 && compared["equal"] == false, "{compared}");
    assert!(compared["panicked"].as_str().unwrap().contains("a number of the beast"));
    // Nothing else is affected.
    server.add("m-3", "b", 1).await;
}

#[tokio::test]
async fn recompute_and_compare_finds_a_wrong_state_and_journals_nothing() {
    let server = Server::new().await;
    for key in ["right", "wrong"] {
        server.add(&format!("{key}-1"), key, 5).await;
        let revised = format!(r#"{{"id":"{key}-1","from":"till","revision":2,"body":["{key}",7]}}"#);
        assert_eq!(server.post("/messages", revised).await.0, 200);
    }
    let events = server.service.status().await.unwrap().events;
    let right = server.post("/keys/right/recompute", "").await;
    assert_eq!(right, (200, json!({ "key": "right", "equal": true, "view": 7 })));
    let wrong = server.post("/keys/wrong/recompute", "").await;
    let expected = json!({ "key": "wrong", "equal": false, "differ": ["view"], "carried": 12, "recomputed": 7 });
    assert_eq!(wrong, (200, expected));
    assert_eq!(server.service.status().await.unwrap().events, events);
}
