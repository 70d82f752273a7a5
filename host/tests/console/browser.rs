//! A client that keeps cookies and fills in forms, as a browser does.

use std::collections::BTreeMap;

use regex::Regex;
use reqwest::header::{COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Url};
use tokio_rustls::rustls::crypto::ring;

/// A browser without scripts, which shows one page at a time.
pub(crate) struct Browser {
    client: Client,
    pub(crate) url: Url,
    pub(crate) cookies: BTreeMap<String, String>,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) html: String,
}

impl Browser {
    /// Opens a page.
    pub(crate) async fn open(url: &str) -> Self {
        // This fails for all tests but the first.
        let _ = ring::default_provider().install_default();
        let client = Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        let (cookies, headers) = (BTreeMap::new(), HeaderMap::new());
        let mut browser = Self { client, url: url.parse().unwrap(), cookies, status: 0, headers, html: String::new() };
        browser.go(url).await;
        browser
    }

    /// Follows a link of the page.
    pub(crate) async fn go(&mut self, link: &str) -> &str {
        let url = self.url.join(link).unwrap();
        self.send(Method::GET, url, &[]).await
    }

    /// Sends a form of the page, with these fields beside its token.
    pub(crate) async fn submit(&mut self, action: &str, fields: &[(&str, &str)]) -> &str {
        let form = self.field("form");
        let mut fields = fields.to_vec();
        fields.push(("form", &form));
        self.submit_only(action, &fields).await
    }

    /// Sends a form with these fields alone.
    pub(crate) async fn submit_only(&mut self, action: &str, fields: &[(&str, &str)]) -> &str {
        let url = self.url.join(action).unwrap();
        self.send(Method::POST, url, fields).await
    }

    async fn send(&mut self, method: Method, url: Url, fields: &[(&str, &str)]) -> &str {
        let (mut method, mut url) = (method, url);
        for _ in 0..5 {
            let cookies: Vec<_> = self.cookies.iter().map(|(name, id)| format!("{name}={id}")).collect();
            let mut request = self.client.request(method.clone(), url.clone());
            if !cookies.is_empty() {
                request = request.header(COOKIE, cookies.join("; "));
            }
            if method == Method::POST {
                let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
                request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
            }
            let response = request.send().await.unwrap();
            self.status = response.status().as_u16();
            self.headers = response.headers().clone();
            self.url = url.clone();
            if let Some(cookie) = self.headers.get(SET_COOKIE) {
                let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
                match rest.split(';').next().unwrap() {
                    "" => self.cookies.remove(name),
                    id => self.cookies.insert(name.to_owned(), id.to_owned()),
                };
            }
            self.html = response.text().await.unwrap();
            match self.headers.get(LOCATION) {
                Some(link) => (method, url) = (Method::GET, url.join(link.to_str().unwrap()).unwrap()),
                None => break,
            }
        }
        &self.html
    }

    /// The value of a field of the page, such as a hidden one.
    pub(crate) fn field(&self, name: &str) -> String {
        let field = Regex::new(&format!("name=\"{name}\" value=\"([^\"]*)\"")).unwrap();
        let found = field.captures(&self.html).unwrap_or_else(|| panic!("no field {name}: {}", self.html));
        unescape(&found[1])
    }

    /// The value of the button with this text.
    pub(crate) fn button(&self, text: &str) -> String {
        let button = Regex::new(&format!("<button name=\"knob\" value=\"([^\"]*)\">{text}</button>")).unwrap();
        let found = button.captures(&self.html).unwrap_or_else(|| panic!("no button {text}: {}", self.html));
        unescape(&found[1])
    }

    /// The text of the page as people read it, without the times.
    pub(crate) fn text(&self) -> String {
        let body = self.html.split_once("<main").map_or(self.html.as_str(), |(_, main)| main);
        let body = Regex::new("<time>[^<]*</time>").unwrap().replace_all(body, "");
        let text = Regex::new("<[^>]*>").unwrap().replace_all(&body, " ").into_owned();
        unescape(&Regex::new(r"\s+").unwrap().replace_all(&text, " "))
    }
}

fn unescape(html: &str) -> String {
    let text = html.replace("&#34;", "\"").replace("&#39;", "'").replace("&#60;", "<").replace("&#62;", ">");
    text.replace("&#38;", "&")
}
