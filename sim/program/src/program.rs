//! A program, its processes, and its description of itself.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use afresh_core::Name;
use afresh_world::Workload;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::answers::{Answers, Placed, WorkloadAnswer, answer};
use crate::expected::{Expected, Memory};
use crate::json::Json;
use crate::process::{Failure, Limits, Process, no_answer};
use crate::questions::Batch;
use crate::wire::{self, Hello, Optional};

/// How to run a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The program and its arguments.
    pub command: Vec<OsString>,
    /// The folder in which it runs.
    pub folder: PathBuf,
    /// The longest time for one line of answers.
    pub timeout: Duration,
    /// The longest line of an answer, in bytes.
    pub line_max: usize,
    /// `false` to run it without network.
    pub network: bool,
    /// The files of its code, by which another build of the program is known.
    pub files: Vec<PathBuf>,
}

impl Config {
    /// The longest time for one line of answers, unless another is set.
    pub const TIMEOUT: Duration = Duration::from_secs(10);

    /// The longest line of an answer in bytes, unless another is set.
    pub const LINE_MAX: usize = 64 << 20;

    /// The whole command, with the words that take the network from the program.
    fn words(&self) -> Vec<OsString> {
        const WITHOUT_NETWORK: [&str; 4] = ["unshare", "--map-root-user", "--net", "--"];
        let before = WITHOUT_NETWORK.iter().filter(|_| !self.network).map(OsString::from);
        before.chain(self.command.iter().cloned()).collect()
    }
}

/// A version of a system, by its name.
#[derive(Clone, Debug)]
pub struct Version {
    /// The name of the version.
    pub name: Name,
    /// How to run it.
    pub config: Config,
}

/// The description that a program gives of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct About {
    /// The name of the system.
    pub name: String,
    /// The version of its code; empty if the program does not say.
    pub version: String,
    /// The optional questions that it answers.
    pub answers: Vec<String>,
    /// Its flows.
    pub flows: Vec<String>,
}

/// A system whose code is another program.
///
/// A clone asks the same program, and forgets the answers that were foreseen. It has the same memory, if there is one.
pub struct Program {
    pub(crate) one: Arc<One>,
    /// All versions of the system, by name.
    family: Arc<BTreeMap<Name, Arc<One>>>,
    /// The name of the correct twin.
    twin: Option<Name>,
    pub(crate) expected: Mutex<Expected>,
    /// Results that are not asked for again, if the program is [remembering](afresh_core::System::remembering).
    pub(crate) memory: Option<Arc<Memory>>,
}

/// How many times in a row a program may be late before it is not asked any more.
const LATE_MAX: u32 = 3;

/// One version of a program.
pub(crate) struct One {
    /// A number that no other program of this process has.
    pub(crate) number: u64,
    name: Name,
    config: Config,
    hello: OnceLock<Hello>,
    /// Processes that are not asked anything now.
    idle: Mutex<Vec<Process>>,
    /// The number of the next batch.
    next: AtomicU64,
    /// The answers to *place* by the text of the body. The bodies of routed messages come again as new values.
    pub(crate) places: Mutex<BTreeMap<Box<str>, Arc<Placed>>>,
    /// The last failure, while the program has not answered in time several times in a row, and how often.
    late: Mutex<(u32, Option<Failure>)>,
}

impl Clone for Program {
    fn clone(&self) -> Self {
        self.with_memory(self.memory.clone())
    }
}

impl Program {
    /// Builds the system `name`, with its versions. No process is started before the first question.
    pub fn new(name: impl Into<Name>, config: Config, versions: Vec<Version>, twin: Option<Name>) -> Self {
        let name = name.into();
        let one = One::new(name.clone(), config);
        let versions = versions.into_iter().map(|Version { name, config }| (name.clone(), One::new(name, config)));
        let mut family: BTreeMap<_, _> = versions.collect();
        family.entry(name).or_insert_with(|| Arc::clone(&one));
        Self { one, family: family.into(), twin, expected: Mutex::default(), memory: None }
    }

    /// This program, with another version of it.
    fn of(&self, one: Arc<One>) -> Self {
        let (family, twin) = (Arc::clone(&self.family), self.twin.clone());
        Self { one, family, twin, expected: Mutex::default(), memory: None }
    }

    /// This program, with another memory.
    pub(crate) fn with_memory(&self, memory: Option<Arc<Memory>>) -> Self {
        Self { memory, ..self.of(Arc::clone(&self.one)) }
    }

    /// The version with this name.
    pub(crate) fn member(&self, name: &Name) -> Option<Self> {
        Some(self.of(Arc::clone(self.family.get(name)?)))
    }

    /// The names of all versions.
    pub(crate) fn members(&self) -> Vec<Name> {
        self.family.keys().cloned().collect()
    }

    /// The name of the correct twin.
    pub(crate) fn twin_name(&self) -> Option<&Name> {
        self.twin.as_ref()
    }

    /// Ends the processes that are idle, so that the next question starts another one.
    pub(crate) fn renew(&self) {
        self.one.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Starts a process, if there is none, to see that the program runs.
    ///
    /// # Errors
    ///
    /// Fails if the program does not start, or does not say what it is.
    pub fn begin(&self) -> Result<(), Failure> {
        let process = self.one.process()?;
        self.one.put_back(process);
        Ok(())
    }

    /// Returns the workload of the program, or `None` if it has none, or does not run.
    ///
    /// Simulated runs draw its messages with questions to the program, and turn its flows on and off.
    pub fn workload(&self) -> Option<Workload<Json>> {
        let hello = self.one.hello().ok().filter(|hello| hello.answers.contains(&Optional::Workload))?;
        let one = Arc::clone(&self.one);
        let workload = Workload::drawn_by(move |seed| {
            let mut batch = Batch::default();
            batch.ask_workload(seed);
            let answer = one.ask(&batch, answer::<WorkloadAnswer>);
            answer.map(WorkloadAnswer::messages).map_err(|failure| failure.to_string())
        });
        Some(hello.flows.iter().fold(workload, |workload, flow| workload.flow(flow.clone())))
    }

    /// Returns the description that the program gives of itself, or `None` if it does not run.
    pub fn about(&self) -> Option<About> {
        let Hello { name, version, answers, flows, .. } = self.one.hello().ok()?;
        let answers = answers.iter().map(|optional| optional.name().to_owned()).collect();
        let flows = flows.iter().map(ToString::to_string).collect();
        Some(About { name: name.clone(), version: version.clone(), answers, flows })
    }

    /// How the program is run.
    pub fn config(&self) -> &Config {
        &self.one.config
    }
}

impl One {
    fn new(name: Name, config: Config) -> Arc<Self> {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        Arc::new(Self {
            number,
            name,
            config,
            hello: OnceLock::new(),
            idle: Mutex::default(),
            next: AtomicU64::new(1),
            late: Mutex::default(),
            places: Mutex::default(),
        })
    }

    fn limits(&self) -> Limits {
        Limits { timeout: self.config.timeout, line_max: self.config.line_max }
    }

    /// The description that the program gives of itself. Starts a process if there was none.
    pub(crate) fn hello(&self) -> Result<&Hello, Failure> {
        if self.hello.get().is_none() {
            let process = self.process()?;
            self.put_back(process);
        }
        self.hello.get().ok_or_else(|| no_answer("it did not say what it is", b""))
    }

    /// Returns whether the program answers these questions.
    pub(crate) fn can(&self, optional: Optional) -> Result<bool, Failure> {
        Ok(self.hello()?.answers.contains(&optional))
    }

    /// Takes an idle process, or starts one.
    fn process(&self) -> Result<Process, Failure> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| self.start(), Ok)
    }

    fn start(&self) -> Result<Process, Failure> {
        let mut process = Process::start(&self.config.words(), &self.config.folder)?;
        let mut said = None;
        process.exchange(wire::hello(&self.name).as_bytes(), 1, &self.limits(), |line| {
            said = Some(wire::read_hello(line)?);
            Ok(())
        })?;
        let said = said.ok_or_else(|| no_answer("it did not say what it is", b""))?;
        if self.hello.get_or_init(|| said.clone()) != &said {
            return Err(no_answer("it says something else of itself than before", b""));
        }
        Ok(process)
    }

    /// Asks one question, and reads its answer.
    pub(crate) fn ask<T>(
        &self,
        batch: &Batch,
        mut read: impl FnMut(&RawValue) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut answer = None;
        self.ask_all(std::slice::from_ref(batch), |_, answers| {
            answer = answers.first().map(|text| read(text));
        })?;
        answer.unwrap_or_else(|| Err(no_answer("it has no answer", b"")))
    }

    /// Asks all questions of some batches, and passes the answers to each batch to `each`, with the index of the batch.
    ///
    /// The batches are under way at once. A process that fails is ended, and the next question starts another. A
    /// program that was late [`LATE_MAX`] times in a row is not asked any more, because each time takes long.
    pub(crate) fn ask_all(&self, batches: &[Batch], each: impl FnMut(usize, &[&RawValue])) -> Result<(), Failure> {
        let late = || self.late.lock().unwrap_or_else(PoisonError::into_inner);
        if let (LATE_MAX.., Some(failure)) = &*late() {
            return Err(failure.clone());
        }
        let asked = self.ask_in_time(batches, each);
        let mut late = late();
        *late = match &asked {
            Err(failure @ Failure::TimedOut { .. }) => (late.0 + 1, Some(failure.clone())),
            _ => (0, None),
        };
        asked
    }

    fn ask_in_time(&self, batches: &[Batch], mut each: impl FnMut(usize, &[&RawValue])) -> Result<(), Failure> {
        let bits = self.hello()?.integer_bits;
        if let Some(body) = batches.iter().find_map(|batch| batch.too_wide(bits)) {
            let what = format!("an integer has more than {bits} bits, and the program would round it: {body:?}");
            return Err(Failure::Raised { kind: "number".into(), what: what.replace('`', "'"), place: String::new() });
        }
        let first = self.next.fetch_add(batches.len() as u64, Ordering::Relaxed);
        let lines: String = (first..).zip(batches).map(|(number, batch)| batch.line(number)).collect();
        let mut answered = 0;
        let mut exchange = |process: &mut Process, answered: &mut usize| {
            process.exchange(lines.as_bytes(), batches.len(), &self.limits(), |line| {
                let batch = &batches[*answered];
                let answers = Answers::read(line, first + *answered as u64, batch.asked)?;
                each(*answered, &answers.0);
                *answered += 1;
                Ok(())
            })
        };
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut process = match idle {
            None => self.start()?,
            Some(mut process) => match exchange(&mut process, &mut answered) {
                Ok(()) => {
                    self.put_back(process);
                    return Ok(());
                }
                // It may have ended while it was idle, which says nothing about these questions.
                Err(Failure::Ended { .. }) if answered == 0 => self.start()?,
                Err(failure) => return Err(failure),
            },
        };
        exchange(&mut process, &mut answered)?;
        self.put_back(process);
        Ok(())
    }

    /// Keeps a process for the next question.
    fn put_back(&self, process: Process) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(process);
    }
}
