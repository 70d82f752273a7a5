//! Who may see and do what: logins, roles, and pages of other sites.

use std::sync::Arc;

use afresh_host::http::{Access, Caller, Limits, Listen, Role, Token, router, serve};
use afresh_host::store::Memory;
use afresh_host::{Options, Receivers, Service};
use axum::Router;
use reqwest::Method;
use reqwest::header::{HeaderMap, SET_COOKIE};

use crate::browser::Browser;
use crate::counters::Counters;
use crate::server::{Server, Setup};

/// A server with a token for each of these roles, called like the role.
async fn guarded(roles: &[Role]) -> (Server, Vec<String>) {
    let made: Vec<_> = roles.iter().map(|role| Token::new(role.name(), vec![*role]).unwrap()).collect();
    let access = Access::new(made.iter().map(|(token, _)| token.clone()).collect());
    let server = Server::with(Setup { access, ..Setup::default() }).await;
    (server, made.into_iter().map(|(_, text)| text).collect())
}

async fn console(server: &Server) -> Browser {
    Browser::open(&format!("http://{}/console/", server.address)).await
}

/// The number of requests that were refused.
async fn refused(server: &Server, token: &str) -> u32 {
    let metrics =
        server.request(Method::GET, "/metrics").bearer_auth(token).send().await.unwrap().text().await.unwrap();
    metrics.lines().find_map(|line| line.strip_prefix("afresh_http_refused_total ")).unwrap().parse().unwrap()
}

fn assert_protected(headers: &HeaderMap, page: &str) {
    for (name, value) in [
        (
            "content-security-policy",
            "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(headers.get(name).map(|value| value.to_str().unwrap()), Some(value), "{name} of {page}");
    }
}

#[tokio::test]
async fn a_form_is_read_only_from_those_who_may_send_it() {
    let (server, _) = guarded(&[Role::Operate]).await;
    let post = async |path: &str, body: Vec<u8>| {
        let form = server.request(Method::POST, path).header("content-type", "application/x-www-form-urlencoded");
        form.body(body).send().await.unwrap().status().as_u16()
    };
    // A body that never ends is refused before it is there.
    let mut endless = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let head = "POST /console/plan HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer none\r\ncontent-type: \
                application/x-www-form-urlencoded\r\ncontent-length: 9999999\r\n\r\n[";
    tokio::io::AsyncWriteExt::write_all(&mut endless, head.as_bytes()).await.unwrap();
    let mut status = [0; 12];
    tokio::io::AsyncReadExt::read_exact(&mut endless, &mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 401");
    assert_eq!(post("/console/login", vec![b'a'; 5000]).await, 413);
    // A short one is read, and does not come from a page of the console.
    assert_eq!(post("/console/login", b"token=none".to_vec()).await, 403);
}

#[tokio::test]
async fn every_answer_is_protected() {
    let server = Server::new().await;
    server.add("m-1", "a", 5).await;
    let mut page = console(&server).await;
    for link in ["./", "find", "key?name=a", "key?name=b", "event?n=1", "event?n=x", "waiting", "style.css"] {
        page.go(link).await;
        assert_protected(&page.headers, link);
    }
    for link in ["plan", "confirm", "recompute", "login", "logout"] {
        page.submit_only(link, &[]).await;
        assert_protected(&page.headers, link);
        page.go(link).await;
        assert_eq!(page.status, 405);
        assert_protected(&page.headers, link);
    }
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let enter = client.get(format!("http://{}/", server.address)).send().await.unwrap();
    assert_eq!((enter.status().as_u16(), enter.headers()["location"].to_str().unwrap()), (303, "console/"));
    assert_protected(enter.headers(), "/");
    let (guarded, _) = guarded(&[Role::Read]).await;
    let login = console(&guarded).await;
    assert_eq!(login.status, 401);
    assert_protected(&login.headers, "the login");
}

#[tokio::test]
async fn a_token_opens_a_session_and_a_logout_ends_it() {
    let (server, tokens) = guarded(&[Role::Operate]).await;
    let mut page = Browser::open(&format!("http://{}/console/find?q=a%20%22b", server.address)).await;
    assert_eq!((page.status, page.field("to").as_str()), (401, "find?q=a%20%22b"));
    let before = page.cookies.clone();
    let to = page.field("to");
    page.submit("login", &[("token", "afresh_0"), ("to", &to)]).await;
    assert!(page.status == 401 && page.text().contains("this token is unknown"), "{}", page.text());
    assert!(!page.html.contains("afresh_0"), "no answer repeats a token");
    page.submit("login", &[("token", &format!(" {} ", tokens[0])), ("to", &to)]).await;
    assert_eq!((page.status, page.url.query()), (200, Some("q=a%20%22b")));
    assert!(page.html.contains("<span>operate</span>") && page.cookies != before, "the session has an id of its own");
    let session = page.cookies.clone();
    page.go("./").await;
    page.submit("logout", &[]).await;
    assert!(page.status == 401 && !page.cookies.values().any(|id| session.values().any(|old| old == id)));
    page.cookies = session;
    page.go("./").await;
    assert_eq!(page.status, 401, "the old cookie is of no use");
}

#[tokio::test]
async fn the_cookie_is_for_this_console_alone() {
    let (server, tokens) = guarded(&[Role::Operate]).await;
    let page = console(&server).await;
    let login = server.request(Method::POST, "/console/login");
    let cookies: Vec<_> = page.cookies.iter().map(|(name, id)| format!("{name}={id}")).collect();
    let form = [("token", tokens[0].as_str()), ("form", &page.field("form"))];
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let login = login.header("cookie", cookies.join(";")).header("content-type", "application/x-www-form-urlencoded");
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let answer = client.execute(login.body(body).build().unwrap()).await.unwrap();
    let cookie = answer.headers()[SET_COOKIE].to_str().unwrap();
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    assert_eq!(attributes, "HttpOnly; SameSite=Strict");
    let session = pair.to_owned();
    let request = server.request(Method::GET, "/keys").header("cookie", &session);
    assert_eq!(request.send().await.unwrap().status(), 401, "the routes for programs take no cookie");
    assert_ne!(console(&server).await.cookies, console(&guarded(&[Role::Read]).await.0).await.cookies);
}

#[tokio::test]
async fn over_tls_the_cookie_is_secure() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificates, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    std::fs::write(&certificates, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let tls = Some(afresh_host::http::Tls { certificates, key });
    let listen = Listen { tls, ..Setup::default().listen };
    let (token, _) = Token::new("anna", vec![Role::Read]).unwrap();
    let server = Server::with(Setup { listen, access: Access::new(vec![token]), ..Setup::default() }).await;
    let root = reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).unwrap();
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([root]).resolve("localhost", server.address);
    let url = format!("https://localhost:{}/console/", server.address.port());
    let answer = client.build().unwrap().get(url).send().await.unwrap();
    let cookie = answer.headers()[SET_COOKIE].to_str().unwrap();
    assert!(cookie.ends_with("; HttpOnly; SameSite=Strict; Secure"), "{cookie}");
}

#[tokio::test]
async fn each_role_sees_what_it_may_do() {
    let (server, tokens) = guarded(&[Role::Read, Role::Offer, Role::Operate]).await;
    for (id, body) in [("m-1", r#"["a",5]"#), ("m-2", r#"["q",666]"#)] {
        let message = format!(r#"{{"id":"{id}","from":"till","body":{body}}}"#);
        let offer = server.request(Method::POST, "/messages").bearer_auth(&tokens[1]).body(message);
        assert_eq!(offer.send().await.unwrap().status(), 200);
    }
    let mut page = console(&server).await;
    page.submit("login", &[("token", &tokens[1])]).await;
    assert!(page.status == 403 && page.text().contains("has not the role `read`"), "{}", page.text());
    page.submit("login", &[("token", &tokens[0])]).await;
    assert_eq!(page.status, 200);
    for link in ["./", "find", "key?name=a", "event?n=1", "event?n=2", "event?n=4"] {
        page.go(link).await;
        assert_eq!(page.status, 200);
        assert!(!page.html.contains("action=\"plan\"") && !page.html.contains("href=\"waiting\""), "{link}");
    }
    page.go("waiting").await;
    assert_eq!(page.status, 403);
    page.go("key?name=a").await;
    let before = refused(&server, &tokens[0]).await;
    for action in ["plan", "confirm"] {
        page.go("key?name=a").await;
        page.submit(action, &[("knob", r#"{"trigger":{"keys":["a"]}}"#), ("token", "0")]).await;
        assert!(page.status == 403 && page.text().contains("has not the role `operate`"), "{}", page.text());
    }
    assert_eq!(refused(&server, &tokens[0]).await, before + 2, "every refused attempt is counted");
    page.go("key?name=a").await;
    page.submit("recompute", &[("key", "\"a\"")]).await;
    assert_eq!(page.status, 200, "to read is enough");
    page.go("./").await;
    page.submit("logout", &[]).await;
    page.submit("login", &[("token", &tokens[2])]).await;
    page.go("key?name=a").await;
    assert!(page.html.contains("action=\"plan\"") && page.html.contains("href=\"waiting\""));
}

#[tokio::test]
async fn a_form_of_another_site_does_nothing() {
    let (server, tokens) = guarded(&[Role::Operate]).await;
    let mut page = console(&server).await;
    let early = page.field("form");
    page.submit("login", &[("token", &tokens[0])]).await;
    page.go("waiting").await;
    let mut other = console(&server).await;
    other.submit("login", &[("token", &tokens[0])]).await;
    other.go("waiting").await;
    let (own, foreign) = (page.field("form"), other.field("form"));
    assert_ne!(own, foreign);
    let before = refused(&server, &tokens[0]).await;
    let knob = ("knob", r#"{"scrub":{}}"#);
    for form in [None, Some(""), Some("0"), Some(foreign.as_str()), Some(early.as_str())] {
        for action in ["plan", "confirm", "recompute", "logout"] {
            let fields: Vec<_> = form.map(|form| ("form", form)).into_iter().chain([knob]).collect();
            page.submit_only(action, &fields).await;
            assert_eq!(page.status, 403, "{action} with {form:?}");
        }
    }
    let cookies: Vec<_> = page.cookies.iter().map(|(name, id)| format!("{name}={id}")).collect();
    for (name, value) in [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "http://evil")]
    {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs([knob, ("form", &own)]).finish();
        let request = server.request(Method::POST, "/console/plan").header("cookie", cookies.join(";")).body(body);
        let request = request.header("content-type", "application/x-www-form-urlencoded").header(name, value);
        assert_eq!(request.send().await.unwrap().status(), 403, "{name}: {value}");
    }
    assert!(refused(&server, &tokens[0]).await >= before + 23, "every refused attempt is counted");
    page.submit_only("plan", &[knob, ("form", &own)]).await;
    assert_eq!(page.status, 200, "{}", page.text());
    let text = server.request(Method::POST, "/console/plan").header("cookie", cookies.join(";")).body("{}");
    assert_eq!(text.send().await.unwrap().status(), 400, "only forms are read");
    // Another site can make a browser log in only if it knows the token of the form, which goes with the cookie.
    let mut victim = console(&server).await;
    victim.submit_only("login", &[("token", &tokens[0]), ("form", &early)]).await;
    assert_eq!(victim.status, 403);
    victim.cookies.clear();
    victim.submit_only("login", &[("token", &tokens[0]), ("form", &early)]).await;
    assert_eq!(victim.status, 403);
}

#[tokio::test]
async fn without_tokens_forms_have_a_token_too() {
    let server = Server::new().await;
    let mut page = Browser::open(&format!("http://{}/console/waiting", server.address)).await;
    let form = page.field("form");
    page.submit_only("plan", &[("knob", r#"{"scrub":{}}"#)]).await;
    assert_eq!(page.status, 403);
    page.submit_only("plan", &[("knob", r#"{"scrub":{}}"#), ("form", &form)]).await;
    assert_eq!(page.status, 200, "{}", page.text());
    for host in ["evil.example", ""] {
        let answer = server.request(Method::GET, "/console/").header("host", host).send().await.unwrap();
        assert_eq!(answer.status(), 403, "a name of another site that leads here");
        assert!(!answer.text().await.unwrap().contains(&form));
    }
}

#[tokio::test]
async fn failed_logins_are_bounded() {
    let (server, tokens) = guarded(&[Role::Read]).await;
    let mut page = console(&server).await;
    for _ in 0..10 {
        page.submit("login", &[("token", "afresh_1")]).await;
        assert_eq!(page.status, 401);
    }
    page.submit("login", &[("token", &tokens[0])]).await;
    assert!(page.status == 429 && page.text().contains("wait a minute"), "{}", page.text());
    assert_eq!(refused(&server, &tokens[0]).await, 11);
}

#[tokio::test]
async fn a_service_around_nests_the_console_and_knows_its_callers() {
    let service = Service::open(Counters, Box::new(Memory::new()), Receivers::new(), Options::new("counters")).unwrap();
    let access = Access::default()
        .or(|request| request.headers.get("x-user").map(|_| Caller { name: "eve".into(), roles: vec![Role::Operate] }));
    let open = Arc::new(Access::default());
    let access = Arc::new(access);
    let routes = router(service.clone(), Arc::clone(&open), Limits::default());
    let recognized = router(service, Arc::clone(&access), Limits::default());
    let around = Router::new().nest("/ops/afresh", routes).nest("/mine", recognized);
    let listen = Setup::default().listen;
    let serving = serve(listen, &open, around, std::future::pending()).await.unwrap();
    let base = format!("http://{}", serving.address());
    let mut page = Browser::open(&format!("{base}/ops/afresh")).await;
    assert_eq!((page.status, page.url.path()), (200, "/ops/afresh/console/"));
    for link in ["./", "find", "waiting", "style.css"] {
        page.go(link).await;
        assert_eq!(page.status, 200, "{link}");
    }
    page.go("waiting").await;
    page.submit("plan", &[("all", "rejected")]).await;
    assert_eq!((page.status, page.url.path()), (200, "/ops/afresh/console/plan"));
    assert!(!page.html.contains("=\"/"), "no link begins at the root: {}", page.html);
    let stranger = Browser::open(&format!("{base}/mine/console/")).await;
    assert!(stranger.status == 401 && !stranger.html.contains("action=\"login\""), "{}", stranger.html);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let known = client.get(format!("{base}/mine/console/")).header("x-user", "1").send().await.unwrap();
    assert!(known.text().await.unwrap().contains("<span>eve</span>"));
}

/// A service that serves the router without telling it who calls lets nobody in.
#[tokio::test]
async fn a_router_that_does_not_know_its_callers_lets_nobody_in() {
    let service = Service::open(Counters, Box::new(Memory::new()), Receivers::new(), Options::new("counters")).unwrap();
    let routes = router(service, Arc::new(Access::default()), Limits::default());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move { axum::serve(listener, routes).await });
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for path in ["keys/a", "console/", "knobs/plan"] {
        let answer = client.get(format!("http://{address}/{path}")).header("host", "localhost").send().await.unwrap();
        let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
        assert!([401, 403, 405].contains(&status), "{path}: {status} {text}");
    }
    let answer = client.get(format!("http://{address}/keys/a")).header("host", "localhost").send().await.unwrap();
    assert!(answer.text().await.unwrap().contains("into_make_service_with_connect_info"));
    serving.abort();
}
