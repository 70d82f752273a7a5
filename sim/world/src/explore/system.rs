//! Exploring a system: each run simulates it as a service, with messages from its workload or from recorded traces.

use afresh_check::laws::{self, NAMES, Sample};
use afresh_check::verify::{failed_once, look_at_run};
use afresh_check::{Finding, Subject};
use afresh_core::{Elsewhere, EventNumber, Header, Journal, Message, Name, Opening};
use afresh_trace::format::Writer;

use super::{Explorer, Record, Run, Runs};
use crate::recorded::{Origin, Part, Recorded};
use crate::rng::Rng;
use crate::service::{self, Ahead, Given, Lanes};
use crate::workload::{Drawer, Workload};

/// Explores a system: each run simulates it as a service, with messages of its own.
pub struct SystemExplorer<'s, S: Subject> {
    /// The name of the system in the headers of traces.
    pub name: &'s str,
    /// The system to run.
    pub system: &'s S,
    /// The messages that the system is sent.
    pub source: Source<'s, S>,
}

/// The source of the messages of runs, and of the flows and versions that operators may use.
pub enum Source<'s, S: Subject> {
    /// The messages are drawn from a workload.
    Workload(&'s Workload<S::In>),
    /// The messages are those of recorded traces.
    Recorded {
        /// The recorded traces.
        recorded: Recorded<S>,
        /// The workload of the system, if it has one. Its flows and versions are used too.
        workload: Option<&'s Workload<S::In>>,
        /// Whether every second run also has messages that are drawn from the workload.
        mix: bool,
    },
}

/// The messages of one run.
struct Drawn<S: Subject> {
    messages: Vec<Message<S::In>>,
    openings: Vec<Opening<S::View>>,
    complete: bool,
    lanes: Lanes,
    origin: Option<Origin>,
}

/// Makes runs of a system. Each thread has its own.
struct SystemRuns<'s, S: Subject> {
    explorer: &'s SystemExplorer<'s, S>,
    /// The system, with processes of its own if it runs elsewhere: what they fail at is of these runs.
    system: S,
    drawer: Option<Drawer<S::In>>,
    flows: Vec<Name>,
    versions: Vec<Name>,
}

impl<S: Subject + 'static> Explorer for SystemExplorer<'_, S> {
    fn has_twin(&self) -> bool {
        self.system.twin().is_some()
    }

    fn begin(&self) -> Box<dyn Runs + '_> {
        let (workload, mut flows, mut versions) = match &self.source {
            Source::Workload(workload) => (Some(*workload), Vec::new(), Vec::new()),
            Source::Recorded { recorded, workload, mix } => {
                let flows = recorded.flows().cloned().collect();
                let versions = recorded.versions().filter(|_| workload.is_none()).cloned().collect();
                (workload.filter(|_| *mix), flows, versions)
            }
        };
        if let Source::Workload(workload) | Source::Recorded { workload: Some(workload), .. } = &self.source {
            flows.retain(|flow| !workload.flows().contains(flow));
            flows.splice(..0, workload.flows().iter().cloned());
            versions.extend_from_slice(workload.versions());
        }
        let system = self.system.elsewhere().map_or_else(|| self.system.clone(), |elsewhere| elsewhere.restarted());
        Box::new(SystemRuns { explorer: self, system, drawer: workload.map(Workload::begin), flows, versions })
    }
}

impl<S: Subject + 'static> SystemRuns<'_, S> {
    /// Draws the messages of the run of a seed.
    ///
    /// # Errors
    ///
    /// Returns the reason why there are none.
    fn draw(&self, seed: u64) -> Result<Drawn<S>, String> {
        let drawn = || self.drawer.as_ref().map_or(Ok(Vec::new()), |drawer| drawer.draw(seed));
        let Source::Recorded { recorded, .. } = &self.explorer.source else {
            let (openings, lanes) = (Vec::new(), Lanes::None);
            return Ok(Drawn { messages: drawn()?, openings, complete: true, lanes, origin: None });
        };
        let Part { mut messages, openings, complete, origin } =
            recorded.draw(seed).ok_or("the recorded traces have no message")?;
        // The keys of generated messages would have no opening in a window.
        if complete && seed % 2 == 1 {
            messages = interleaved(messages, drawn()?, seed);
        }
        let lanes = if recorded.is_positioned() { Lanes::Facts } else { Lanes::Senders };
        Ok(Drawn { messages, openings, complete, lanes, origin: Some(origin) })
    }
}

/// Merges two lists of messages by chance. Each keeps its order.
fn interleaved<I>(one: Vec<Message<I>>, other: Vec<Message<I>>, seed: u64) -> Vec<Message<I>> {
    let mut rng = Rng::of_seed(seed.reverse_bits());
    let mut merged = Vec::with_capacity(one.len() + other.len());
    let (mut one, mut other) = (one.into_iter(), other.into_iter());
    while one.len() + other.len() > 0 {
        let next = if rng.place(one.len() + other.len()) < one.len() { one.next() } else { other.next() };
        merged.extend(next);
    }
    merged
}

impl<S: Subject + 'static> Runs for SystemRuns<'_, S> {
    fn run(&mut self, seed: u64, record: Record) -> Run {
        let name = self.explorer.name;
        let Drawn { messages, openings, complete, lanes, origin } = match self.draw(seed) {
            Ok(drawn) => drawn,
            Err(why) => return Run { not_run: Some(why), ..Run::default() },
        };
        let system = &self.system;
        let around = origin.as_ref().map_or_else(String::new, |origin| format!(", around {origin}"));
        let header = Header { source: format!("simulated, seed {seed}{around}"), complete, ..Header::complete(name) };
        let is_any = matches!(record, Record::Any);
        let ahead = match record {
            Record::Ahead(file) => Some(Ahead::new(header.clone(), file)),
            Record::Failing | Record::Any => None,
        };
        let looks = ahead.is_none();
        let (flows, versions) = (self.flows.clone(), self.versions.clone());
        let window = if complete { None } else { Some(openings) };
        let given = Given { system: system.clone(), flows, versions, bug: None, ahead, window, lanes };
        let ran = service::run(given, messages, seed);
        let counts = ran.counts();
        let Some(host) = ran.host().filter(|_| looks) else { return Run { counts, ..Run::default() } };
        let journal = host.engine().journal();
        let (mut findings, reached) = look_at_run(system, journal, complete);
        // Laws are about whole histories.
        let laws = if findings.is_empty() && complete { laws_of(seed) } else { Vec::new() };
        for law in &laws {
            let events = journal.events().map(|event| (event, u64::from(event.number.get()) + 1));
            findings.extend(laws::look(law, system, events, Sample::Seed(seed)));
        }
        let last = EventNumber::new(journal.len() as u32).unwrap_or(EventNumber::MIN);
        let of_host = ran.findings().iter().cloned();
        findings.extend(of_host.map(|Finding { signature, first, .. }| Finding::of_run(signature, last, first.found)));
        findings.extend(failed_once(system, last));
        let is_kept = is_any || !findings.is_empty();
        let shows = findings.first().map(|finding| finding.signature.to_string());
        let header = Header { shows, ..header };
        let trace = if is_kept { written(&header, journal).unwrap_or_default() } else { Vec::new() };
        Run { trace, findings, reached, laws, counts, ..Run::default() }
    }

    fn origin(&self, seed: u64) -> Option<Origin> {
        match &self.explorer.source {
            Source::Workload(_) => None,
            Source::Recorded { recorded, .. } => recorded.draw(seed).map(|part| part.origin),
        }
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
