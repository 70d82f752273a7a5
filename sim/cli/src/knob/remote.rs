//! Knobs on a running service: planned by `--dry-run`, and turned by `afresh confirm`.

use std::process::ExitCode;

use afresh_check::show::{Entry, Sign};
use afresh_check::turn::{Asked, Planned, Selection, Waiting};
use afresh_core::{At, EventNumber, Knob};
use afresh_host::http::{Client, ClientError};
use afresh_trace::format::{Kind, time};
use afresh_trace::text::without_passwords;
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};
use tokio::runtime::Builder;

use crate::console::{CliError, Console, json as json_report};
use crate::report::plan;
use crate::shell::quote;
use crate::source::Format;
use crate::worker;

/// The environment variable with the token for the service.
const TOKEN: &str = "AFRESH_TOKEN";

/// Turn a knob on a running service, as its plan says.
///
/// `afresh trigger URL --key KEY --dry-run`, and the other knobs with `--dry-run`, print the plan and its token.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
The knob is turned only if it would still do exactly what the plan says. Otherwise, nothing is turned, and the new \
plan is printed. A plan can be confirmed once.

Exit codes: 0 turned; 1 the knob would do something else now than its plan says; 2 bad usage, or the service refused.")]
pub(crate) struct Args {
    /// The URL of the service, such as http://127.0.0.1:7007.
    url: String,

    /// The token of the plan.
    token: String,

    /// The format of the report.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// The plan of a knob, as a service answers.
#[derive(Deserialize)]
struct Answer {
    token: String,
    knob: Knob,
    plan: Planned,
}

/// The effects of a knob, as a service answers.
#[derive(Deserialize)]
struct Turned {
    event: EventNumber,
    effects: Vec<Map<String, Value>>,
}

/// Returns the argument as the URL of a service, or `None` if it is no such URL.
pub(super) fn url(argument: &std::path::Path) -> Option<&str> {
    argument.to_str().filter(|text| text.starts_with("http://") || text.starts_with("https://"))
}

/// Returns the command that confirms a plan of the service at `url`, without the token of the plan.
pub(super) fn confirming(url: &str) -> String {
    format!("{} confirm {}", quote(&worker::program()), quote(url.as_ref()))
}

/// Asks the service at `url` for the plan of a knob, and prints it.
pub(super) fn plan(url: &str, asked: &Asked, format: Format, console: &Console) -> Result<ExitCode, CliError> {
    let answer = match post(url, "knobs/plan", &request(asked)) {
        Ok(answer) => answer,
        Err(error) => return Err(usage(&error)),
    };
    if format == Format::Json {
        console.print(&json_report("plan", &answer))?;
        return Ok(ExitCode::SUCCESS);
    }
    let Answer { token, knob, plan } = read(url, answer)?;
    let confirm = format!("  to do exactly this: {} {token}\n", confirming(url));
    console.print(&(plan::of_service(&knob, &plan, &without_passwords(url)) + &confirm))?;
    Ok(ExitCode::SUCCESS)
}

/// Confirms a plan, and prints the effects.
pub(crate) fn confirm(args: &Args, console: &Console) -> Result<ExitCode, CliError> {
    let answer = match post(&args.url, "knobs/confirm", &json!({ "token": args.token })) {
        Ok(answer) => answer,
        Err(ClientError::Refused { status: 409, error, fields, .. }) => {
            return changed(args, &error, fields, console);
        }
        Err(error) => return Err(usage(&error)),
    };
    if args.format == Format::Json {
        console.print(&json_report("turned", &answer))?;
        return Ok(ExitCode::SUCCESS);
    }
    let Turned { event, effects } = read(&args.url, answer)?;
    let entries: Vec<_> = effects.into_iter().filter_map(entry).collect();
    console.print(&plan::turned(&without_passwords(&args.url), event, &entries, console.is_terminal()))?;
    Ok(ExitCode::SUCCESS)
}

/// Prints that the knob would do something else now.
fn changed(args: &Args, error: &str, fields: Map<String, Value>, console: &Console) -> Result<ExitCode, CliError> {
    if args.format == Format::Json {
        console.print(&json_report("changed", &fields))?;
        return Ok(ExitCode::from(1));
    }
    #[derive(Deserialize)]
    struct Changed {
        shown: Planned,
        now: Planned,
    }
    let Changed { shown, now } = read(&args.url, Value::Object(fields))?;
    console.print(&plan::changed(&without_passwords(&args.url), error, &shown, &now))?;
    Ok(ExitCode::from(1))
}

/// The body of the request for the plan of a knob: as in a trace, without the name of the operator.
fn request(asked: &Asked) -> Value {
    let without_by = |knob: &Knob| {
        let mut knob = serde_json::to_value(knob).unwrap_or_default();
        for fields in knob.as_object_mut().into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut) {
            fields.remove("by");
        }
        knob
    };
    match asked {
        Asked::Knob(knob) => without_by(knob),
        Asked::Reflow { messages, why, .. } => json!({ "reflow_in": { "messages": messages, "why": why } }),
        Asked::Waiting { selection: Selection { waiting, from, to, keys, since, until }, why, .. } => {
            let all = match waiting {
                Waiting::Rejected => "rejected",
                Waiting::Quarantined => "quarantined",
                Waiting::Unsettled => "unsettled",
            };
            let text = |at: &Option<At>| at.map(|at| time(at).trim_matches('"').to_owned());
            let (since, until) = (text(since), text(until));
            let fields = json!({
                "all": all, "from": from, "to": to, "keys": keys, "since": since, "until": until, "why": why
            });
            json!({ "reflow": fields })
        }
    }
}

fn post(url: &str, path: &str, body: &Value) -> Result<Value, ClientError> {
    let token = std::env::var(TOKEN).ok();
    let client = Client::new(url, token.as_deref())?;
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| ClientError::Unreachable { url: without_passwords(url), why: error.to_string() })?;
    runtime.block_on(client.post(path, body))
}

fn usage(error: &ClientError) -> CliError {
    let help = match error {
        ClientError::Refused { status: 401 | 403, .. } => "\n  help: set the environment variable AFRESH_TOKEN",
        _ => "",
    };
    CliError::Usage(format!("{error}{help}"))
}

/// Reads the answer of a service.
fn read<'de, T: Deserialize<'de>>(url: &str, answer: Value) -> Result<T, CliError> {
    T::deserialize(answer).map_err(|error| {
        let url = without_passwords(url);
        CliError::Usage(format!("{url}: the answer cannot be read: {error}; the service may be of another version"))
    })
}

/// Converts an effect, which is the line of an event, into an entry of a timeline.
fn entry(mut event: Map<String, Value>) -> Option<Entry> {
    let number = event.remove("n").and_then(|number| serde_json::from_value(number).ok());
    let cause = event.remove("cause").and_then(|cause| serde_json::from_value(cause).ok());
    let (name, content) = event.into_iter().find(|(name, _)| name != "at")?;
    let text = |field: &str| content.get(field).and_then(Value::as_str).map(str::to_owned);
    let body: Option<Box<RawValue>> = match content.get("id") {
        Some(_) => content.get("body").and_then(|body| to_raw_value(body).ok()),
        None => to_raw_value(&content).ok(),
    };
    Some(Entry {
        sign: Sign::New,
        number,
        at: None,
        kind: Kind::named(&name)?,
        id: text("id"),
        from: text("from").map(Into::into),
        to: text("to").map(Into::into),
        revision: content.get("revision").and_then(Value::as_u64).and_then(|revision| revision.try_into().ok()),
        keys: Vec::new(),
        body,
        content: None,
        note: None,
        cause,
        views: Vec::new(),
    })
}
