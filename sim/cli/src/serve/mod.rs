//! `afresh serve`: runs a system as a service. `afresh token`: makes tokens for its callers.

mod receiver;
pub(super) mod token;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use afresh_core::Policy;
use afresh_host::http::{Access, Listen, Tls, Token};
use afresh_host::service::OpenError;
use afresh_host::store;
use afresh_program::{Failure, Program};
use afresh_trace::text::{count, escape};
use serde::Serialize;

use crate::console::{CliError, Console, json};
use crate::duration::duration;
use crate::interrupt;
use crate::runner::Systems;
use crate::service::{Error, Ready, Setup};
use crate::source::{Format, path_of_store};
use receiver::Route;

/// Run a system as a service: its journal in a database, messages and knobs over HTTP, a console in the browser.
///
/// The service takes messages at `POST /messages`, and acknowledges each one when it is durable. It sends its outputs
/// to the receivers that `--receiver` names, until they have them. `GET /openapi.json` describes all routes.
#[derive(Clone, Debug, clap::Args)]
#[command(after_long_help = "\
SIGTERM or Ctrl-C stops the service after everything that it has taken is durable. What is not settled is sent again \
at the next start. Only one process at a time can run on a store.

Exit codes: 0 stopped as asked; 1 another process has taken over the store, the store is damaged, or the program of \
the system does not start or answer any more; 2 bad usage, or the service cannot start.")]
pub(super) struct Args {
    /// The system to run.
    system: String,

    /// The URL of the store: `sqlite:PATH`, or `postgres://USER@HOST/DATABASE`. A file that does not exist is made.
    #[arg(long, value_name = "URL", value_parser = path_of_store())]
    store: PathBuf,

    /// The address to listen on. On an address that other machines can reach, `--tokens` is required.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7007")]
    listen: SocketAddr,

    /// Send outputs to this receiver as a POST to URL; repeat the option for more receivers.
    ///
    /// Outputs to a receiver without a URL wait, as unsettled. If the environment variable AFRESH_RECEIVER_TOKEN is
    /// set, each request carries it as `Authorization: Bearer TOKEN`.
    #[arg(long = "receiver", value_name = "NAME=URL")]
    receivers: Vec<Route>,

    /// The time within which a receiver must answer.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    answer_max: Duration,

    /// The file of the tokens that callers need, as `afresh token` writes it.
    #[arg(long, value_name = "PATH")]
    tokens: Option<PathBuf>,

    /// Use TLS, with the certificates in this PEM file.
    #[arg(long, value_name = "PATH", requires = "tls_key")]
    tls_certificates: Option<PathBuf>,

    /// The private key of the certificate, as a PEM file.
    #[arg(long, value_name = "PATH", requires = "tls_certificates")]
    tls_key: Option<PathBuf>,

    /// The pause between two keys that are recomputed and compared in the background.
    #[arg(long, value_name = "TIME", default_value = "100ms", value_parser = duration)]
    scrub_every: Duration,

    /// Recompute no keys in the background.
    #[arg(long, conflicts_with = "scrub_every")]
    no_scrub: bool,

    /// Start although this code rejects messages that counted, or quarantines keys; the journal then says so.
    ///
    /// Without this option, such a start fails, and nothing is written.
    #[arg(long)]
    start_anyway: bool,

    /// How the state of a key is updated when a message arrives.
    #[arg(long, value_enum, default_value_t)]
    policy: How,

    /// The format of the line that says where the service listens.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// How the state of a key is updated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum How {
    /// Carry the state from message to message.
    #[default]
    Incremental,
    /// Fold the whole history of the key for every message.
    FirstPrinciples,
}

/// The report for programs, when the service is ready.
#[derive(Serialize)]
struct Report<'a> {
    system: &'a str,
    store: String,
    url: String,
    events: usize,
}

/// The version of the code of a system: that of its program, if it is one and says it.
fn version(systems: &Systems, name: &str) -> String {
    let program = systems.program(name).and_then(Program::about).map(|about| about.version);
    program.filter(|version| !version.is_empty()).unwrap_or_else(|| systems.version().to_owned())
}

/// Stops this process, because the program of the system does not answer any more. If it went on, it would reject every
/// message, as if the message were to blame.
///
/// It stops at once, as if it were killed: what is not durable was not acknowledged, and is offered again.
fn stop(system: &str, failure: &Failure) {
    let program = escape(system);
    Console::new(None)
        .fail(format!("the program of {program} cannot be asked any more, so the service stops: {failure}"));
    std::process::exit(1);
}

/// Runs the service until a signal stops it.
pub(super) fn main(args: &Args, systems: &Systems, console: &Console) -> Result<ExitCode, CliError> {
    let usage = |error: &dyn std::fmt::Display| CliError::Usage(error.to_string());
    let runner = systems
        .get(&args.system)
        .map_err(|unknown| CliError::Usage(format!("{unknown}\n  help: {}", unknown.help())))?;
    systems.begin(&args.system)?;
    let mut receivers = BTreeMap::new();
    for Route { name, url } in &args.receivers {
        if receivers.insert(name.clone(), url.clone()).is_some() {
            let name = escape(name);
            return Err(usage(&format!("--receiver: `{name}` has two URLs\n  help: give each receiver one URL")));
        }
    }
    interrupt::listen();
    // An error says that the program around this one has a log of its own.
    let _ = tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).with_target(false).try_init();
    if let Some(program) = systems.program(&args.system) {
        let name = args.system.clone();
        program.when_stuck(move |failure| stop(&name, failure));
    }
    let tokens = args.tokens.as_deref().map(Token::load).transpose().map_err(|error| usage(&error))?;
    if tokens.as_ref().is_some_and(Vec::is_empty) {
        return Err(usage(&"the file of the tokens has none: make one with `afresh token`"));
    }
    let tls = args.tls_certificates.clone().zip(args.tls_key.clone());
    let tls = tls.map(|(certificates, key)| Tls { certificates, key });
    let setup = Setup {
        system: args.system.clone(),
        version: version(systems, &args.system),
        policy: match args.policy {
            How::Incremental => Policy::Incremental,
            How::FirstPrinciples => Policy::FirstPrinciples,
        },
        store: store::open(&args.store.to_string_lossy()).map_err(|error| usage(&error))?,
        listen: Listen { tls, ..Listen::new(args.listen) },
        access: Access::new(tokens.unwrap_or_default()),
        receivers: receivers.into_iter().collect(),
        answer_max: args.answer_max,
        scrub_every: (!args.no_scrub).then_some(args.scrub_every),
        start_anyway: args.start_anyway,
        stop: interrupt::requested,
    };
    let name = setup.store.name().to_owned();
    let mut ready = |ready: Ready| {
        let scheme = if args.tls_certificates.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", ready.address);
        let text = match args.format {
            Format::Json => {
                json("serve", &Report { system: &args.system, store: name.clone(), url, events: ready.events })
            }
            Format::Text => {
                let events = count(ready.events as u64, "event", "events");
                format!("{}: {events} in {}; listening on {url}\n", escape(&args.system), escape(&name))
            }
        };
        // If nobody reads the output any more, the service still serves.
        let _ = console.print(&text);
    };
    match runner.serve(setup, &mut ready) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(Error::Lost) => {
            console.say("the service has lost its store, and stopped: the log above says why\n");
            Ok(ExitCode::from(1))
        }
        Err(error @ Error::Open(OpenError::Loses { .. })) => {
            let help = "correct the code; to let it reject and quarantine them, use `--start-anyway`";
            Err(usage(&format!("{error}\n  help: {help}")))
        }
        Err(error) => Err(usage(&error)),
    }
}
