//! A program, its processes, and its description of itself.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
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
use crate::turns::Turns;
use crate::wire::{self, Hello, Optional};

/// How to run a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The program and its arguments.
    pub command: Vec<OsString>,
    /// The folder in which it runs.
    pub folder: PathBuf,
    /// The longest time for one line of answers. A line whose questions fold more than 1,000 messages gets this time
    /// again for every 1,000 of them.
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
/// A clone asks the same processes, and forgets the answers that were foreseen. It has the same memory, if there is
/// one.
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

/// One version of a program, and processes of it.
pub(crate) struct One {
    pub(crate) code: Arc<Code>,
    /// Processes that are not asked anything now.
    idle: Mutex<Vec<Process>>,
    /// The failures of its processes.
    failures: Arc<Mutex<Failures>>,
    /// How it is asked in the background, if it is.
    pub(crate) lane: Option<Lane>,
}

/// How the processes of a program are asked in the background.
#[derive(Clone)]
pub(crate) struct Lane {
    /// The turns that it shares with the other lane.
    pub(crate) turns: Arc<Turns>,
    /// The failures, in the other lane too: what is told in one is not asked again in the other.
    pub(crate) failures: Arc<Mutex<Failures>>,
    /// `true` to ask for the last folds first. A program that keeps something between questions then answers otherwise
    /// than in the other lane.
    pub(crate) backwards: bool,
}

/// The failures of a program since they were last looked at.
#[derive(Default)]
pub(crate) struct Failures {
    /// The first one at a question that was asked again.
    first: Option<Failure>,
    /// `true` if a failure was told to those who asked.
    told: bool,
}

/// What to do when a program cannot be asked any more.
type Stuck = Box<dyn Fn(&Failure) + Send + Sync>;

/// One version of a program, and what is known of it, whichever process said so.
pub(crate) struct Code {
    /// A number that no other program of this process has.
    pub(crate) number: u64,
    name: Name,
    config: Config,
    hello: OnceLock<Hello>,
    /// The number of the next batch.
    next: AtomicU64,
    /// The answers to *place* by the text of the body. The bodies of routed messages come again as new values.
    pub(crate) places: Mutex<BTreeMap<Box<str>, Arc<Placed>>>,
    /// Whether messages have positions, once one of them has told.
    has_positions: OnceLock<bool>,
    /// The last failure, while the program has not answered in time several times in a row, and how often.
    late: Mutex<(u32, Option<Failure>)>,
    /// The lines of the last folds that it answered, and how many messages each folds.
    answered: Mutex<Option<(String, Vec<usize>)>>,
    /// Called when the program cannot be asked any more.
    stuck: OnceLock<Stuck>,
}

impl Code {
    /// Returns `false` if a message has a position and others have none, or the other way round. A message that
    /// concerns no key needs none.
    pub(crate) fn is_placed_alike(&self, placed: &Placed) -> bool {
        let has_position = !placed.position().is_empty();
        let needs_none = placed.keys.is_empty() || placed.reject.is_some();
        needs_none || *self.has_positions.get_or_init(|| has_position) == has_position
    }
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

    /// This program, with processes of its own. It has no memory.
    pub(crate) fn with_processes(&self, lane: Option<&Lane>) -> Self {
        let beside = |one: &Arc<One>| One::of(Arc::clone(&one.code), lane.cloned());
        let family: BTreeMap<_, _> = self.family.iter().map(|(name, one)| (name.clone(), beside(one))).collect();
        Self { family: family.into(), ..self.of(beside(&self.one)) }
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

    /// Calls `stuck` when a version of the program cannot be asked any more: a process of it does not start, or it was
    /// late several times in a row.
    ///
    /// Without it, every further question fails, as if the messages were to blame. Only the first call of this method
    /// has an effect.
    pub fn when_stuck(&self, stuck: impl Fn(&Failure) + Clone + Send + Sync + 'static) {
        for one in self.family.values().chain([&self.one]) {
            let _ = one.code.stuck.set(Box::new(stuck.clone()));
        }
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

    /// How each version of the system is run, by name.
    pub fn configs(&self) -> impl Iterator<Item = (&Name, &Config)> {
        self.family.iter().map(|(name, one)| (name, &one.code.config))
    }

    /// How the program is run.
    pub fn config(&self) -> &Config {
        &self.one.code.config
    }
}

impl One {
    fn new(name: Name, config: Config) -> Arc<Self> {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        let code = Code {
            number,
            name,
            config,
            hello: OnceLock::new(),
            has_positions: OnceLock::new(),
            next: AtomicU64::new(1),
            late: Mutex::default(),
            answered: Mutex::default(),
            stuck: OnceLock::new(),
            places: Mutex::default(),
        };
        Self::of(Arc::new(code), None)
    }

    fn of(code: Arc<Code>, lane: Option<Lane>) -> Arc<Self> {
        let failures = lane.as_ref().map(|lane| Arc::clone(&lane.failures)).unwrap_or_default();
        Arc::new(Self { code, idle: Mutex::default(), failures, lane })
    }

    fn limits(&self) -> Limits {
        let Config { timeout, line_max, .. } = self.code.config;
        Limits { timeout, line_max }
    }

    /// The description that the program gives of itself. Starts a process if there was none.
    pub(crate) fn hello(&self) -> Result<&Hello, Failure> {
        if self.code.hello.get().is_none() {
            let process = self.process()?;
            self.put_back(process);
        }
        self.code.hello.get().ok_or_else(|| no_answer("it did not say what it is", b""))
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

    /// Starts a process.
    fn start(&self) -> Result<Process, Failure> {
        self.try_start().inspect_err(|failure| self.is_stuck(failure))
    }

    /// Tells that the program cannot be asked any more.
    fn is_stuck(&self, failure: &Failure) {
        if let Some(stuck) = self.code.stuck.get() {
            stuck(failure);
        }
    }

    fn try_start(&self) -> Result<Process, Failure> {
        let mut process = Process::start(&self.code.config.words(), &self.code.config.folder)?;
        let mut said = None;
        process.exchange(wire::hello(&self.code.name).as_bytes(), &[0], &self.limits(), |line| {
            said = Some(wire::read_hello(line)?);
            Ok(())
        })?;
        let said = said.ok_or_else(|| no_answer("it did not say what it is", b""))?;
        if self.code.hello.get_or_init(|| said.clone()) != &said {
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
        let asked = self.ask_all(std::slice::from_ref(batch), |_, answers| {
            answer = answers.first().map(|text| read(text));
            ControlFlow::Continue(())
        });
        let answer = asked.and_then(|()| answer.unwrap_or_else(|| Err(no_answer("it has no answer", b""))));
        answer.inspect_err(|_| self.failures().told = true)
    }

    fn failures(&self) -> MutexGuard<'_, Failures> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells that the program failed at a question that will be asked again.
    pub(crate) fn failed(&self, failure: &Failure) {
        // On a busy machine, any program may be late. The answers to many questions may be too long for one line. And a
        // program that answers a line and ends has not failed.
        if !matches!(failure, Failure::TimedOut { .. } | Failure::TooLong { .. }) && !failure.is_success() {
            self.failures().first.get_or_insert_with(|| failure.clone());
        }
    }

    /// Returns a failure since the last call at a question that was then answered, if no failure was told to those who
    /// asked.
    pub(crate) fn failed_once(&self) -> Option<Failure> {
        let Failures { first, told } = std::mem::take(&mut *self.failures());
        first.filter(|_| !told)
    }

    /// Asks all questions of some batches, and passes the answers to each batch to `each`, with the index of the batch.
    /// If `each` breaks, this fails, and the process is ended.
    ///
    /// The batches are under way at once. A process that fails is ended, and the next question starts another. A
    /// program that was late [`LATE_MAX`] times in a row is not asked any more, because each time takes long, unless it
    /// still answers what it has answered before.
    pub(crate) fn ask_all(
        &self,
        batches: &[Batch],
        each: impl FnMut(usize, &[&RawValue]) -> ControlFlow<()>,
    ) -> Result<(), Failure> {
        let late = || self.code.late.lock().unwrap_or_else(PoisonError::into_inner);
        let last = Some(late().clone()).filter(|(times, _)| *times >= LATE_MAX);
        if let Some((_, Some(failure))) = last {
            if !self.still_answers() {
                self.is_stuck(&failure);
                return Err(failure);
            }
            *late() = (0, None);
        }
        let asked = self.ask_in_time(batches, each);
        let mut late = late();
        *late = match &asked {
            Err(failure @ Failure::TimedOut { .. }) => (late.0 + 1, Some(failure.clone())),
            _ => (0, None),
        };
        asked
    }

    /// Returns whether a new process answers the last folds that the program has answered before.
    fn still_answers(&self) -> bool {
        let answered = self.code.answered.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((lines, works)) = &*answered else { return false };
        let answers = |mut process: Process| {
            process.exchange(lines.as_bytes(), works, &self.limits(), |_| Ok(()))?;
            self.put_back(process);
            Ok::<_, Failure>(())
        };
        self.try_start().and_then(answers).is_ok()
    }

    fn ask_in_time(
        &self,
        batches: &[Batch],
        mut each: impl FnMut(usize, &[&RawValue]) -> ControlFlow<()>,
    ) -> Result<(), Failure> {
        let _turn = self.lane.as_ref().map(|lane| lane.turns.take());
        let bits = self.hello()?.integer_bits;
        if let Some(body) = batches.iter().find_map(|batch| batch.too_wide(bits)) {
            let what = format!("an integer has more than {bits} bits, and the program would round it: {body:?}");
            return Err(Failure::Raised { kind: "number".into(), what: what.replace('`', "'"), place: String::new() });
        }
        let first = self.code.next.fetch_add(batches.len() as u64, Ordering::Relaxed);
        let lines: String = (first..).zip(batches).map(|(number, batch)| batch.line(number)).collect();
        let works: Vec<_> = batches.iter().map(|batch| batch.work).collect();
        let (mut answered, goes_on) = (0, Cell::new(true));
        let mut exchange = |process: &mut Process, answered: &mut usize| {
            process.exchange(lines.as_bytes(), &works, &self.limits(), |line| {
                let batch = &batches[*answered];
                let answers = Answers::read(line, first + *answered as u64, batch.asked)?;
                goes_on.set(each(*answered, &answers.0).is_continue());
                *answered += 1;
                if goes_on.get() { Ok(()) } else { Err(no_answer("nobody waits for it", b"")) }
            })
        };
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let idle = idle.and_then(|mut process| match process.has_ended(&self.limits()) {
            Some(failure) => {
                self.failed(&failure);
                None
            }
            None => Some(process),
        });
        let was_idle = idle.is_some();
        let mut process = idle.map_or_else(|| self.start(), Ok)?;
        let mut asked = exchange(&mut process, &mut answered);
        if let Err(failure @ Failure::Ended { .. }) = &asked
            && was_idle
            && answered == 0
        {
            // It may have ended before it read them, so these questions need not be the reason: ask them again.
            self.failed(failure);
            process = self.start()?;
            asked = exchange(&mut process, &mut answered);
        }
        match &asked {
            Ok(()) => {
                self.put_back(process);
                if works.iter().any(|work| *work > 0) {
                    *self.code.answered.lock().unwrap_or_else(PoisonError::into_inner) = Some((lines, works));
                }
            }
            Err(failure) if goes_on.get() => self.failed(failure),
            Err(_) => {}
        }
        asked
    }

    /// Takes the idle processes of another, which starts new ones when it is asked again.
    pub(crate) fn take_over(&self, other: &Self) {
        let idle = |one: &Self| std::mem::take(&mut *one.idle.lock().unwrap_or_else(PoisonError::into_inner));
        idle(other).into_iter().for_each(|process| self.put_back(process));
    }

    /// Keeps a process for the next question.
    fn put_back(&self, process: Process) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(process);
    }
}
