//! [`Access`]: who may call which route.

mod token;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use afresh_core::Name;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use prometheus_client::metrics::counter::Counter;

pub use token::{Role, Token, TokenError};

use super::failure::Failure;

/// Decides who may call which route.
///
/// Without tokens, everything is allowed to callers on the same machine, and nothing to others.
#[derive(Default)]
pub struct Access {
    tokens: Vec<Token>,
    others: Option<Box<Recognize>>,
    refused: Counter,
}

/// Recognizes a caller from a request without a token.
type Recognize = dyn Fn(&Parts) -> Option<Caller> + Send + Sync;

/// Somebody who calls, and who may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The name under which the journal records what they do.
    pub name: String,
    /// What they may do.
    pub roles: Vec<Role>,
}

impl Caller {
    /// The name that the journal records: `NAME@ADDRESS`.
    pub(super) fn by(&self, address: Option<IpAddr>) -> Name {
        match address {
            Some(address) => format!("{}@{}", self.name, address.to_canonical()).into(),
            None => self.name.as_str().into(),
        }
    }
}

impl Access {
    /// Allows what the roles of these tokens allow. Without any, allows everything, but only on this machine.
    pub fn new(tokens: Vec<Token>) -> Self {
        Self { tokens, ..Self::default() }
    }

    /// Also asks `recognize` about requests without a token, such as those with a cookie of the service around.
    ///
    /// A caller that is recognized is known by name, so callers on other machines are then allowed too.
    #[must_use]
    pub fn or(mut self, recognize: impl Fn(&Parts) -> Option<Caller> + Send + Sync + 'static) -> Self {
        self.others = Some(Box::new(recognize));
        self
    }

    /// Returns true if nobody needs a token, so that only callers on this machine are allowed.
    pub fn is_open(&self) -> bool {
        self.tokens.is_empty() && self.others.is_none()
    }

    /// The number of attempts that were refused.
    pub(super) fn refused(&self) -> &Counter {
        &self.refused
    }

    /// Returns the caller of a request, if they may do what needs this role.
    fn admit(&self, request: &Parts, role: Role) -> Result<Caller, Failure> {
        self.allow(request, role, self.caller(request))
    }

    /// Returns the caller if they may do what needs this role. Counts and logs the refusal if not.
    pub(super) fn allow(
        &self,
        request: &Parts,
        role: Role,
        caller: Result<Caller, Failure>,
    ) -> Result<Caller, Failure> {
        let (why, name) = match caller {
            Ok(caller) if caller.roles.iter().any(|has| has.includes(role)) => return Ok(caller),
            Ok(caller) => {
                let error = format!("the token `{}` has not the role `{role}` that this needs", caller.name);
                (Failure::new(StatusCode::FORBIDDEN, error), caller.name)
            }
            Err(why) => (why, String::new()),
        };
        self.refuse(request, &name, why)
    }

    /// Refuses a request, counts that, and logs it without any token.
    pub(super) fn refuse<T>(&self, request: &Parts, name: &str, why: Failure) -> Result<T, Failure> {
        self.refused.inc();
        let address = address(request).map(|address| address.to_string()).unwrap_or_default();
        let (method, path) = (request.method.as_str(), request.uri.path());
        let error = why.fields["error"].as_str().unwrap_or_default();
        tracing::warn!(name, address, method, path, "refused: {error}");
        Err(why)
    }

    /// Returns true if callers can have a token.
    pub(super) fn has_tokens(&self) -> bool {
        !self.tokens.is_empty()
    }

    /// The caller of a request.
    pub(super) fn caller(&self, request: &Parts) -> Result<Caller, Failure> {
        let forbidden = |error: &str| Failure::new(StatusCode::FORBIDDEN, error);
        if request.method != Method::GET && is_cross_site(request) {
            return Err(forbidden("this comes from a page of another site, which may change nothing here"));
        }
        if self.is_open() {
            let Some(address) = address(request) else {
                return Err(forbidden(
                    "without tokens, the server must know the addresses of its callers: serve the router with \
                     `into_make_service_with_connect_info::<SocketAddr>()`, or make a token",
                ));
            };
            if !address.to_canonical().is_loopback() {
                return Err(forbidden("without tokens, only callers on the same machine are allowed: make a token"));
            }
            // A page of another site can make its own name lead to this machine.
            if !host(request).is_some_and(|host| is_local(host.host())) {
                return Err(forbidden(
                    "without tokens, the `Host` must be localhost or a loopback address: use that, or make a token",
                ));
            }
            return Ok(Caller { name: "local".into(), roles: vec![Role::Operate] });
        }
        let unknown = |error: &str| Failure::new(StatusCode::UNAUTHORIZED, error);
        match request.headers.get(header::AUTHORIZATION) {
            Some(value) => {
                let value = value.to_str().unwrap_or_default();
                let token = value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
                token.and_then(|(_, token)| self.owner(token.trim())).ok_or_else(|| unknown("this token is unknown"))
            }
            None => self
                .others
                .as_ref()
                .and_then(|recognize| recognize(request))
                .ok_or_else(|| unknown("this needs a token: send the header `Authorization: Bearer afresh_…`")),
        }
    }

    /// The owner of a token.
    pub(super) fn owner(&self, token: &str) -> Option<Caller> {
        // Every hash is compared, and each of them in constant time, so that the time tells nothing.
        let found = self.tokens.iter().fold(None, |found, known| if known.is(token) { Some(known) } else { found });
        found.map(|token| Caller { name: token.name.clone(), roles: token.roles.clone() })
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").field("tokens", &self.tokens).finish_non_exhaustive()
    }
}

/// Lets only callers with a role through to a handler, which then finds the [`Caller`] in the request.
pub(super) fn guarded<T: Clone + Send + Sync + 'static>(
    handler: MethodRouter<T>,
    access: &Arc<Access>,
    role: Option<Role>,
) -> MethodRouter<T> {
    match role {
        Some(role) => handler.layer(from_fn_with_state((Arc::clone(access), role), check)),
        None => handler,
    }
}

async fn check(State((access, role)): State<(Arc<Access>, Role)>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match access.admit(&parts, role) {
        Ok(caller) => {
            parts.extensions.insert(caller);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(why) => why.into_response(),
    }
}

/// The address of the client, if the server says it.
pub(super) fn address(request: &Parts) -> Option<IpAddr> {
    request.extensions.get().map(|ConnectInfo(address): &ConnectInfo<SocketAddr>| address.ip())
}

/// The host and the port that the client wants to talk to.
fn host(request: &Parts) -> Option<Authority> {
    request.uri.authority().cloned().or_else(|| text(&request.headers, header::HOST)?.parse().ok())
}

/// Returns true if a page of another site made a browser send the request.
pub(super) fn is_cross_site(request: &Parts) -> bool {
    if let Some(site) = text(&request.headers, "sec-fetch-site") {
        return !["same-origin", "none"].contains(&site);
    }
    let Some(origin) = request.headers.get(header::ORIGIN) else { return false };
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://")?.1.parse::<Authority>().ok());
    origin.is_none() || origin != host(request)
}

fn text(headers: &HeaderMap, name: impl header::AsHeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// Returns true if a host is this machine by its name, whatever a name server says.
fn is_local(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
