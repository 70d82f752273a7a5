//! `afresh import --into`: copies a trace into an empty store.

use std::path::Path;
use std::process::ExitCode;

use afresh_core::{EventNumber, Header};
use afresh_host::store::{self, Store, name_of};
use afresh_trace::format::{Error, Kind, Options, RawEvent, Reader};
use afresh_trace::import::{Fact, Facts, Uncounted};
use afresh_trace::row::Row;
use afresh_trace::text::{count, escape};
use serde::Serialize;

use super::{Args, known, report};
use crate::console::{CliError, Console, json};
use crate::input;
use crate::runner::Systems;
use crate::source::Format;
use crate::store::{name_in, unread};

/// The number of events in one transaction.
const BATCH: usize = 4096;

/// The report for programs.
#[derive(Serialize)]
struct Report {
    trace: String,
    store: String,
    system: String,
    events: u64,
    /// `false` if no system was asked which messages it takes.
    system_is_known: bool,
    #[serde(flatten)]
    uncounted: Uncounted,
}

impl Report {
    /// Formats the report for people.
    fn text(&self) -> String {
        let events = count(self.events, "event", "events");
        let mut text = format!("{}: {events} written to {}\n", escape(&self.trace), escape(&self.store));
        report::add_uncounted(&mut text, &self.trace, &self.uncounted);
        if !self.system_is_known {
            report::add_unknown(&mut text, &self.system);
        }
        text
    }
}

/// Copies the trace into the store at `url`, and prints the report.
pub(super) fn main(args: &Args, url: &str, systems: &Systems, console: &Console) -> Result<ExitCode, CliError> {
    let report = import(args, url, systems, console)?;
    match args.format {
        Format::Text => console.say(&report.text()),
        Format::Json => console.print(&json("import", &report))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn import(args: &Args, url: &str, systems: &Systems, console: &Console) -> Result<Report, CliError> {
    let path = &*args.rows;
    if path.as_os_str() == "-" {
        return Err(CliError::Usage(
            "--into reads the trace twice, so it cannot come from standard input: name a file".into(),
        ));
    }
    let options = Options { line_max: args.line_max, torn: args.torn, ..Options::default() };
    let mut store = store::open(url).map_err(unread)?;
    if store.header().map_err(unread)?.is_some() {
        return Err(refused(&name_of(url), "already has a journal: expected an empty store", "name another database"));
    }
    // The store stays empty unless the whole trace is fit for it.
    let (header, events) = rows(path, options, |_, _| Ok(()))?;
    let usage = |why, help| refused(&input::name(path), why, help);
    if !header.complete {
        let help = "a service needs the history from its first message: export the whole history, and import it with \
                    `--complete`";
        return Err(usage("is a window of a history: expected a complete trace", help));
    }
    if systems.get(&header.system).is_ok_and(|runner| runner.is_world()) {
        return Err(usage(WORLD, "only the trace of a system with keys can become the journal of a service"));
    }
    let known = known(systems, &header.system, console);
    let admit = |body: &str| known.map_or(Ok(None), |system| system.admit(&header.version, body));
    let mut facts = Facts::default();
    store.take(&header).map_err(unread)?;
    if let Some(last) = u32::try_from(events).ok().and_then(EventNumber::new) {
        // If this process ends before the last row is there, the store must not pass as whole.
        store.announce(last).map_err(|error| unfinished(&error))?;
    }
    let mut batch = Vec::with_capacity(BATCH);
    let append = |store: &mut dyn Store, batch: &mut Vec<Row>| {
        store.append(batch).map_err(|error| unfinished(&error))?;
        batch.clear();
        Ok::<_, CliError>(())
    };
    let (_, events) = rows(path, options, |line, row| {
        if let Row {
            number, kind: Kind::In, sender: Some(from), id: Some(id), revision: Some(revision), body, ..
        } = &row
        {
            facts.file(Fact { from, id, revision: *revision, body: body.as_deref() }, *number, line, admit);
        }
        batch.push(row);
        if batch.len() < BATCH { Ok(()) } else { append(&mut *store, &mut batch) }
    })?;
    append(&mut *store, &mut batch)?;
    store.release().map_err(|error| unfinished(&error))?;
    Ok(Report {
        trace: input::name(path),
        store: name_of(url),
        system_is_known: known.is_some(),
        system: header.system,
        events,
        uncounted: facts.into_uncounted(),
    })
}

const WORLD: &str = "is a trace of a world of nodes: expected the trace of a system";

/// Reads the rows of a trace with their lines, and returns its header and the number of its events.
fn rows(
    path: &Path,
    options: Options,
    mut each: impl FnMut(u64, Row) -> Result<(), CliError>,
) -> Result<(Header, u64), CliError> {
    let name = input::name(path);
    let reader = Reader::new(&*name, input::open(path)?, options)?;
    let (header, mut events) = (reader.header().clone(), 0);
    for event in reader.raw_events() {
        let event = event?;
        events += 1;
        let RawEvent { line, number, kind, .. } = event;
        if u64::from(number.get()) != events {
            return Err(gap(&format!("{name}:{line}"), number, events));
        }
        if matches!(kind, Kind::Deliver | Kind::Drop | Kind::Timer) {
            let help = "only the trace of a system with keys can become the journal of a service";
            return Err(refused(&format!("{name}:{line}"), WORLD, help));
        }
        each(line, Row::of_raw(&event).map_err(|problem| Error::at(&name, line, 0, problem))?)?;
    }
    Ok((header, events))
}

/// Returns the error that events are missing.
fn gap(place: &str, number: EventNumber, expected: u64) -> CliError {
    let why = format!("event {number} comes after event {}: expected event {expected}", expected - 1);
    let help = "a journal has no gaps: if the trace is a part of another one, use the whole trace; otherwise, \
                `afresh replay --record` writes it with new numbers";
    refused(place, &why, help)
}

fn refused(place: &str, why: &str, help: &str) -> CliError {
    CliError::Usage(format!("{}: {why}\n  help: {help}", escape(place)))
}

/// Returns the error that only a part of the trace is in the store.
fn unfinished(error: &store::Error) -> CliError {
    let why = error.without_name();
    let help = "the import is not complete: remove the database, and import the trace again";
    refused(&name_in(error), &why, help)
}
