//! The console: the service as pages for people, made on the server, without scripts.
//!
//! The pages and their style are part of the program. All links are relative, so the console also works under a path.
//! Its pages are in [`PAGES`], a table of their own: they are for browsers, so the OpenAPI document does not have them.

mod diff;
mod event;
mod find;
mod key;
mod knob;
mod login;
mod overview;
mod page;
mod session;

use std::collections::BTreeMap;
use std::sync::Arc;

use afresh_check::Subject;
use axum::Router;
use axum::body::Body;
use axum::extract::{OriginalUri, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};

use super::access::{Caller, Role, address, is_cross_site};
use super::failure::Failure;
use super::input::whole;
use super::{Limits, Shared};
use crate::clock::Stopwatch;
use page::{Frame, Notice, render};
use session::{Of, Sessions};

/// A page of the console.
struct Page {
    method: MethodFilter,
    path: &'static str,
    /// The role that a caller needs; `None` if everybody may see the page.
    role: Option<Role>,
    does: Does,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Does {
    Enter,
    Style,
    LogIn,
    LogOut,
    Overview,
    Find,
    Key,
    Recompute,
    Event,
    Waiting,
    Plan,
    Confirm,
}

/// All pages. Those of the console are in one folder.
const PAGES: &[Page] = &[
    get("/", None, Does::Enter),
    get("/console/", Some(Role::Read), Does::Overview),
    get("/console/find", Some(Role::Read), Does::Find),
    get("/console/key", Some(Role::Read), Does::Key),
    post("/console/recompute", Some(Role::Read), Does::Recompute),
    get("/console/event", Some(Role::Read), Does::Event),
    get("/console/waiting", Some(Role::Operate), Does::Waiting),
    post("/console/plan", Some(Role::Operate), Does::Plan),
    post("/console/confirm", Some(Role::Operate), Does::Confirm),
    post("/console/login", None, Does::LogIn),
    post("/console/logout", None, Does::LogOut),
    get("/console/style.css", None, Does::Style),
];

const fn get(path: &'static str, role: Option<Role>, does: Does) -> Page {
    Page { method: MethodFilter::GET, path, role, does }
}

const fn post(path: &'static str, role: Option<Role>, does: Does) -> Page {
    Page { method: MethodFilter::POST, path, role, does }
}

/// The headers of every answer: nothing but its own style, no frame around it, and no copy in any cache.
const HEADERS: [(header::HeaderName, &str); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
];

const STYLE: &str = include_str!("../../../templates/console/style.css");

/// The longest form of somebody who is not known, in bytes.
const LOGIN_MAX: usize = 4 << 10;

/// What every page has.
struct Console<S: Subject> {
    shared: Shared<S>,
    sessions: Arc<Sessions>,
    started: Stopwatch,
}

impl<S: Subject> Clone for Console<S> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), sessions: Arc::clone(&self.sessions), started: self.started }
    }
}

/// The routes of the console.
pub(super) fn routes<S: Subject + 'static>(shared: Shared<S>) -> Router {
    let console = Console { shared, sessions: Arc::default(), started: Stopwatch::start() };
    let mut router = Router::new();
    for page in PAGES {
        let handler = move |State(console): State<Console<S>>, request: Request| answer(console, page, request);
        router = router.route(page.path, on(page.method, handler));
    }
    router.with_state(console).layer(map_response(protected))
}

async fn protected(mut response: Response) -> Response {
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn answer<S: Subject + 'static>(console: Console<S>, page: &'static Page, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    match page.does {
        Does::Style => return ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE).into_response(),
        Does::Enter => return enter(&parts),
        _ => {}
    }
    let visitor = console.visitor(&parts);
    let failure = match console.page(page, &parts, body, &visitor).await {
        Ok(response) => return response,
        Err(failure) => failure,
    };
    let text = failure.fields["error"].as_str().unwrap_or_default();
    let title = if failure.status.is_server_error() { "Failed" } else { "Not done" };
    let notice = Notice { frame: console.frame(title, visitor.as_ref().ok()), text: text.into() };
    render(failure.status, &notice).unwrap_or_else(IntoResponse::into_response)
}

/// Leads to the console. A path without `/` at its end is that of a router that is nested.
fn enter(parts: &Parts) -> Response {
    let path = parts.extensions.get().map_or(parts.uri.path(), |OriginalUri(uri)| uri.path());
    let folder = path.rsplit('/').next().filter(|last| !last.is_empty());
    see(&folder.map_or_else(|| "console/".to_owned(), |folder| format!("{folder}/console/")))
}

/// Leads to another page.
fn see(link: &str) -> Response {
    let link = HeaderValue::from_str(link).unwrap_or(HeaderValue::from_static("./"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, link)]).into_response()
}

/// The fields of a query or of a form.
type Fields = BTreeMap<String, String>;

/// Somebody who looks at the console.
struct Visitor {
    caller: Caller,
    /// The token of their forms.
    form: String,
    /// True if they have a session.
    has_session: bool,
}

/// A request for a page, by a caller who may see it.
struct Asked<'a> {
    parts: &'a Parts,
    visitor: &'a Visitor,
    /// The fields of the query or of the form.
    fields: Fields,
}

impl Asked<'_> {
    /// A field, if it is there and not empty.
    fn get(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())
    }

    /// A field of a link, which has spaces only if they are part of a name.
    fn exact(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    /// A number, if it is there.
    fn number<N: std::str::FromStr>(&self, name: &str) -> Result<Option<N>, Failure> {
        let wrong = |text| Failure::wrong(format!("{name}={text}: expected a number"));
        self.get(name).map(|text| text.parse().map_err(|_| wrong(text))).transpose()
    }

    /// True if the page shall cut nothing.
    fn whole(&self) -> bool {
        self.get("whole").is_some()
    }
}

fn may_operate(caller: &Caller) -> bool {
    caller.roles.iter().any(|role| role.includes(Role::Operate))
}

impl<S: Subject + 'static> Console<S> {
    async fn page(
        &self,
        page: &Page,
        parts: &Parts,
        body: Body,
        visitor: &Result<Visitor, Failure>,
    ) -> Result<Response, Failure> {
        let access = &self.shared.access;
        let is_post = page.method == MethodFilter::POST;
        match page.does {
            Does::LogIn => return login::log_in(self, parts, &self.form(parts, body, LOGIN_MAX).await?),
            Does::LogOut => return login::log_out(self, parts, &self.form(parts, body, LOGIN_MAX).await?),
            _ => {}
        }
        let visitor = match visitor {
            Ok(visitor) => visitor,
            // Somebody who comes without a session has tried nothing yet.
            Err(why)
                if why.status == StatusCode::UNAUTHORIZED && !parts.headers.contains_key(header::AUTHORIZATION) =>
            {
                return match access.has_tokens() {
                    true => login::ask(self, parts, "", page.does),
                    false => Err(why.clone()),
                };
            }
            Err(why) => return access.refuse(parts, "", why.clone()),
        };
        if let Some(role) = page.role {
            access.allow(parts, role, Ok(visitor.caller.clone()))?;
        }
        let most = self.shared.limits.message_max;
        let fields = if is_post { self.form(parts, body, most).await? } else { query(parts) };
        if is_post {
            let session = self.session(parts);
            let name = &visitor.caller.name;
            let owner = session.as_ref().map_or(Of::Caller(name), |(id, _)| Of::Session(id));
            self.check_form(parts, &fields, Some(owner), name)?;
        }
        let asked = Asked { parts, visitor, fields };
        match page.does {
            Does::Overview => overview::show(self, &asked).await,
            Does::Find => find::show(self, &asked).await,
            Does::Key => key::show(self, &asked, false).await,
            Does::Recompute => key::show(self, &asked, true).await,
            Does::Event => event::show(self, &asked).await,
            Does::Waiting => knob::waiting(self, &asked),
            Does::Plan => knob::plan(self, &asked).await,
            Does::Confirm => knob::confirm(self, &asked).await,
            Does::Enter | Does::Style | Does::LogIn | Does::LogOut => Err(not_from_here()),
        }
    }

    /// The caller of a request: that of its session or, without one, whom the routes for programs would let in.
    fn caller(&self, parts: &Parts) -> Result<Caller, Failure> {
        match self.session(parts) {
            Some((_, caller)) => Ok(caller),
            None => self.shared.access.caller(parts),
        }
    }

    /// The id and the caller of the session of a request.
    fn session(&self, parts: &Parts) -> Option<(String, Caller)> {
        let id = self.sessions.cookie(parts)?;
        let caller = self.sessions.caller(&id, self.started.elapsed())?;
        Some((id, caller))
    }

    fn visitor(&self, parts: &Parts) -> Result<Visitor, Failure> {
        let caller = self.caller(parts)?;
        let session = self.session(parts);
        let form = match &session {
            Some((id, _)) => self.sessions.form(Of::Session(id))?,
            None => self.sessions.form(Of::Caller(&caller.name))?,
        };
        Ok(Visitor { caller, form, has_session: session.is_some() })
    }

    /// Reads a form of at most `most` bytes.
    async fn form(&self, parts: &Parts, body: Body, most: usize) -> Result<Fields, Failure> {
        let is_form = |headers: &HeaderMap| {
            let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
            kind.split(';').next().is_some_and(|kind| kind.trim() == "application/x-www-form-urlencoded")
        };
        if !is_form(&parts.headers) {
            return Err(Failure::wrong("expected a form of the console, as application/x-www-form-urlencoded"));
        }
        let limits = Limits { message_max: most, array_max: most, ..self.shared.limits };
        let text = whole(body, &limits).await?;
        Ok(form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    /// Refuses a form that does not come from a page of this console, as its owner saw it.
    fn check_form(&self, parts: &Parts, fields: &Fields, owner: Option<Of<'_>>, name: &str) -> Result<(), Failure> {
        let token = fields.get("form").map_or("", String::as_str);
        let is_own = owner.map_or(Ok(false), |owner| self.sessions.is_form(owner, token))?;
        if is_own && !is_cross_site(parts) {
            return Ok(());
        }
        self.shared.access.refuse(parts, name, not_from_here())
    }

    /// The frame of a page.
    fn frame(&self, title: &str, visitor: Option<&Visitor>) -> Frame {
        Frame {
            title: title.into(),
            system: self.shared.service.name().into(),
            caller: visitor.map(|visitor| visitor.caller.name.as_str()).unwrap_or_default().into(),
            may_operate: visitor.is_some_and(|visitor| may_operate(&visitor.caller)),
            may_log_out: visitor.is_some_and(|visitor| visitor.has_session),
            form: visitor.map(|visitor| visitor.form.clone()).unwrap_or_default(),
        }
    }

    /// The name that the journal records for a caller.
    fn by(&self, asked: &Asked<'_>) -> afresh_core::Name {
        asked.visitor.caller.by(address(asked.parts))
    }
}

fn not_from_here() -> Failure {
    let error = "this form is too old, or does not come from this console: go back, open the page again, and try again";
    Failure::new(StatusCode::FORBIDDEN, error)
}

fn query(parts: &Parts) -> Fields {
    form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned().collect()
}
