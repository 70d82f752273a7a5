//! Drives the console of a running service in a browser: an incident from its search to its repair, with the keyboard
//! alone, on a narrow screen; and then every page on narrow and wide screens, light and dark.
//!
//! `tests/console.sh` starts the service and the driver. If `AFRESH_SCREENSHOTS` names a folder, each page is drawn
//! there.

use std::path::PathBuf;

use fantoccini::key::Key;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

/// The width of a narrow screen, in pixels.
const NARROW: u32 = 400;

/// The most presses of the tab key that reach anything on a page.
const TABS_MAX: usize = 200;

/// How often, and with what pauses, a page is asked for something that it does not say yet: for a minute in all.
const TRIES_MAX: u32 = 1200;
const PAUSE: std::time::Duration = std::time::Duration::from_millis(50);

/// What a person needs of every page. Returns a list of what is wrong.
const CHECK: &str = r"
const wrong = [];
const root = document.documentElement;
if (root.scrollWidth > root.clientWidth) wrong.push(`it scrolls sideways: ${root.scrollWidth} of ${root.clientWidth}`);
let level = 0;
for (const heading of document.querySelectorAll('h1, h2, h3, h4')) {
  const next = Number(heading.tagName[1]);
  if (next > level + 1) wrong.push(`the heading ${heading.textContent} skips a level`);
  level = next;
}
if (document.querySelectorAll('h1').length !== 1) wrong.push('it has not one main heading');
for (const field of document.querySelectorAll('input:not([type=hidden]), select'))
  if (field.labels.length === 0) wrong.push(`the field ${field.name} has no label`);
for (const table of document.querySelectorAll('table'))
  if (!table.querySelector('thead th[scope=col]')) wrong.push('a table has no headers');
for (const item of document.querySelectorAll('a, button'))
  if (item.textContent.trim() === '') wrong.push('a link or a button has no text');
for (const { name } of performance.getEntriesByType('resource'))
  if (new URL(name).origin !== location.origin) wrong.push(`it loads ${name}`);
if (getComputedStyle(document.body).marginTop !== '0px') wrong.push('its style is missing');
if (document.querySelectorAll('script').length > 0) wrong.push('it has a script');
const ids = [...document.querySelectorAll('[id]')].map(item => item.id);
if (new Set(ids).size !== ids.length) wrong.push('two parts have the same id');
return wrong;
";

/// Says what has the focus, and whether a person can see that.
const FOCUS: &str = r"
const item = document.activeElement, style = getComputedStyle(item);
const label = item.labels && item.labels.length > 0 ? item.labels[0].textContent : item.textContent;
return { name: label.trim(), visible: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 };
";

struct Browser {
    client: Client,
    base: String,
    /// The folder of the pictures, and what their names begin with.
    pictures: Option<(PathBuf, String)>,
}

impl Browser {
    async fn start(driver: &str, base: &str, width: u32, dark: bool) -> Self {
        let metrics = json!({ "width": width, "height": 800, "pixelRatio": 1.0, "mobile": false, "touch": false });
        let scheme = format!("--blink-settings=preferredColorScheme={}", u8::from(!dark));
        let options = json!({
            "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server", scheme],
            "mobileEmulation": { "deviceMetrics": metrics },
        });
        let mut capabilities = serde_json::Map::new();
        capabilities.insert("goog:chromeOptions".to_owned(), options);
        // The driver is on this machine, so there is no TLS.
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(driver)
            .await
            .expect("the browser starts");
        let folder = std::env::var_os("AFRESH_SCREENSHOTS").map(PathBuf::from);
        let colours = if dark { "dark" } else { "light" };
        let pictures = folder.map(|folder| (folder, format!("{width}-{colours}")));
        Self { client, base: base.to_owned(), pictures }
    }

    async fn open(&self, page: &str) {
        self.client.goto(&format!("{}/{page}", self.base)).await.expect("the page opens");
    }

    async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.expect("the script runs")
    }

    /// The text of the page; empty while another page loads.
    async fn text(&self) -> String {
        const TEXT: &str = "return (document.querySelector('main')?.innerText ?? '').replace(/\\s+/g, ' ')";
        let text = self.client.execute(TEXT, Vec::new()).await.unwrap_or_default();
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Requires that the page says something, after it has had time to load.
    async fn says(&self, part: &str) {
        let mut text = String::new();
        for _ in 0..TRIES_MAX {
            text = self.text().await;
            if text.contains(part) {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("the page does not say `{part}`: {text}");
    }

    /// Requires that people can use the page, and draws it.
    async fn check(&self, name: &str) {
        let url = self.client.current_url().await.expect("there is a page");
        let wrong = self.run(CHECK).await;
        assert_eq!(wrong, json!([]), "{url}");
        if let Some((folder, start)) = &self.pictures {
            let picture = self.client.screenshot().await.expect("a picture is drawn");
            std::fs::write(folder.join(format!("{start}-{name}.png")), picture).expect("the picture is written");
        }
    }

    /// Presses keys.
    async fn press(&self, keys: &str) {
        let focused = self.client.active_element().await.expect("something has the focus");
        focused.send_keys(keys).await.expect("keys are pressed");
    }

    /// Presses the tab key until the link, button or field with this name has the focus.
    async fn reach(&self, name: &str) {
        let mut passed = Vec::new();
        for _ in 0..TABS_MAX {
            self.press(&Key::Tab.to_string()).await;
            let focus = self.run(FOCUS).await;
            assert_eq!(focus["visible"], true, "the focus on `{}` is not visible", focus["name"]);
            if focus["name"] == name {
                return;
            }
            passed.push(focus["name"].to_string());
        }
        panic!("the tab key does not reach `{name}`, only {passed:?}");
    }

    /// Reaches a link or a button, and activates it. Call [`says`](Self::says) to wait for the page that follows.
    async fn activate(&self, name: &str) {
        self.reach(name).await;
        self.press(&Key::Enter.to_string()).await;
    }
}

/// An incident: a key is found, explained, and repaired.
async fn incident(browser: &Browser) {
    browser.open("").await;
    browser.check("start").await;
    browser.reach("Skip to the content").await;
    browser.reach("Key or message").await;
    browser.press(&format!("a-3{}", Key::Enter)).await;
    browser.says("Keys that begin with").await;
    browser.activate("a-3").await;
    browser.says("History").await;
    browser.says("When it arrived, the key sent:").await;
    browser.activate("Recompute and compare").await;
    browser.says("The carried state is wrong in: balance, captured").await;
    browser.check("wrong").await;
    browser.reach("Reason, for the journal").await;
    browser.press("ticket 42").await;
    browser.activate("Plan a trigger").await;
    browser.says("trigger a-3 by local@127.0.0.1: ticket 42").await;
    browser.says("1 sent, 1 withdrawn, 1 healed; 1 key recomputed.").await;
    browser.check("plan").await;
    browser.activate("Confirm: do exactly this").await;
    browser.says("Its effects").await;
    browser.says("trigger a-3 by local@127.0.0.1: ticket 42").await;
    browser.says("withdrawn").await;
    browser.check("done").await;
    browser.activate("a-3").await;
    browser.says("When it arrived, the key sent:").await;
    browser.activate("Recompute and compare").await;
    browser.says("The recomputed state equals the carried state.").await;
    browser.activate("Overview").await;
    browser.says("healed a-3").await;
}

/// All pages, with everything that they can show.
const PAGES: &[(&str, &str)] = &[
    ("overview", "console/"),
    ("find", "console/find"),
    ("found", "console/find?q=a-"),
    ("events", "console/find?kind=in"),
    ("error", "console/find?since=yesterday"),
    ("key", "console/key?name=a-3"),
    ("event", "console/event?n=8"),
    ("output", "console/event?n=9"),
    ("waiting", "console/waiting"),
    ("none", "console/key?name=none"),
];

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let (Some(driver), Some(base)) = (arguments.next(), arguments.next()) else {
        panic!("expected the URL of the driver, and that of the service");
    };
    let narrow = Browser::start(&driver, &base, NARROW, true).await;
    let width = narrow.run("return innerWidth").await;
    assert_eq!(width, NARROW, "the screen is as narrow as it shall be");
    assert_eq!(narrow.run("return matchMedia('(prefers-color-scheme: dark)').matches").await, true);
    incident(&narrow).await;
    narrow.client.close().await.expect("the browser stops");
    for (width, dark) in [(NARROW, false), (NARROW, true), (1280, false), (1280, true)] {
        let browser = Browser::start(&driver, &base, width, dark).await;
        for (name, page) in PAGES {
            browser.open(page).await;
            browser.check(name).await;
        }
        browser.client.close().await.expect("the browser stops");
    }
    println!("the console works in the browser: {} pages, narrow and wide, light and dark", PAGES.len());
}
