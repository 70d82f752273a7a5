//! Logging in to the console with a token, and out.

use afresh_check::Subject;
use askama::Template;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use super::page::{Frame, Visible, render};
use super::session::{Of, random_id};
use super::{Console, Does, Fields, PAGES, see};
use crate::http::access::{Role, address};
use crate::http::failure::Failure;

#[derive(Template)]
#[template(path = "console/login.html")]
struct Login {
    frame: Frame,
    /// Why the last login failed.
    error: Visible,
    /// The token of this form.
    form: String,
    /// The page to go to: a link within the console.
    to: String,
}

/// Asks for a token, and then goes to the page that was asked for.
pub(super) fn ask<S: Subject + 'static>(
    console: &Console<S>,
    parts: &Parts,
    error: &str,
    does: Does,
) -> Result<Response, Failure> {
    let page = PAGES.iter().find(|page| page.does == does && page.method == axum::routing::MethodFilter::GET);
    let to = page.map_or_else(
        || "./".to_owned(),
        |page| {
            let name = page.path.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("./");
            parts.uri.query().map_or_else(|| name.to_owned(), |query| format!("{name}?{query}"))
        },
    );
    form(console, parts, StatusCode::UNAUTHORIZED, error, to)
}

fn form<S: Subject + 'static>(
    console: &Console<S>,
    parts: &Parts,
    status: StatusCode,
    error: &str,
    to: String,
) -> Result<Response, Failure> {
    // The form belongs to this browser: its token fits only the cookie that comes with it.
    let id = console.sessions.cookie(parts).map_or_else(random_id, Ok)?;
    let login = Login {
        frame: console.frame("Log in", None),
        error: error.into(),
        form: console.sessions.form(Of::Session(&id))?,
        to,
    };
    with_cookie(console, parts, &id, render(status, &login)?)
}

/// Begins a session for the owner of a token.
pub(super) fn log_in<S: Subject + 'static>(
    console: &Console<S>,
    parts: &Parts,
    fields: &Fields,
) -> Result<Response, Failure> {
    let (access, sessions, now) = (&console.shared.access, &console.sessions, console.started.elapsed());
    let field = |name: &str| fields.get(name).map_or("", |text| text.trim());
    let before = sessions.cookie(parts);
    console.check_form(parts, fields, before.as_deref().map(Of::Session), "")?;
    let to = within(field("to"));
    let address = address(parts);
    if !sessions.may_try(address, now) {
        let failure = Failure::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too many logins from this address failed: wait a minute, and try again",
        );
        return access.refuse(parts, "", failure);
    }
    let unknown = || Failure::new(StatusCode::UNAUTHORIZED, "this token is unknown");
    let owner = access.owner(field("token")).ok_or_else(unknown);
    // A token that may not read the pages is of no use here.
    match access.allow(parts, Role::Read, owner) {
        Ok(caller) => {
            before.iter().for_each(|id| sessions.end(id));
            let id = sessions.begin(caller, now)?;
            with_cookie(console, parts, &id, see(&to))
        }
        Err(failure) => {
            sessions.failed(address, now);
            let error = failure.fields["error"].as_str().unwrap_or_default();
            form(console, parts, failure.status, error, to)
        }
    }
}

/// Ends a session.
pub(super) fn log_out<S: Subject + 'static>(
    console: &Console<S>,
    parts: &Parts,
    fields: &Fields,
) -> Result<Response, Failure> {
    let id = console.sessions.cookie(parts);
    console.check_form(parts, fields, id.as_deref().map(Of::Session), "")?;
    id.iter().for_each(|id| console.sessions.end(id));
    with_cookie(console, parts, "", see("./"))
}

/// Returns a link if it leads to a page of the console, and the overview if not.
fn within(to: &str) -> String {
    let name = to.split('?').next().unwrap_or_default();
    let is_page = PAGES.iter().any(|page| page.path.strip_prefix("/console/").is_some_and(|page| page == name));
    if is_page && !name.is_empty() { to.to_owned() } else { "./".to_owned() }
}

fn with_cookie<S: Subject + 'static>(
    console: &Console<S>,
    parts: &Parts,
    id: &str,
    mut response: Response,
) -> Result<Response, Failure> {
    let cookie = console.sessions.set_cookie(parts, id)?;
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::within;

    #[test]
    fn a_login_leads_to_no_other_site() {
        assert_eq!(within("key?name=a"), "key?name=a");
        for other in ["", "//evil.example", "https://evil.example", "/", "key/../../x", "\\evil", "key\n"] {
            assert_eq!(within(other), "./");
        }
    }
}
