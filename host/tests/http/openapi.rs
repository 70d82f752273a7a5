//! The OpenAPI document and the routes say the same.

use std::collections::BTreeSet;

use afresh_host::http::{ROUTES, openapi};
use reqwest::Method;
use serde_json::Value;

use crate::server::Server;

#[tokio::test]
async fn the_document_and_the_router_have_the_same_routes() {
    let server = Server::new().await;
    let (status, document) = server.get("/openapi.json").await;
    assert_eq!((status, &document), (200, &openapi()));
    let mut described = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in ["get", "post", "put", "delete", "patch"] {
            let method: Method = method.to_uppercase().parse().unwrap();
            let url = path.replace("{key}", "a");
            let status = server.request(method.clone(), &url).send().await.unwrap().status();
            let is_described = operations.get(method.as_str().to_lowercase()).is_some();
            assert_eq!(status != 405, is_described, "{method} {path} is answered with {status}");
            if is_described {
                described.insert((method.as_str().to_owned(), path.clone()));
            }
        }
    }
    let routes = ROUTES.iter().map(|route| (route.method.to_owned(), route.path.to_owned())).collect();
    assert_eq!(described, routes);
    assert_eq!(server.get("/nothing").await.0, 404);
}

#[tokio::test]
async fn the_answers_to_messages_are_as_described() {
    let server = Server::new().await;
    let document = openapi();
    let described = &document["components"]["schemas"]["Answer"]["properties"];
    for (number, status) in [(5, 200), (6, 409), (0, 422)] {
        let id = if number == 0 { "m-2" } else { "m-1" };
        let (found, answer) = server.post("/messages", crate::server::message(id, "a", number)).await;
        assert_eq!(found, status, "{answer}");
        let responses = &document["paths"]["/messages"]["post"]["responses"];
        let schema = &responses[status.to_string()]["content"]["application/json"]["schema"];
        assert!(schema.to_string().contains("#/components/schemas/Answer"), "{status}: {schema}");
        for name in answer.as_object().unwrap().keys() {
            assert!(described.get(name).is_some(), "{name} of {answer}");
        }
    }
    let knobs = &document["components"]["schemas"]["Knob"]["properties"];
    for knob in ["trigger", "scrub", "migrate", "reflow_in", "reflow_out", "reflow"] {
        assert!(knobs.get(knob).is_some(), "{knob}");
    }
}

#[test]
fn every_reference_of_the_document_leads_somewhere() {
    fn references<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str));
                fields.values().for_each(|value| references(value, found));
            }
            Value::Array(values) => values.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let document = openapi();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 10);
    for reference in found {
        assert!(document.pointer(reference.strip_prefix('#').unwrap()).is_some(), "{reference}");
    }
}

#[test]
fn the_reference_has_every_route_and_every_parameter() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/http.md");
    let reference = std::fs::read_to_string(path).unwrap();
    for route in ROUTES {
        let name = format!("`{} {}`", route.method, route.path);
        assert!(reference.contains(&name), "docs/http.md lacks {name}");
        for (parameter, _) in route.parameters {
            assert!(reference.contains(&format!("`{parameter}`")), "docs/http.md lacks the parameter `{parameter}`");
        }
    }
    let known = ROUTES.iter().map(|route| format!("`{} {}`", route.method, route.path)).collect::<Vec<_>>();
    let named =
        reference.split('`').skip(1).step_by(2).filter(|name| name.starts_with("GET /") || name.starts_with("POST /"));
    for name in named {
        assert!(known.contains(&format!("`{name}`")), "docs/http.md has `{name}`, and there is no such route");
    }
}
