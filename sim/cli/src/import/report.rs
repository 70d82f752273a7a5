//! The report of an import.

use std::fmt::Write as _;

use afresh_trace::import::{Named, Summary, Tally, Uncounted};
use afresh_trace::text::{count, escape, number};
use serde::Serialize;

/// The most messages that the text names of those that are wrong.
const NAMED_MAX: usize = 10;

/// The report of an import: what became of the rows, and which messages will not count when the trace is run.
#[derive(Serialize)]
pub(super) struct Report<'a> {
    pub(super) rows: String,
    pub(super) output: String,
    #[serde(skip)]
    pub(super) system: &'a str,
    /// `false` if no system was asked which messages it takes.
    pub(super) system_is_known: bool,
    #[serde(flatten)]
    pub(super) summary: Summary,
}

impl Report<'_> {
    /// Formats the report for people.
    pub(super) fn text(&self) -> String {
        let Summary { messages_in, out, views, ignored, skipped, backwards, .. } = self.summary;
        let mut text = format!(
            "{}: {} in, {} out, {}, {} ignored, {} skipped\n",
            count(messages_in + out + views + ignored + skipped, "row", "rows"),
            number(messages_in),
            number(out),
            count(views, "view", "views"),
            number(ignored),
            number(skipped)
        );
        if let Some(form) = self.summary.read_as {
            let guess = if form.guessed { "; this is a guess, `--read-as` names the format" } else { "" };
            let _ = writeln!(text, "read as {form}{guess}");
        }
        add_uncounted(&mut text, &self.rows, &self.summary.uncounted);
        if !self.system_is_known {
            add_unknown(&mut text, self.system);
        }
        if backwards > 0 {
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "warning: the time goes backwards at {}\n  help: the order of the rows is taken as the order of \
                 arrival; if it is not, export them with ORDER BY",
                count(backwards, "row", "rows")
            );
        }
        for absent in &self.summary.absent {
            let _ = writeln!(text, "warning: {absent}");
        }
        if self.summary.doubled {
            text.push_str(
                "warning: each backslash is doubled, in texts or by the database that wrote the rows\n  help: if COPY \
                 wrote them, use `--read-as copy`, with `.1` before each path, as in `--map id=.1.id`; if they are right, \
                 use `--read-as json`\n",
            );
        }
        if self.summary.torn {
            text.push_str("warning: the last row has no line end, so it may be torn\n");
        }
        text
    }
}

/// Says that no system was asked which messages it takes.
pub(super) fn add_unknown(text: &mut String, system: &str) {
    let system = escape(system);
    let _ =
        writeln!(text, "messages that the system rejects are not counted: `{system}` is unknown here or does not run");
}

/// Adds the messages that will not count.
pub(super) fn add_uncounted(text: &mut String, file: &str, uncounted: &Uncounted) {
    let Uncounted { duplicates, conflicts, stale, rejected, unreadable } = uncounted;
    let sorts = [
        (
            unreadable,
            NAMED_MAX,
            "unreadable message",
            "the system cannot read the body, so `check` and `replay` need `--skip-unreadable`",
            "",
        ),
        (rejected, NAMED_MAX, "rejected message", "the system does not admit it", ""),
        (conflicts, NAMED_MAX, "conflict", "a known sender, id and revision has another body", "conflicts with"),
        // Services that retry and correct send these every day, so the first says enough.
        (stale, 1, "stale message", "a higher revision came before", "is older than"),
        (duplicates, 1, "duplicate", "the same message came before", "is the same as"),
    ];
    for (tally, most, name, meaning, relation) in sorts {
        let Tally { count: number, first } = tally;
        if *number == 0 {
            continue;
        }
        let _ = writeln!(text, "{}: {meaning}", count(*number, name, &format!("{name}s")));
        for Named { line, event, earlier, why } in first.iter().take(most) {
            let _ = write!(text, "  {}:{line}: event {event}", escape(file));
            if let Some(earlier) = earlier {
                let _ = write!(text, " {relation} event {earlier}");
            }
            if let Some(why) = why {
                let _ = write!(text, ": {}", escape(why));
            }
            text.push('\n');
        }
        let more = number - first.len().min(most) as u64;
        if more > 0 {
            let _ = writeln!(text, "  and {more} more");
        }
    }
}
