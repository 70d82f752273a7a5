//! Access: tokens and their roles, and what is refused without any.

use std::fs;
use std::net::SocketAddr;

use afresh_host::http::{Access, Caller, Listen, ROUTES, Role, ServeError, Token, serve};
use reqwest::Method;
use serde_json::json;

use crate::server::{Server, Setup, answer, message};

#[tokio::test]
async fn each_role_may_do_what_it_is_for() {
    let made = Role::ALL.map(|role| Token::new(role.name(), vec![role]).unwrap());
    let tokens = made.iter().map(|(token, _)| token.clone()).collect();
    let server = Server::with(Setup { access: Access::new(tokens), ..Setup::default() }).await;
    for route in ROUTES {
        let method: Method = route.method.parse().unwrap();
        let path = route.path.replace("{key}", "a");
        for (token, text) in &made {
            let status = server.request(method.clone(), &path).bearer_auth(text).send().await.unwrap().status();
            let allowed = route.role.is_none_or(|role| token.roles[0] == role || token.roles[0] == Role::Operate);
            assert_eq!(status != 403, allowed, "{} {path} with the role {}", route.method, token.name);
        }
        let status = server.request(method, &path).send().await.unwrap().status();
        assert_eq!(status == 401, route.role.is_some(), "{} {path} without a token", route.method);
    }
    let (_, metrics) = (0, server.request(Method::GET, "/metrics").bearer_auth(&made[0].1).send().await.unwrap());
    let metrics = metrics.text().await.unwrap();
    let refused: u32 =
        metrics.lines().find_map(|line| line.strip_prefix("afresh_http_refused_total ")).unwrap().parse().unwrap();
    assert!(refused > 13, "every refused attempt is counted: {metrics}");
}

#[tokio::test]
async fn a_token_is_asked_for_and_checked() {
    let (token, text) = Token::new("shop", vec![Role::Offer, Role::Read]).unwrap();
    let server = Server::with(Setup { access: Access::new(vec![token]), ..Setup::default() }).await;
    let response = server.request(Method::GET, "/keys").send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.headers()["www-authenticate"].to_str().unwrap()), (401, "Bearer"));
    let mut other = text.clone();
    let last = if other.pop() == Some('0') { '1' } else { '0' };
    other.push(last);
    for (header, status) in [
        (format!("Bearer {text}"), 200),
        (format!("bearer  {text}"), 200),
        (format!("Bearer {other}"), 401),
        (format!("Basic {text}"), 401),
        (text.clone(), 401),
        (String::new(), 401),
    ] {
        let (found, said) = answer(server.request(Method::GET, "/keys").header("authorization", header)).await;
        assert_eq!(found, status);
        assert!(!said.to_string().contains("afresh_") || status == 200, "an answer never repeats a token");
    }
    let offer = server.request(Method::POST, "/messages").bearer_auth(&text).body(message("m-1", "a", 5));
    assert_eq!(answer(offer).await.0, 200);
    let knob = server.request(Method::POST, "/knobs/plan").bearer_auth(&text).body("{}");
    let (status, refused) = answer(knob).await;
    let error = "the token `shop` has not the role `operate` that this needs";
    assert_eq!((status, &refused["error"]), (403, &json!(error)));
}

#[tokio::test]
async fn without_tokens_only_this_machine_is_allowed() {
    let server = Server::new().await;
    for (host, status) in [
        ("localhost:7007", 200),
        ("127.0.0.1", 200),
        ("127.8.8.8:1", 200),
        ("[::1]:7007", 200),
        ("evil.example", 403),
        ("localhost.evil.example", 403),
        ("192.168.0.7:7007", 403),
        ("", 403),
    ] {
        let request = server.request(Method::GET, "/keys").header("host", host);
        assert_eq!(answer(request).await.0, status, "{host}");
    }
    let anywhere = Listen::new(SocketAddr::from(([0, 0, 0, 0], 0)));
    let refused = serve(anywhere, &Access::default(), axum::Router::new(), async {}).await;
    let error = refused.unwrap_err();
    assert!(matches!(error, ServeError::Open(_)) && error.to_string().contains("`afresh token`"), "{error}");
}

#[tokio::test]
async fn a_page_of_another_site_changes_nothing() {
    let server = Server::new().await;
    let own = format!("http://{}", server.address);
    for (headers, status) in [
        (&[("origin", own.as_str())][..], 200),
        (&[("origin", "http://evil.example")], 403),
        (&[("origin", "http://127.0.0.1:1")], 403),
        (&[("origin", "null")], 403),
        (&[("sec-fetch-site", "same-origin"), ("origin", own.as_str())], 200),
        (&[("sec-fetch-site", "none")], 200),
        (&[("sec-fetch-site", "same-site")], 403),
        (&[("sec-fetch-site", "cross-site")], 403),
    ] {
        let offer = server.request(Method::POST, "/messages").body(message("m-1", "a", 5));
        let read = server.request(Method::GET, "/keys");
        let add = |request: reqwest::RequestBuilder| {
            headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
        };
        assert_eq!(answer(add(offer)).await.0, status, "{headers:?}");
        assert_eq!(answer(add(read)).await.0, 200, "reading changes nothing, and the page cannot see the answer");
    }
}

#[tokio::test]
async fn a_service_around_recognizes_its_own_callers() {
    let access = Access::default().or(|request| {
        let cookie = request.headers.get("cookie")?.to_str().ok()?;
        let name = cookie.strip_prefix("session=")?;
        Some(Caller { name: name.into(), roles: vec![Role::Operate] })
    });
    let server = Server::with(Setup { access, ..Setup::default() }).await;
    assert_eq!(server.get("/keys").await.0, 401);
    let request = server.request(Method::POST, "/knobs/plan").header("cookie", "session=eve").body(r#"{"scrub":{}}"#);
    assert_eq!(answer(request).await.1["knob"]["scrub"]["by"], "eve@127.0.0.1");
}

#[test]
fn tokens_are_stored_as_hashes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.jsonl");
    let (anna, text) = Token::new("anna", vec![Role::Operate]).unwrap();
    let (shop, other) = Token::new("shop", vec![Role::Offer, Role::Read]).unwrap();
    assert!(text.len() == "afresh_".len() + 64 && text.starts_with("afresh_") && text != other);
    anna.append(&path).unwrap();
    // A person may have left out the last line end.
    let first = fs::read_to_string(&path).unwrap();
    fs::write(&path, first.trim_end()).unwrap();
    shop.append(&path).unwrap();
    assert_eq!(Token::load(&path).unwrap(), [anna.clone(), shop]);
    let file = fs::read_to_string(&path).unwrap();
    assert!(!file.contains(&text["afresh_".len()..]) && !file.contains("afresh_"), "{file}");
    let error = anna.append(&path).unwrap_err();
    assert!(error.to_string().starts_with("a token with the name `anna` exists"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_file_of_tokens_that_is_wrong_is_said() {
    let hash = "0".repeat(64);
    for (text, error) in [
        ("{\n", "t:1:1: is not JSON: EOF while parsing an object"),
        (r#"{"name":"a","role":[]}"#, "t:1:18: unknown field `role`"),
        (r#"{"name":"a","roles":["write"],"hash":""}"#, "t:1:28: unknown variant `write`, expected one of `read`"),
        (r#"{"name":"a","roles":["read"],"hash":"12"}"#, "t:1:30: the hash is not one: expected 64 hexadecimal digits"),
        (&format!(r#"{{"name":"a","roles":[],"hash":"{hash}"}}"#), "t:1:1: a token needs a role"),
        (&format!(r#"{{"name":"","roles":["read"],"hash":"{hash}"}}"#), "t:1:1: `` cannot be the name of a token"),
        (
            &format!("{0}\n\n{0}", format!(r#"{{"name":"a","roles":["read"],"hash":"{hash}"}}"#)),
            "t:3:1: another token is called `a` too",
        ),
    ] {
        let found = Token::parse("t", text).unwrap_err().to_string();
        assert!(found.starts_with(error) && found.ends_with("make a new token"), "{found}");
    }
    assert!(Token::new("a\nb", vec![Role::Read]).is_err() && Token::new("a", vec![]).is_err());
    let missing = Token::load("no/such/file".as_ref()).unwrap_err().to_string();
    assert!(missing.starts_with("no/such/file: "), "{missing}");
}
