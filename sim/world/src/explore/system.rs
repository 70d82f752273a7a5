//! Exploring a system: each run simulates it as a service, with messages drawn from its workload.

use afresh_check::laws::{self, NAMES, Sample};
use afresh_check::verify::look_at_run;
use afresh_check::{Finding, Subject};
use afresh_core::{EventNumber, Header, Journal, Signature};
use afresh_trace::format::Writer;

use super::{Explorer, Record, Run, Runs};
use crate::rng::Rng;
use crate::service::{self, Ahead, Given};
use crate::workload::{Drawer, Workload};

/// Explores a system: each run simulates it as a service, with messages drawn from a workload.
pub struct SystemExplorer<'s, S: Subject> {
    /// The name of the system in the headers of traces.
    pub name: &'s str,
    /// The system to run.
    pub system: &'s S,
    /// The messages that the system is sent, and the flows and versions that operators may use.
    pub workload: &'s Workload<S::In>,
}

/// Makes runs of a system. Each thread has its own.
struct SystemRuns<'s, S: Subject> {
    explorer: &'s SystemExplorer<'s, S>,
    drawer: Drawer<S::In>,
}

impl<S: Subject + 'static> Explorer for SystemExplorer<'_, S> {
    fn has_twin(&self) -> bool {
        self.system.twin().is_some()
    }

    fn begin(&self) -> Box<dyn Runs + '_> {
        Box::new(SystemRuns { explorer: self, drawer: self.workload.begin() })
    }
}

impl<S: Subject + 'static> SystemRuns<'_, S> {
    fn header(&self, seed: u64) -> Header {
        Header { source: format!("simulated, seed {seed}"), ..Header::complete(self.explorer.name) }
    }
}

impl<S: Subject + 'static> Runs for SystemRuns<'_, S> {
    fn run(&mut self, seed: u64, record: Record) -> Run {
        let SystemExplorer { system, workload, .. } = *self.explorer;
        let messages = match self.drawer.draw(seed) {
            Ok(messages) => messages,
            Err(why) => {
                let findings = vec![Finding::of_run(Signature::new("workload", ""), EventNumber::MIN, why)];
                return Run { findings, ..Run::default() };
            }
        };
        let header = self.header(seed);
        let is_any = matches!(record, Record::Any);
        let ahead = match record {
            Record::Ahead(file) => Some(Ahead::new(header.clone(), file)),
            Record::Failing | Record::Any => None,
        };
        let looks = ahead.is_none();
        let (flows, versions) = (workload.flows().to_vec(), workload.versions().to_vec());
        let given = Given { system: system.clone(), flows, versions, bug: None, ahead };
        let ran = service::run(given, messages, seed);
        let counts = ran.counts();
        let Some(host) = ran.host().filter(|_| looks) else { return Run { counts, ..Run::default() } };
        let journal = host.engine().journal();
        let (mut findings, reached) = look_at_run(system, journal);
        let laws = if findings.is_empty() { laws_of(seed) } else { Vec::new() };
        for law in &laws {
            let events = journal.events().map(|event| (event, u64::from(event.number.get()) + 1));
            findings.extend(laws::look(law, system, events, Sample::Seed(seed)));
        }
        let last = EventNumber::new(journal.len() as u32).unwrap_or(EventNumber::MIN);
        let of_host = ran.findings().iter().cloned();
        findings.extend(of_host.map(|Finding { signature, first, .. }| Finding::of_run(signature, last, first.found)));
        let is_kept = is_any || !findings.is_empty();
        let shows = findings.first().map(|finding| finding.signature.to_string());
        let header = Header { shows, ..header };
        let trace = if is_kept { written(&header, journal).unwrap_or_default() } else { Vec::new() };
        Run { trace, findings, void: None, reached, laws, counts }
    }
}

/// Returns the two laws that are sampled in the run of this seed. Checking all laws would take too many further runs.
fn laws_of(seed: u64) -> Vec<&'static str> {
    let first = Rng::of_seed(!seed).place(NAMES.len());
    vec![NAMES[first], NAMES[(first + NAMES.len() / 2) % NAMES.len()]]
}

fn written<S: Subject>(header: &Header, journal: &Journal<S>) -> Result<Vec<u8>, afresh_trace::format::Error> {
    let mut writer = Writer::new("the trace", Vec::new(), header)?;
    for event in journal.events() {
        writer.event(event)?;
    }
    writer.finish()
}
