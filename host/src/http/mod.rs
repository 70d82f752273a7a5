//! HTTP: offers a service to other programs, and sends its outputs to URLs.
//!
//! [`router`] makes the routes, to be nested under a path of a service of your own. [`serve`] listens. [`Downstream`]
//! is a receiver at a URL. [`Access`] decides who may do what. `docs/http.md` describes every route.

mod access;
mod client;
mod console;
mod downstream;
mod events;
mod failure;
mod input;
mod keys;
mod knobs;
mod lines;
mod messages;
mod openapi;
mod routes;
mod scan;
mod search;
mod serve;
mod status;

use std::sync::Arc;
use std::time::Duration;

use afresh_check::Subject;
use axum::Router;
use axum::routing::{MethodRouter, on};

pub use access::{Access, Caller, Role, Token, TokenError};
pub use client::{Client, ClientError};
pub use downstream::{Downstream, DownstreamError};
pub use openapi::document as openapi;
pub use routes::{Parameter, ROUTES, Route};
pub use serve::{Listen, ServeError, Serving, Tls, serve};

use routes::Does;

use crate::service::Service;

/// The limits of what a request may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes of one message, in a batch too.
    pub message_max: usize,
    /// The most bytes of a batch that is one JSON array. A batch of JSON Lines has no limit as a whole.
    pub array_max: usize,
    /// The longest pause in the body of a request.
    pub idle_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { message_max: 1 << 20, array_max: 16 << 20, idle_max: Duration::from_secs(30) }
    }
}

/// What every handler has.
struct Shared<S: Subject> {
    service: Service<S>,
    access: Arc<Access>,
    limits: Limits,
}

impl<S: Subject> Clone for Shared<S> {
    fn clone(&self) -> Self {
        let Self { service, access, limits } = self;
        Self { service: service.clone(), access: Arc::clone(access), limits: *limits }
    }
}

/// Makes the routes of a service, and the pages of its console. They can be nested under a path of another router.
///
/// The router learns the address of a client if the server adds [`ConnectInfo`](axum::extract::ConnectInfo) to each
/// request, as [`serve`] does.
pub fn router<S: Subject + 'static>(service: Service<S>, access: Arc<Access>, limits: Limits) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        let handler = access::guarded(handler::<S>(route), &access, route.role);
        router = router.route(route.path, handler);
    }
    let shared = Shared { service, access, limits };
    let router = router.fallback(failure::no_such_route).method_not_allowed_fallback(failure::no_such_method);
    router.with_state(shared.clone()).merge(console::routes(shared))
}

/// The handler of a route.
fn handler<S: Subject + 'static>(route: &Route) -> MethodRouter<Shared<S>> {
    let method = route.filter();
    match route.does {
        Does::Offer => on(method, messages::offer::<S>),
        Does::Search => on(method, search::search::<S>),
        Does::Keys => on(method, keys::keys::<S>),
        Does::Key => on(method, keys::key::<S>),
        Does::History => on(method, keys::history::<S>),
        Does::Recompute => on(method, keys::recompute::<S>),
        Does::Events => on(method, events::events::<S>),
        Does::Live => on(method, events::live::<S>),
        Does::Export => on(method, events::export::<S>),
        Does::Plan => on(method, knobs::plan::<S>),
        Does::Confirm => on(method, knobs::confirm::<S>),
        Does::Status => on(method, status::status::<S>),
        Does::Health => on(method, status::health),
        Does::Ready => on(method, status::ready::<S>),
        Does::Metrics => on(method, status::metrics::<S>),
        Does::OpenApi => on(method, openapi::answer),
    }
}
