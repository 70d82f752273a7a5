//! Answers, and the values in them.

use std::collections::BTreeMap;

use afresh_check::kept;
use afresh_core::{Flows, Key, Message, Name, Slot, Violation};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

use crate::json::Json;
use crate::process::{Failure, no_answer};
use crate::system::State;

/// The answers to one batch.
pub(crate) struct Answers<'a>(pub(crate) Vec<&'a RawValue>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `batch` and `answers`")]
struct AnswersLine<'a> {
    batch: u64,
    #[serde(borrow)]
    answers: Vec<&'a RawValue>,
}

impl<'a> Answers<'a> {
    /// Reads the answers to the batch with this number, which asked that many questions.
    pub(crate) fn read(line: &'a [u8], number: u64, asked: usize) -> Result<Self, Failure> {
        let failed = |failure: Failure| failure.without_number(number);
        let line_of = |error: serde_json::Error| failed(crate::answers::failed(&error, line));
        let AnswersLine { batch, answers } = serde_json::from_slice(line).map_err(line_of)?;
        if batch != number {
            let other = no_answer("it answers another batch than the one that comes next", line);
            return Err(failed(other).without_number(batch));
        }
        if answers.len() != asked {
            return Err(failed(no_answer("it has more or fewer answers than there were questions", line)));
        }
        Ok(Self(answers))
    }
}

/// An error that the code of the program raised.
#[derive(Deserialize)]
#[serde(expecting = "an object with `error`")]
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
    // Few answers are errors, so this is tried last.
    read(bytes, bytes).map_err(|failure| serde_json::from_slice::<Raised>(bytes).map_or(failure, Failure::from))
}

pub(crate) fn read<T: DeserializeOwned>(json: &[u8], line: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(json).map_err(|error| failed(&error, line))
}

fn failed(error: &serde_json::Error, line: &[u8]) -> Failure {
    no_answer(error.to_string(), line)
}

/// The answer to *place*.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "PlaceAnswer")]
pub(crate) struct Placed {
    pub(crate) keys: Vec<Key>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    position: Option<Position>,
    /// Why the message is rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reject: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `keys` or `reject`")]
struct PlaceAnswer {
    keys: Option<Vec<Key>>,
    position: Option<Position>,
    reject: Option<String>,
}

impl TryFrom<PlaceAnswer> for Placed {
    type Error = &'static str;

    fn try_from(PlaceAnswer { keys, position, reject }: PlaceAnswer) -> Result<Self, Self::Error> {
        match (keys, &reject) {
            // A message without keys changes nothing, which a program must not say by mistake.
            (None, None) => Err("expected `keys` or `reject`; a message of no key has `\"keys\":[]`"),
            (keys, _) => Ok(Self { keys: keys.unwrap_or_default(), position, reject }),
        }
    }
}

/// A position: a number, or several that compare one after another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a position, which is an integer or a list of integers")]
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
#[derive(Clone, Debug)]
pub(crate) struct Look {
    pub(crate) view: Json,
    pub(crate) outputs: BTreeMap<Slot, Json>,
    pub(crate) violations: Vec<Violation>,
}

impl Look {
    /// Returns `true` if the program with this number answered the same twice.
    pub(crate) fn is_as(&self, other: &Self, program: u64) -> bool {
        let Self { view, outputs, violations } = self;
        let goes = |look: &Self| look.outputs.values().map(|body| body.said(program)).collect::<Vec<_>>();
        *view == other.view && *outputs == other.outputs && *violations == other.violations && goes(self) == goes(other)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `view`")]
pub(crate) struct LookAnswer {
    view: Json,
    #[serde(default)]
    outputs: BTreeMap<Slot, OutputAnswer>,
    #[serde(default)]
    violations: Vec<ViolationAnswer>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `body`")]
struct OutputAnswer {
    body: Json,
    #[serde(default)]
    to: Option<Name>,
    #[serde(default)]
    route: Option<Json>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `invariant`")]
struct ViolationAnswer {
    invariant: String,
    #[serde(default)]
    found: String,
}

/// Where an output goes: to a receiver, or as a message to keys of the same system.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `to` or `route`")]
pub(crate) struct Goes {
    #[serde(default)]
    to: Option<Name>,
    #[serde(default)]
    pub(crate) route: Option<Json>,
}

impl Goes {
    /// The receiver, unless the output has a route.
    pub(crate) fn receiver(&self) -> Name {
        self.to.clone().unwrap_or_else(|| "downstream".into())
    }

    /// The text of an answer that says the same.
    pub(crate) fn text(&self) -> String {
        match &self.route {
            Some(route) => json!({ "route": route.value() }).to_string(),
            None => json!({ "to": self.receiver() }).to_string(),
        }
    }
}

impl PartialEq for Goes {
    fn eq(&self, other: &Self) -> bool {
        self.route == other.route && (self.route.is_some() || self.receiver() == other.receiver())
    }
}

impl LookAnswer {
    /// The look, as the program with this number answered it.
    pub(crate) fn look(self, program: u64) -> Look {
        let output = |(slot, OutputAnswer { body, to, route })| {
            body.note(program, crate::json::Said::Goes(Goes { to, route }.into()));
            (slot, body)
        };
        let violation = |violation: ViolationAnswer| Violation::new(kept(&violation.invariant), violation.found);
        Look {
            view: self.view,
            outputs: self.outputs.into_iter().map(output).collect(),
            violations: self.violations.into_iter().map(violation).collect(),
        }
    }
}

/// The answer to *fold*.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `states`")]
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
    /// Reads an answer that has so many states, or fewer and the reason for that.
    pub(crate) fn read(text: &RawValue, asked: usize) -> Result<Self, Failure> {
        let answer: Self = answer(text)?;
        let told = answer.states.len();
        if told == asked || told < asked && answer.error.is_some() {
            return Ok(answer);
        }
        let why = format!("the number of its states is {told} and must be {asked}");
        Err(no_answer(why, text.get().as_bytes()))
    }

    /// The state, if one was asked for.
    pub(crate) fn only(mut self, program: u64, flows: &Flows) -> Result<State, Failure> {
        let state = self.states.pop();
        let state = state.map(|answer| answer.state(program, flows));
        state.ok_or_else(|| self.failure().unwrap_or_else(|| no_answer("it has no state", b"")))
    }

    /// Why there are no more states, if there are fewer than were asked for.
    pub(crate) fn failure(&self) -> Option<Failure> {
        let error = self.error.clone()?;
        Some(Raised { error, kind: self.kind.clone(), at: self.at.clone() }.into())
    }
}

/// A state, with its look if the question asked for it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `state`")]
pub(crate) struct StateAnswer {
    pub(crate) state: Json,
    #[serde(default, deserialize_with = "present")]
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

/// Reads a value that is there, also if it is `null`, which is a state and a view like any other.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Json>, D::Error> {
    Json::deserialize(deserializer).map(Some)
}

/// The answer to *update* and *learn*: no state, if the program cannot tell.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object, which may have `state`")]
pub(crate) struct MaybeState {
    #[serde(default, deserialize_with = "present")]
    pub(crate) state: Option<Json>,
}

/// The answer to *restate*: no view, if the program does not say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object, which may have `view`")]
pub(crate) struct MaybeView {
    #[serde(default, deserialize_with = "present")]
    pub(crate) view: Option<Json>,
}

/// The answer to *property*: nothing, if the property holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object, which may have `broken`")]
pub(crate) struct PropertyAnswer {
    #[serde(default)]
    pub(crate) broken: Option<String>,
}

/// The answer to *compare*.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `parts`")]
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
#[serde(deny_unknown_fields, expecting = "an object with `messages`")]
pub(crate) struct WorkloadAnswer {
    messages: Vec<MessageAnswer>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `from`, `id` and `body`")]
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
