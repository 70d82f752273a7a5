//! The report of a comparison, as text for people and as JSON for programs.

use std::collections::BTreeSet;
use std::process::ExitCode;

use afresh_check::Finding;
use afresh_check::against::{Differing, Report};
use afresh_trace::format::Error;
use afresh_trace::text::{count, escape, number};
use serde::Serialize;

use super::Args;
use super::expected::Expected;
use crate::console::{CliError, Console, json};
use crate::report::terminal::{BAD, DIM, GOOD, not_derivable, noted, styled};
use crate::source::Format;

/// The result for one trace.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Compared {
    Read(Box<Trace>),
    /// A version ended its process, or both exceeded the limit of time or memory.
    Died {
        trace: String,
        new: String,
        old: String,
        died: String,
    },
    Unreadable {
        trace: String,
        #[serde(rename = "error", serialize_with = "as_text")]
        failure: Error,
    },
}

/// The comparison on one trace.
#[derive(Serialize)]
pub(super) struct Trace {
    trace: String,
    new: String,
    old: String,
    #[serde(flatten)]
    report: Report,
    /// The signatures of the differences that are expected.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    expected: BTreeSet<String>,
}

/// The whole report.
#[derive(Serialize)]
struct Whole {
    traces: Vec<Compared>,
    /// The number of kinds of difference that were added to the file of `--expect`.
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted: Option<usize>,
    /// The expected kinds of difference that no trace shows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    absent: Vec<String>,
}

fn as_text<Z: serde::Serializer>(error: &Error, serializer: Z) -> Result<Z::Ok, Z::Error> {
    serializer.collect_str(error)
}

impl Trace {
    pub(super) fn new(trace: String, new: String, old: String, report: Report) -> Self {
        Self { trace, new, old, report, expected: BTreeSet::new() }
    }

    /// The names of all kinds of difference, as they are printed.
    fn signatures(&self) -> impl Iterator<Item = String> {
        self.report.findings.iter().map(|differing| name(&differing.finding))
    }
}

/// The signature of a difference as one line of text.
fn name(finding: &Finding) -> String {
    escape(&finding.signature.to_string()).to_string()
}

/// Prints the report, and returns the exit code.
pub(super) fn write(
    args: &Args,
    mut traces: Vec<Compared>,
    mut expected: Option<Expected>,
    console: &Console,
) -> Result<ExitCode, CliError> {
    let read = traces.iter().filter_map(|compared| match compared {
        Compared::Read(trace) => Some(trace),
        _ => None,
    });
    let found: BTreeSet<_> = read.flat_map(|trace| trace.signatures()).collect();
    let is_readable = !traces.iter().any(|compared| matches!(compared, Compared::Unreadable { .. }));
    let mut accepted = None;
    // A file of differences that were not all found would be reviewed in vain.
    if let Some(expected) = expected.as_mut().filter(|_| args.accept && is_readable) {
        accepted = Some(expected.accept(&found)?);
    }
    if let Some(expected) = &expected {
        for compared in &mut traces {
            if let Compared::Read(trace) = compared {
                trace.expected = trace.signatures().filter(|signature| expected.has(signature)).collect();
            }
        }
    }
    let is_clean = |compared: &Compared| match compared {
        Compared::Read(trace) => trace.signatures().all(|signature| trace.expected.contains(&signature)),
        Compared::Died { .. } | Compared::Unreadable { .. } => false,
    };
    let clean = traces.iter().all(is_clean);
    let absent = expected.as_ref().map(|expected| expected.absent(&found)).unwrap_or_default();
    for compared in &traces {
        match compared {
            Compared::Read(trace) if args.format == Format::Text => console.print(&text(trace))?,
            Compared::Died { trace, new, old, died } if args.format == Format::Text => {
                let verdict = styled(BAD, "the runs did not finish");
                console.print(&format!("{}: {verdict}; {}\n", escape(trace), between(new, old)))?;
                let how = "a version ended the process that ran both, or exceeded a limit";
                console.print(&format!("  {}: {how}\n", escape(died)))?;
            }
            Compared::Unreadable { failure, .. } => console.fail(failure),
            _ => {}
        }
    }
    let whole = Whole { traces, accepted, absent };
    console.print(&match args.format {
        Format::Json => json("compare", &whole),
        Format::Text => about_expected(args, &whole),
    })?;
    Ok(match (is_readable, clean) {
        (false, _) => ExitCode::from(2),
        (true, false) => ExitCode::from(1),
        (true, true) => ExitCode::SUCCESS,
    })
}

fn between(new: &str, old: &str) -> String {
    format!("{} against {}", escape(new), escape(old))
}

fn text(trace: &Trace) -> String {
    let Trace { trace: file, new, old, report, expected } = trace;
    let kinds = report.findings.len();
    let verdict = match (kinds, kinds - expected.len()) {
        (0, _) if report.compared == 0 => "nothing could be compared:".to_owned(),
        (0, _) => format!("{}:", styled(GOOD, "no difference")),
        (_, 0) => format!("{}:", styled(GOOD, "only expected differences")),
        (_, others) => {
            let others = styled(BAD, count(others as u64, "kind of difference", "kinds of difference"));
            match expected.len() as u64 {
                0 => format!("{others};"),
                expected => format!("{others}, and {} expected;", number(expected)),
            }
        }
    };
    let stimuli = count(report.stimuli, "stimulus", "stimuli");
    let mut text = format!("{}: {verdict} {}, {stimuli}, {}\n", escape(file), between(new, old), report.extent);
    text += &format!("  compared {}\n", count(report.compared, "observation", "observations"));
    text += &not_derivable(&report.not_derivable);
    let (of_interest, expected): (Vec<_>, Vec<_>) =
        report.findings.iter().partition(|differing| !expected.contains(&name(&differing.finding)));
    text += &noted(of_interest.iter().map(|differing| (&differing.finding, at_end(differing))), file);
    for differing in expected {
        let Finding { count: steps, .. } = differing.finding;
        let steps = count(steps, "step", "steps");
        let line = format!("{} at {steps}{}", name(&differing.finding), at_end(differing));
        text += &format!("  {}\n", styled(DIM, format!("expected: {line}")));
    }
    text
}

/// Says whether a difference is still there at the end.
fn at_end(differing: &Differing) -> String {
    match (differing.differ_at_end, differing.finding.keys) {
        (None, _) => String::new(),
        (Some(0), _) => ", equal again at the end".to_owned(),
        (Some(differ), keys) if differ == keys => ", and at the end".to_owned(),
        (Some(differ), _) => format!(", at the end on {}", number(differ as u64)),
    }
}

/// Says what was accepted, and which expected differences no trace shows.
fn about_expected(args: &Args, Whole { accepted, absent, .. }: &Whole) -> String {
    let Some(file) = args.expect.as_ref().map(|path| path.display().to_string()) else { return String::new() };
    let file = escape(&file);
    let mut text = String::new();
    if let Some(accepted) = accepted {
        text += &match accepted {
            0 => format!("{file}: unchanged\n"),
            accepted => format!("{file}: {} added\n", count(*accepted as u64, "difference", "differences")),
        };
    }
    for signature in absent {
        text += &format!("{file}: {signature} is expected, but no trace shows it\n");
    }
    text
}
