//! `afresh export`: writes the journal of a store as a trace.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use afresh_core::{At, Header, Key};
use afresh_host::store::Store;
use afresh_trace::format::files::Output;
use afresh_trace::format::{Error, Kind, Problem};
use afresh_trace::part::Part;
use afresh_trace::row::Row;
use afresh_trace::text::{count, escape};
use afresh_trace::unknown::{Thing, UnknownName};
use serde::Serialize;

use crate::console::{CliError, Console, json};
use crate::input;
use crate::runner::{Runner, Systems};
use crate::source::{Format, path_of_store};
use crate::store::{first_line, open_store, unread};

/// Write the journal of a store as a trace.
///
/// Without `--since`, `--until` and `--key`, the trace is the whole journal. A service can go on meanwhile: the trace
/// holds the events of one moment.
///
/// With `--since` or `--key`, the trace is a window: it says that it is not complete, and values that depend on missing
/// messages are not derivable. With `--until` alone, it is a complete history up to that time. Events keep their
/// numbers. A cause that is not in the trace is dropped.
#[derive(Clone, Debug, clap::Args)]
#[command(after_long_help = "\
Every command that reads a trace also reads a store: `afresh check sqlite:ledger.db`.
Exit codes: 0 exported; 2 bad usage or a store that cannot be read, and nothing is written.")]
pub(super) struct Args {
    /// The URL of the store: `sqlite:PATH`, or `postgres://USER@HOST/DATABASE`.
    #[arg(value_parser = path_of_store())]
    store: PathBuf,

    /// Begin with the first stimulus at TIME or later, such as 2026-03-14T09:26:53Z.
    #[arg(long, value_name = "TIME", value_parser = at)]
    since: Option<At>,

    /// End before the first stimulus at TIME or later.
    #[arg(long, value_name = "TIME", value_parser = at)]
    until: Option<At>,

    /// Keep only what concerns KEY; repeat the option for more keys.
    ///
    /// The trace keeps all revisions of messages that concern the key, its outputs, views and other observations, and
    /// all knobs and faults. It also keeps messages of which the system cannot tell the keys.
    #[arg(long = "key", value_name = "KEY")]
    keys: Vec<String>,

    /// Ask this system for the keys of messages, instead of the one that the journal names.
    #[arg(long, value_name = "NAME", requires = "keys")]
    system: Option<String>,

    /// Write the trace to this file; `-` for standard output.
    #[arg(long, short, value_name = "PATH", default_value = "-")]
    output: PathBuf,

    /// Overwrite an existing output.
    #[arg(long)]
    force: bool,

    /// The format of the summary. Text goes to standard error. JSON goes to standard output, or to standard error if
    /// the trace goes to standard output.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

fn at(text: &str) -> Result<At, String> {
    Row::parse_asked(text)
}

/// The report for programs.
#[derive(Serialize)]
struct Exported {
    store: String,
    output: String,
    system: String,
    complete: bool,
    events: u64,
}

/// Exports the journal, and prints the report.
pub(super) fn main(args: &Args, systems: &Systems, console: &Console) -> Result<ExitCode, CliError> {
    let exported = export(args, systems)?;
    let is_stdout = args.output.as_os_str() == "-";
    match args.format {
        Format::Text => {
            let Exported { store, output, complete, events, .. } = &exported;
            let extent = if *complete { "a whole history" } else { "a window of a history" };
            let events = count(*events, "event", "events");
            console.say(&format!("{}: {events} written to {}, {extent}\n", escape(store), escape(output)));
        }
        Format::Json if is_stdout => console.say(&json("export", &exported)),
        Format::Json => console.print(&json("export", &exported))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn export(args: &Args, systems: &Systems) -> Result<Exported, Error> {
    let (mut store, mut header) = open_store(&args.store.to_string_lossy())?;
    let runner = runner(args, systems, &header)?;
    let ask = |body: &str| runner.and_then(|runner| runner.keys(&header.version, body));
    let keys: Vec<Key> = args.keys.iter().map(|key| key.as_str().into()).collect();
    let mut part = Part::new(args.since, args.until, keys, ask);
    let complete = header.complete && part.is_complete();
    let mut output = Output::create(&args.output, args.force)?;
    let name = output.name().to_owned();
    let unwritten = |error| Error::file(&name, Problem::Write(error));
    output.write_all(&first_line(&name, &Header { complete, ..header.clone() })?).map_err(unwritten)?;
    let (mut line, mut events, mut failed) = (Vec::new(), 0, None);
    store
        .read(0, &mut |row| {
            if part.is_over(&row) {
                return false;
            }
            let Some(row) = part.keep(row) else { return true };
            line.clear();
            let written = row.line(&mut line).map_err(|problem| Error::file(store_name(args), problem));
            let written = written.and_then(|()| output.write_all(&line).map_err(unwritten));
            events += 1;
            failed = written.err();
            failed.is_none()
        })
        .map_err(unread)?;
    if let Some(error) = failed {
        return Err(error);
    }
    for key in part.unseen() {
        is_known(&mut *store, key, args, ask)?;
    }
    output.finish()?;
    Ok(Exported { store: store_name(args), output: name, system: std::mem::take(&mut header.system), complete, events })
}

/// Checks that some event of the whole journal concerns a key.
fn is_known(
    store: &mut dyn Store,
    wanted: &Key,
    args: &Args,
    ask: impl Fn(&str) -> Option<Vec<Key>>,
) -> Result<(), Error> {
    let mut known = BTreeSet::new();
    let mut look_at = |row: Row| {
        let keys = row.body.as_deref().filter(|_| row.kind == Kind::In).and_then(&ask);
        known.extend(keys.into_iter().flatten().chain(row.key));
        !known.contains(wanted)
    };
    store.read(0, &mut look_at).map_err(unread)?;
    if known.contains(wanted) {
        return Ok(());
    }
    let unknown = UnknownName::new(Thing::Key, wanted.as_str(), known.iter().map(Key::as_str));
    Err(Error::file(store_name(args), Problem::Unknown(unknown)))
}

fn store_name(args: &Args) -> String {
    input::name(&args.store)
}

/// Returns the system that knows the keys of a message, or `None` if all messages are kept.
fn runner<'s>(args: &Args, systems: &'s Systems, header: &Header) -> Result<Option<&'s dyn Runner>, Error> {
    if args.keys.is_empty() {
        return Ok(None);
    }
    let runner = match &args.system {
        Some(name) => systems.get(name).map_err(|unknown| Error::file("--system", Problem::Unknown(unknown)))?,
        None => systems
            .get(&header.system)
            .map_err(|unknown| Error::file(store_name(args), Problem::UnknownSystem(unknown)))?,
    };
    match runner.is_world() {
        true => Err(Error::file(store_name(args), Problem::NoKeys("--key"))),
        false => Ok(Some(runner)),
    }
}
