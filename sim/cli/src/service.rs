//! The service of one system, with its types.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use afresh_check::Subject;
use afresh_core::Policy;
use afresh_host::http::{self, Access, Downstream, DownstreamError, Limits, Listen, ServeError};
use afresh_host::service::OpenError;
use afresh_host::store::Store;
use afresh_host::{Options, Receivers, Service};
use tokio::runtime::Builder;

/// Everything that a service needs, apart from its system.
pub struct Setup {
    /// The name of the system in the journal.
    pub system: String,
    /// The version of the code, which the journal records at every start.
    pub version: String,
    /// How the state of a key is updated.
    pub policy: Policy,
    /// The store of the journal.
    pub store: Box<dyn Store>,
    /// Where to listen.
    pub listen: Listen,
    /// Who may do what.
    pub access: Access,
    /// The receivers, each with its URL.
    pub receivers: Vec<(String, String)>,
    /// The time within which a receiver must answer.
    pub answer_max: Duration,
    /// The pause between two keys that are scrubbed; `None` to scrub none.
    pub scrub_every: Option<Duration>,
    /// True to start although the code rejects messages that counted, or quarantines keys.
    pub start_anyway: bool,
    /// Returns true when the service must stop.
    pub stop: fn() -> bool,
}

/// A service that takes messages from now on.
#[derive(Clone, Copy, Debug)]
pub struct Ready {
    /// The address on which it listens.
    pub address: SocketAddr,
    /// The number of events in its journal.
    pub events: usize,
}

/// Why a service did not start, or stopped unasked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A world of nodes has no journal.
    #[error("a world of nodes cannot be served: it is a simulation, and has no keys; name a system")]
    World,
    /// The threads of the service cannot start.
    #[error("the threads of the service cannot start: {0}")]
    Threads(std::io::Error),
    /// The store cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The address cannot be listened on.
    #[error(transparent)]
    Listen(#[from] ServeError),
    /// A receiver has no usable URL.
    #[error(transparent)]
    Receiver(#[from] DownstreamError),
    /// Another process has taken over the store, or the store is damaged.
    #[error("the store is lost")]
    Lost,
}

/// The environment variable with the token for receivers.
const TOKEN: &str = "AFRESH_RECEIVER_TOKEN";

/// The pause between two looks at whether the service must stop.
const LOOK: Duration = Duration::from_millis(50);

/// Runs a system as a service until it must stop. Calls `ready` when it takes messages.
pub(crate) fn run<S: Subject + 'static>(
    system: S,
    mut setup: Setup,
    ready: &mut dyn FnMut(Ready),
) -> Result<(), Error> {
    let runtime = Builder::new_multi_thread().enable_all().build().map_err(Error::Threads)?;
    let _entered = runtime.enter();
    let token = std::env::var(TOKEN).ok();
    // Receivers know an output by its sender too, so that stays the same when a version with another name is deployed.
    let header = setup.store.header().map_err(OpenError::from)?;
    let sender = header.map_or_else(|| setup.system.clone(), |header| header.system);
    let mut receivers = Receivers::new();
    for (name, url) in &setup.receivers {
        let downstream = Downstream::new(url, sender.as_str(), token.as_deref(), setup.answer_max)?;
        receivers = receivers.with(name.as_str(), downstream);
    }
    let options = Options {
        version: setup.version,
        policy: setup.policy,
        // The receiver itself gives up first.
        delivery_max: setup.answer_max * 2,
        scrub_every: setup.scrub_every,
        start_anyway: setup.start_anyway,
        ..Options::new(setup.system)
    };
    // A start that fails later has written to the journal.
    setup.listen.check(&setup.access)?;
    let service = Service::open(system, setup.store, receivers, options)?;
    let access = Arc::new(setup.access);
    let router = http::router(service.clone(), Arc::clone(&access), Limits::default());
    runtime.block_on(async {
        let (must_stop, ends) = (setup.stop, service.clone());
        let stop = async move {
            let asked = async {
                while !must_stop() {
                    tokio::time::sleep(LOOK).await;
                }
            };
            tokio::select! {
                () = asked => {}
                () = ends.stopped() => {}
            }
        };
        let serving = http::serve(setup.listen, &access, router, stop).await;
        let serving = match serving {
            Ok(serving) => serving,
            Err(error) => {
                service.stop().await;
                return Err(error.into());
            }
        };
        ready(Ready { address: serving.address(), events: *service.durable().borrow() });
        serving.ended().await;
        service.stop().await;
        if must_stop() { Ok(()) } else { Err(Error::Lost) }
    })
}
