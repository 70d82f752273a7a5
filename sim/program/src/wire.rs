//! Questions and answers as lines of JSON; see `docs/protocol.md`.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

use afresh_core::{Expectation, Flows, Key, Message, Name, Slot, Violation};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::json::Json;
use crate::process::{Failure, no_answer};
use crate::system::State;

/// The version of the protocol.
pub(crate) const PROTOCOL: u32 = 1;

/// The description that a program gives of itself before the first question.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Hello {
    /// The version of the protocol.
    pub(crate) protocol: u32,
    /// The name of the system.
    #[serde(default)]
    pub(crate) name: String,
    /// The version of its code.
    #[serde(default)]
    pub(crate) version: String,
    /// The optional questions that it answers.
    #[serde(default)]
    pub(crate) answers: Vec<Optional>,
    /// The flows that it asks for.
    #[serde(default)]
    pub(crate) flows: Vec<Name>,
    /// The conditions over the states of all keys.
    #[serde(default)]
    pub(crate) properties: Vec<Declared>,
    /// The bits of the largest integers that it keeps exactly; 64 if it does not say.
    #[serde(default = "sixty_four")]
    pub(crate) integer_bits: u32,
}

/// A property, as a program declares it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Declared {
    /// The name of the property.
    pub(crate) name: String,
    /// When it must hold.
    pub(crate) expect: Expect,
}

/// When a property must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Expect {
    Always,
    Eventually,
    Sometimes,
}

impl From<Expect> for Expectation {
    fn from(expect: Expect) -> Self {
        match expect {
            Expect::Always => Self::Always,
            Expect::Eventually => Self::Eventually,
            Expect::Sometimes => Self::Sometimes,
        }
    }
}

fn sixty_four() -> u32 {
    64
}

/// A question that a program need not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Optional {
    /// The incremental step after a late, revised or withdrawn message.
    Update,
    /// The view, computed in another way.
    Restate,
    /// The state of a window, from a recorded view.
    Learn,
    /// A comparison of a state and a view, part by part.
    Compare,
    /// The messages of a simulated run.
    Workload,
}

impl Optional {
    /// The kind of question, as lines name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Update => "update",
            Self::Restate => "restate",
            Self::Learn => "learn",
            Self::Compare => "compare",
            Self::Workload => "workload",
        }
    }
}

/// The line with which Afresh begins, and the one that it expects.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HelloLine {
    afresh: Hello,
}

/// The first line that a process gets.
pub(crate) fn hello(system: &Name) -> String {
    let system = serde_json::to_string(system).unwrap_or_default();
    format!("{{\"afresh\":{{\"protocol\":{PROTOCOL},\"system\":{system}}}}}\n")
}

/// Reads the answer to [`hello`].
pub(crate) fn read_hello(line: &[u8]) -> Result<Hello, Failure> {
    let hello: HelloLine = read(line, line)?;
    if hello.afresh.protocol == PROTOCOL {
        Ok(hello.afresh)
    } else {
        Err(no_answer(format!("it speaks protocol {}, but this is protocol {PROTOCOL}", hello.afresh.protocol), line))
    }
}

/// One message as a program gets it.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) from: Name,
    pub(crate) id: Name,
    pub(crate) body: Json,
}

impl PartialEq for Told {
    fn eq(&self, other: &Self) -> bool {
        self.body == other.body && self.id == other.id && self.from == other.from
    }
}

/// One batch: questions, and the messages that they speak of by their place in a list.
#[derive(Default)]
pub(crate) struct Batch {
    messages: String,
    questions: String,
    places: HashMap<(usize, Name, Name), usize>,
    /// The number of questions.
    pub(crate) asked: usize,
    /// The bodies of the batch. They must not be freed before it is sent, because they are found by their address.
    bodies: Vec<Json>,
    /// The amount of work, in messages that are folded.
    pub(crate) work: usize,
}

/// How the state that a question begins with changes.
pub(crate) enum Changed<'a> {
    Late(&'a Told),
    Revised { before: &'a Told, after: &'a Told },
    Withdrawn(&'a Told),
}

impl Batch {
    /// Returns the place of a message in the list, to which it is added if it is new.
    fn place(&mut self, told: &Told) -> usize {
        let next = self.places.len();
        let address = (told.body.address(), told.from.clone(), told.id.clone());
        let place = *self.places.entry(address).or_insert(next);
        if place == next {
            let before = if next == 0 { "" } else { "," };
            let (from, id) = (quoted(&told.from), quoted(&told.id));
            let _ = write!(self.messages, "{before}{{\"from\":{from},\"id\":{id},\"body\":{}}}", told.body.text());
            self.bodies.push(told.body.clone());
        }
        place
    }

    fn ask(&mut self, kind: &str, question: &str, work: usize) {
        let before = if self.asked == 0 { "" } else { "," };
        let _ = write!(self.questions, "{before}{{\"{kind}\":{question}}}");
        self.asked += 1;
        self.work += work;
    }

    /// Asks whether a body is admitted, for its keys and for its position.
    pub(crate) fn ask_place(&mut self, body: &Json) {
        let place = self.place(&Told { from: Name::default(), id: Name::default(), body: body.clone() });
        self.ask("place", &place.to_string(), 1);
    }

    /// Asks for the state, or each state, after some messages. With `look`, also asks for the look of each state.
    pub(crate) fn ask_fold(&mut self, about: &About<'_>, messages: &[Told], each: bool, look: bool) {
        let places: Vec<_> = messages.iter().map(|told| self.place(told)).collect();
        let mut question = about.begin();
        let _ = write!(question, ",\"messages\":{places:?}");
        question += if each { ",\"each\":true" } else { "" };
        question += if look { ",\"look\":true}" } else { "}" };
        self.ask("fold", &question, messages.len().max(1));
    }

    /// Asks for the look of a state.
    pub(crate) fn ask_look(&mut self, about: &About<'_>) {
        let question = about.begin() + "}";
        self.ask("look", &question, 1);
    }

    /// Asks for the state after a change of the history, without folding it again.
    pub(crate) fn ask_update(&mut self, about: &About<'_>, changed: &Changed<'_>) {
        let mut question = about.begin();
        let _ = match changed {
            Changed::Late(told) => write!(question, ",\"late\":{}}}", self.place(told)),
            Changed::Withdrawn(told) => write!(question, ",\"withdrawn\":{}}}", self.place(told)),
            Changed::Revised { before, after } => {
                write!(question, ",\"revised\":[{},{}]}}", self.place(before), self.place(after))
            }
        };
        self.ask("update", &question, 1);
    }

    /// Asks for the view after some messages, computed in another way.
    pub(crate) fn ask_restate(&mut self, about: &About<'_>, messages: &[Told]) {
        let places: Vec<_> = messages.iter().map(|told| self.place(told)).collect();
        let question = format!("{},\"messages\":{places:?}}}", about.begin());
        self.ask("restate", &question, messages.len());
    }

    /// Asks for a state that a recorded view tells of.
    pub(crate) fn ask_learn(&mut self, about: &About<'_>, view: &Json) {
        let question = format!("{},\"view\":{}}}", about.begin(), view.text());
        self.ask("learn", &question, 1);
    }

    /// Asks in which parts a state differs from a view.
    pub(crate) fn ask_compare(&mut self, about: &About<'_>, view: &Json) {
        let question = format!("{},\"view\":{}}}", about.begin(), view.text());
        self.ask("compare", &question, 1);
    }

    /// Asks where an output goes.
    pub(crate) fn ask_goes(&mut self, key: &Key, slot: &Slot, body: &Json) {
        let question = format!("{{\"key\":{},\"slot\":{},\"body\":{}}}", quoted(key), quoted(slot), body.text());
        self.ask("receiver", &question, 1);
    }

    /// Asks whether a property holds for some states.
    pub(crate) fn ask_property<'s>(&mut self, name: &str, states: impl Iterator<Item = (&'s Key, &'s Json)>) {
        let state = |(key, state): (&Key, &Json)| format!("{}:{}", quoted(key), state.text());
        let states: Vec<_> = states.map(state).collect();
        let name = serde_json::to_string(name).unwrap_or_default();
        self.ask("property", &format!("{{\"name\":{name},\"states\":{{{}}}}}", states.join(",")), 1);
    }

    /// Asks for the messages of a simulated run.
    pub(crate) fn ask_workload(&mut self, seed: u64) {
        self.ask("workload", &format!("{{\"seed\":{seed}}}"), 1);
    }

    /// The line of the batch with this number.
    pub(crate) fn line(&self, number: u64) -> String {
        let Self { messages, questions, .. } = self;
        format!("{{\"batch\":{number},\"messages\":[{messages}],\"questions\":[{questions}]}}\n")
    }

    /// Returns the first body with an integer that a program would not keep exactly.
    pub(crate) fn too_wide(&self, bits: u32) -> Option<&Json> {
        let widest = 1_u64.checked_shl(bits)?;
        self.bodies.iter().find(|body| body.widest() > widest)
    }
}

/// The key, the flows and the state that a question begins with.
pub(crate) struct About<'a> {
    pub(crate) key: &'a Key,
    pub(crate) flows: Option<&'a Flows>,
    pub(crate) state: &'a State,
}

impl About<'_> {
    fn begin(&self) -> String {
        let mut begin = format!("{{\"key\":{}", quoted(self.key));
        if let Some(flows) = self.flows.filter(|flows| !flows.names().is_empty()) {
            let _ = write!(begin, ",\"flows\":{}", serde_json::to_string(flows.names()).unwrap_or_default());
        }
        if let Some(state) = self.state.json() {
            let _ = write!(begin, ",\"state\":{}", state.text());
        }
        begin
    }
}

fn quoted(name: &Name) -> String {
    serde_json::to_string(name).unwrap_or_default()
}

/// The answers to one batch.
pub(crate) struct Answers<'a>(pub(crate) Vec<&'a RawValue>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswersLine<'a> {
    batch: u64,
    #[serde(borrow)]
    answers: Vec<&'a RawValue>,
}

impl<'a> Answers<'a> {
    /// Reads the answers to the batch with this number, which asked that many questions.
    pub(crate) fn read(line: &'a [u8], number: u64, asked: usize) -> Result<Self, Failure> {
        let AnswersLine { batch, answers } = serde_json::from_slice(line).map_err(|error| failed(&error, line))?;
        if batch != number {
            return Err(no_answer(format!("the batch that it must answer is {number}, not {batch}"), line));
        }
        if answers.len() != asked {
            return Err(no_answer(format!("it has {} answers to {asked} questions", answers.len()), line));
        }
        Ok(Self(answers))
    }
}

/// An error that the code of the program raised.
#[derive(Deserialize)]
struct Raised {
    error: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    at: String,
}

impl From<Raised> for Failure {
    fn from(Raised { error, kind, at }: Raised) -> Self {
        let kind = if kind.is_empty() { "error".to_owned() } else { kind };
        Self::Raised { kind, what: error.replace('`', "'"), place: at }
    }
}

/// Reads one answer.
pub(crate) fn answer<T: DeserializeOwned>(text: &RawValue) -> Result<T, Failure> {
    let bytes = text.get().as_bytes();
    // Few answers are errors, and these say so in their first field.
    if bytes.starts_with(b"{\"error\"") {
        return Err(read::<Raised>(bytes, bytes)?.into());
    }
    read(bytes, bytes)
}

fn read<T: DeserializeOwned>(json: &[u8], line: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(json).map_err(|error| failed(&error, line))
}

fn failed(error: &serde_json::Error, line: &[u8]) -> Failure {
    no_answer(error.to_string(), line)
}

/// The answer to *place*.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Placed {
    #[serde(default)]
    pub(crate) keys: Vec<Key>,
    #[serde(default)]
    position: Option<Position>,
    /// Why the message is rejected.
    #[serde(default)]
    pub(crate) reject: Option<String>,
}

/// A position: a number, or several that compare one after another.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Position {
    One(i64),
    Several(Vec<i64>),
}

impl Placed {
    /// The parts of the position; none if the program has no positions.
    pub(crate) fn position(&self) -> &[i64] {
        match &self.position {
            None => &[],
            Some(Position::One(number)) => std::slice::from_ref(number),
            Some(Position::Several(numbers)) => numbers,
        }
    }
}

/// The look of a state: everything that others see of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Look {
    pub(crate) view: Json,
    pub(crate) outputs: BTreeMap<Slot, Json>,
    pub(crate) violations: Vec<Violation>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LookAnswer {
    view: Json,
    #[serde(default)]
    outputs: BTreeMap<Slot, OutputAnswer>,
    #[serde(default)]
    violations: Vec<ViolationAnswer>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OutputAnswer {
    body: Json,
    #[serde(default)]
    to: Option<Name>,
    #[serde(default)]
    route: Option<Json>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ViolationAnswer {
    invariant: String,
    #[serde(default)]
    found: String,
}

/// Where an output goes: to a receiver, or as a message to keys of the same system.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Goes {
    #[serde(default)]
    pub(crate) to: Option<Name>,
    #[serde(default)]
    pub(crate) route: Option<Json>,
}

impl LookAnswer {
    /// The look, as the program with this number answered it.
    pub(crate) fn look(self, program: u64) -> Look {
        let output = |(slot, OutputAnswer { body, to, route })| {
            body.note(program, crate::json::Said::Goes(Goes { to, route }.into()));
            (slot, body)
        };
        let violation =
            |violation: ViolationAnswer| Violation::new(crate::system::kept(&violation.invariant), violation.found);
        Look {
            view: self.view,
            outputs: self.outputs.into_iter().map(output).collect(),
            violations: self.violations.into_iter().map(violation).collect(),
        }
    }
}

/// The answer to *fold*.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FoldAnswer {
    pub(crate) states: Vec<StateAnswer>,
    /// Why there are no more states.
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    at: String,
}

impl FoldAnswer {
    /// The last state, which is the only one if not each was asked for.
    pub(crate) fn last(self, program: u64, flows: &Flows) -> Result<State, Failure> {
        if let Some(failure) = self.failure() {
            return Err(failure);
        }
        let last = self.states.into_iter().last();
        last.map(|answer| answer.state(program, flows)).ok_or_else(|| no_answer("it has no state", b""))
    }

    /// Why there are no more states, if there are fewer than were asked for.
    pub(crate) fn failure(&self) -> Option<Failure> {
        let error = self.error.clone()?;
        Some(Raised { error, kind: self.kind.clone(), at: self.at.clone() }.into())
    }
}

/// A state, with its look if the question asked for it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StateAnswer {
    pub(crate) state: Json,
    #[serde(default)]
    view: Option<Json>,
    #[serde(default)]
    outputs: BTreeMap<Slot, OutputAnswer>,
    #[serde(default)]
    violations: Vec<ViolationAnswer>,
}

impl StateAnswer {
    /// The state, with its look under these flows.
    pub(crate) fn state(self, program: u64, flows: &Flows) -> State {
        let Self { state, view, outputs, violations } = self;
        let look = view.map(|view| (flows.clone(), LookAnswer { view, outputs, violations }.look(program)));
        State::new(state, look)
    }
}

/// The answer to *update* and *learn*: no state, if the program cannot tell.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MaybeState {
    #[serde(default)]
    pub(crate) state: Option<Json>,
}

/// The answer to *restate*: no view, if the program does not say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MaybeView {
    #[serde(default)]
    pub(crate) view: Option<Json>,
}

/// The answer to *property*: nothing, if the property holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PropertyAnswer {
    #[serde(default)]
    pub(crate) broken: Option<String>,
}

/// The answer to *compare*.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CompareAnswer {
    pub(crate) parts: BTreeMap<String, PartAnswer>,
}

/// The result of comparing one part.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PartAnswer {
    Equal,
    Differs,
    Unknown,
}

/// The answer to *workload*.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WorkloadAnswer {
    messages: Vec<MessageAnswer>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MessageAnswer {
    from: Name,
    id: Name,
    #[serde(default = "first")]
    revision: u32,
    #[serde(default)]
    body: Option<Json>,
}

fn first() -> u32 {
    1
}

impl WorkloadAnswer {
    /// The messages, in order.
    pub(crate) fn messages(self) -> Vec<Message<Json>> {
        let message = |MessageAnswer { from, id, revision, body }| Message { from, id, revision, body };
        self.messages.into_iter().map(message).collect()
    }
}
