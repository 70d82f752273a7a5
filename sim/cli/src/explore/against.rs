//! Explores two versions of a system: a run fails if the old version does something else on its messages.

use afresh_check::against::Options;
use afresh_check::{DIFFERS, Finding};
use afresh_core::{EventNumber, Header, Signature};
use afresh_trace::format::{self, Error, Reader, Writer};
use afresh_world::explore::{Explorer, Record, Run, Runs};

use crate::versions::Versions;

/// Makes the runs of the new version, and compares each of them with the old version. What else a run shows does not
/// count.
pub(super) struct Against<'s> {
    pub(super) explorer: Box<dyn Explorer + 's>,
    pub(super) versions: Versions<'s>,
}

struct AgainstRuns<'s> {
    runs: Box<dyn Runs + 's>,
    versions: Versions<'s>,
}

impl Explorer for Against<'_> {
    fn begin(&self) -> Box<dyn Runs + '_> {
        Box::new(AgainstRuns { runs: self.explorer.begin(), versions: self.versions })
    }
}

impl Runs for AgainstRuns<'_> {
    fn run(&mut self, seed: u64, record: Record) -> Run {
        let is_any = match record {
            Record::Ahead(file) => return self.runs.run(seed, Record::Ahead(file)),
            Record::Any => true,
            Record::Failing => false,
        };
        let run = self.runs.run(seed, Record::Any);
        if run.void.is_some() || run.trace.is_empty() {
            return run;
        }
        let findings = match self.versions.compare_bytes(run.trace.clone(), Options::default()) {
            Ok(report) => report.findings.into_iter().map(|differing| differing.finding).collect(),
            // The old version cannot run these messages at all: it may have no version of a name that is deployed.
            Err(error) => vec![Finding::of_run(Signature::new(DIFFERS, "run"), EventNumber::MIN, error.to_string())],
        };
        let is_kept = is_any || !findings.is_empty();
        let shows = findings.first().map(|finding| finding.signature.to_string());
        let trace = if is_kept { showing(run.trace, shows).unwrap_or_default() } else { Vec::new() };
        Run { trace, findings, laws: Vec::new(), ..run }
    }
}

/// Returns a trace with another bug in its header.
fn showing(trace: Vec<u8>, shows: Option<String>) -> Result<Vec<u8>, Error> {
    let header = Reader::new("the trace", &trace[..], format::Options::default())?.header().clone();
    let mut written = Writer::new("the trace", Vec::new(), &Header { shows, ..header })?.finish()?;
    let end = trace.iter().position(|byte| *byte == b'\n').map_or(trace.len(), |end| end + 1);
    written.extend_from_slice(&trace[end..]);
    Ok(written)
}
