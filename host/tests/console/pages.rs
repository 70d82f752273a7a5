//! The pages: what they show, and that nothing from outside becomes a part of them.

use afresh_host::Options;
use afresh_host::http::{Access, Role, Token};
use serde_json::json;

use crate::browser::Browser;
use crate::server::{Server, Setup};

const EVIL: &str = r#"<script>alert("1")</script>'&"#;

async fn browse(server: &Server, page: &str) -> Browser {
    Browser::open(&format!("http://{}/console/{page}", server.address)).await
}

#[tokio::test]
async fn the_overview_says_what_is_going_on() {
    let server = Server::new().await;
    server.add("m-1", "a", 5).await;
    server.add("m-2", "q", 666).await;
    assert_eq!(server.post("/messages", crate::server::message("m-1", "a", 6)).await.0, 409);
    let page = Browser::open(&format!("http://{}/", server.address)).await;
    assert_eq!((page.status, page.url.path()), (200, "/console/"));
    let text = page.text();
    for part in [
        "events 6",
        "durable 6",
        "keys 2",
        "store memory:",
        "shop 1 0 The service does not know where this receiver is.",
        "q assertion",
        "6 rejected caused by 5 conflict: event 1 has this revision with another body",
        "conflicts among them 1",
    ] {
        assert!(text.contains(part), "{part} is missing: {text}");
    }
    assert!(!page.headers.contains_key("refresh"));
    assert_eq!(browse(&server, "?refresh=true").await.headers["refresh"], "5");
}

#[tokio::test]
async fn a_key_is_found_with_its_history_the_newest_first() {
    let server = Server::new().await;
    for number in 1..=12 {
        server.add(&format!("m-{number}"), "acc/1", number).await;
    }
    server.add("n-1", "acc/2", 1).await;
    let mut page = browse(&server, "find?q=acc/").await;
    assert!(page.text().contains("acc/1 acc/2") && page.text().contains("Events None."), "{}", page.text());
    page.go("key?name=acc%2F1").await;
    let text = page.text();
    assert!(text.contains("3–12 of 12 messages") && !text.contains("m-2 from till"), "{text}");
    let (newest, oldest) = (text.find("m-12 from till").unwrap(), text.find("m-3 from till").unwrap());
    assert!(newest < oldest && text.contains("- 66 + 78") && text.contains("sum shop 12 no 78"), "{text}");
    page.go("key?name=acc%2F1&before=3").await;
    let text = page.text();
    assert!(text.contains("1–2 of 12 messages") && text.contains("m-1 from till") && text.contains("Newer messages"));
    page.go("key?name=none").await;
    assert!(page.status == 404 && page.text().contains("there is no key `none`"), "{}", page.text());
    page.go("key?name=acc%2F1&before=x").await;
    assert!(page.status == 400 && page.text().contains("before=x: expected a number"), "{}", page.text());
}

#[tokio::test]
async fn keys_and_events_are_found_in_pages() {
    let server = Server::new().await;
    for number in 100..160 {
        server.add(&format!("m-{number}"), &format!("k-{number}"), 1).await;
    }
    let mut page = browse(&server, "find?q=k-").await;
    assert!(page.text().contains("k-149 More keys") && !page.text().contains("k-150"));
    page.go("find?q=k-&after_key=k-149").await;
    assert!(page.text().contains("k-150") && page.text().contains("k-159") && !page.text().contains("More keys"));
    page.go("find?kind=in").await;
    assert!(page.text().contains("m-159 from till") && page.text().contains("Older events"));
    let older = page.html.split("href=\"find?").find(|link| link.contains("after=")).unwrap();
    let older = format!("find?{}", older.split('"').next().unwrap().replace("&#38;", "&"));
    page.go(&older).await;
    assert!(page.text().contains("m-100 from till") && !page.text().contains("m-159"), "{}", page.text());
    // The first link of a page for everything has no conditions.
    page.go("find?q=").await;
    assert!(page.text().contains("k-149 More keys"));
    page.go("find?after_key=k-149").await;
    assert!(page.text().contains("k-159"), "{}", page.text());
    page.go("find?after=100").await;
    assert!(page.text().contains("99 in m-149"), "{}", page.text());
    server.add("m@shop", "k-100", 1).await;
    page.go("find?q=m@shop").await;
    assert!(page.text().contains("in m@shop from till"), "{}", page.text());
    page.go("find?since=1764547200").await;
    assert!(page.status == 400 && page.text().contains("simulated time in milliseconds"), "{}", page.text());
    page.go("find?id=m-100&from=till&key=k-100").await;
    assert!(page.text().contains("1 in m-100 from till k-100"), "{}", page.text());
    for (query, error) in
        [("since=yesterday", "since=yesterday:"), ("kind=inn", "unknown kind `inn`"), ("kind=in&after=x", "after=x")]
    {
        page.go(&format!("find?{query}")).await;
        assert!(page.status == 400 && page.text().contains(error), "{query}: {}", page.text());
    }
}

#[tokio::test]
async fn an_event_leads_to_its_cause_and_its_effects() {
    let server = Server::new().await;
    server.add("m-1", "a", 5).await;
    let mut page = browse(&server, "event?n=1").await;
    assert!(page.text().contains("Its effects 2 out a/sum to shop a caused by 1"), "{}", page.text());
    page.go("event?n=2").await;
    assert!(page.text().contains("Its cause 1 in m-1 from till a"), "{}", page.text());
    for (n, status) in [("3", 404), ("0", 400), ("x", 400), ("", 400)] {
        page.go(&format!("event?n={n}")).await;
        assert_eq!(page.status, status, "{n}");
    }
}

#[tokio::test]
async fn a_key_is_recomputed_and_compared() {
    let server = Server::new().await;
    server.add("m-1", "a", 5).await;
    let mut page = browse(&server, "key?name=a").await;
    page.submit("recompute", &[("key", "\"a\"")]).await;
    assert!(page.text().contains("The recomputed state equals the carried state."), "{}", page.text());
    // The code of the system counts a revision of a message to this key once more.
    server.add("w-1", "wrong", 5).await;
    let revised = json!({ "id": "w-1", "from": "till", "revision": 2, "body": ["wrong", 7] });
    assert_eq!(server.post("/messages", revised.to_string()).await.0, 200);
    page.submit("recompute", &[("key", "\"wrong\"")]).await;
    assert!(
        page.text().contains("The carried state is wrong in:") && page.text().contains("- 12 + 7"),
        "{}",
        page.text()
    );
    server.add("q-1", "q", 666).await;
    page.submit("recompute", &[("key", "\"q\"")]).await;
    let text = page.text();
    assert!(text.contains("Quarantined: assertion") && text.contains("The code panicked: assertion"), "{text}");
    assert!(text.contains("The code panicked on the next message"), "{text}");
}

#[tokio::test]
async fn long_bodies_are_cut_with_a_link_to_the_whole() {
    let server = Server::new().await;
    let key = "k".repeat(5000);
    server.add("m-1", &key, 5).await;
    let mut page = browse(&server, "event?n=1").await;
    assert!(!page.text().contains(&key) && page.text().contains("Show the whole event"));
    page.go("event?n=1&whole=true").await;
    assert!(page.text().contains(&key) && !page.text().contains("Show the whole event"));
}

#[tokio::test]
async fn nothing_from_outside_becomes_a_part_of_a_page() {
    let (token, text) = Token::new(EVIL, vec![Role::Operate]).unwrap();
    let options = Options { version: EVIL.into(), ..Options::new(EVIL) };
    let setup = Setup { access: Access::new(vec![token]), options, ..Setup::default() };
    let server = Server::with(setup).await;
    let offer = |body: serde_json::Value| {
        server.request(reqwest::Method::POST, "/messages").bearer_auth(&text).body(body.to_string()).send()
    };
    for (id, number) in [("1", 5), ("2", 0), ("3", 666)] {
        offer(
            json!({ "id": format!("{EVIL}{id}"), "from": EVIL, "body": [format!("{EVIL}{}", number / 666), number] }),
        )
        .await
        .unwrap();
    }
    let mut page = browse(&server, "").await;
    page.submit("login", &[("token", EVIL), ("to", &format!("key?name=\"{EVIL}"))]).await;
    assert!(page.status == 401 && page.html.contains("&#60;script&#62;") && !page.html.contains("<script"));
    page.submit("login", &[("token", &text), ("to", EVIL)]).await;
    assert_eq!(page.status, 200, "{}", page.html);
    let evil: String = form_urlencoded::byte_serialize(EVIL.as_bytes()).collect();
    let id = format!("{evil}1");
    let mut seen = 0;
    let mut check = |page: &Browser| {
        assert!(!page.html.contains("<script") && !page.html.contains("\"1\")"), "{}", page.html);
        assert!(page.html.contains("&#60;script&#62;"), "{}", page.html);
        seen += 1;
    };
    let links = [
        String::new(),
        format!("find?q={evil}"),
        format!("find?q={evil}1&kind={evil}"),
        format!("find?id={id}&from={evil}&to={evil}&key={evil}&since={evil}"),
        "find?kind=in".to_owned(),
        "find?kind=rejected,quarantined,out".to_owned(),
        format!("key?name={evil}0"),
        format!("key?name={evil}1"),
        format!("key?name={evil}"),
        format!("key?name={evil}0&before={evil}"),
        "event?n=1".to_owned(),
        "event?n=2".to_owned(),
        "event?n=3".to_owned(),
        "event?n=6".to_owned(),
        format!("event?n={evil}"),
        "waiting".to_owned(),
    ];
    for link in &links {
        page.go(link).await;
        check(&page);
    }
    page.submit("recompute", &[("key", &json!(format!("{EVIL}1")).to_string())]).await;
    check(&page);
    page.go(&format!("key?name={evil}0")).await;
    let knob = page.button("Plan to turn the flow double on");
    page.submit("plan", &[("knob", &knob), ("why", EVIL)]).await;
    check(&page);
    let fields = ["token", "knob", "why"].map(|name| (name, page.field(name)));
    page.submit("confirm", &fields.each_ref().map(|(name, value)| (*name, value.as_str()))).await;
    assert!(page.text().contains("turn the flow double on for"), "{}", page.text());
    check(&page);
    page.go("waiting").await;
    for all in ["rejected", "quarantined", "unsettled", EVIL] {
        page.submit("plan", &[("all", all), ("why", EVIL)]).await;
        check(&page);
        page.go("waiting").await;
    }
    page.submit("plan", &[("knob", EVIL)]).await;
    page.go(&format!("nothing{evil}")).await;
    assert!(!page.html.contains("<script"));
    assert_eq!(seen, links.len() + 7);
}
