//! Batches of questions.

use std::collections::BTreeMap;
use std::fmt::Write;

use afresh_core::{Flows, Folds, Input, Key, Name, Slot};

use crate::json::Json;
use crate::system::State;

/// One message as a program gets it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Told {
    pub(crate) from: Name,
    pub(crate) id: Name,
    pub(crate) body: Json,
}

impl Told {
    /// Returns `true` if this is the message that a system is given.
    pub(crate) fn is(&self, input: &Input<'_, Json>) -> bool {
        self.body == *input.body && self.id == *input.id && self.from == *input.from
    }

    /// The message as a system is given it.
    pub(crate) fn input(&self) -> Input<'_, Json> {
        Input { from: &self.from, id: &self.id, body: &self.body }
    }
}

impl From<Input<'_, Json>> for Told {
    fn from(input: Input<'_, Json>) -> Self {
        Self { from: input.from.clone(), id: input.id.clone(), body: input.body.clone() }
    }
}

/// One batch: questions, and the messages that they speak of by their place in a list.
#[derive(Default)]
pub(crate) struct Batch {
    messages: String,
    questions: String,
    places: BTreeMap<(usize, Name, Name), usize>,
    /// The number of questions.
    pub(crate) asked: usize,
    /// The bodies and views of the batch. Bodies must not be freed before it is sent, because they are found by their
    /// address.
    bodies: Vec<Json>,
    /// The amount of work, in messages that are folded.
    pub(crate) work: usize,
}

/// How the state that a question begins with changes.
#[derive(Clone, PartialEq)]
pub(crate) enum Changed {
    Late(Told),
    Revised { before: Told, after: Told },
    Withdrawn(Told),
}

impl Changed {
    /// The address of the body that is new, or that goes.
    pub(crate) fn address(&self) -> usize {
        let (Self::Late(told) | Self::Revised { after: told, .. } | Self::Withdrawn(told)) = self;
        told.body.address()
    }
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

    /// The beginning of a question about some messages.
    fn begin(&mut self, about: &About<'_>, messages: &[Told]) -> String {
        let places: Vec<_> = messages.iter().map(|told| self.place(told)).collect();
        let mut question = about.begin();
        let _ = write!(question, ",\"messages\":{}", list(&places));
        question
    }

    /// Asks whether a body is admitted, for its keys and for its position.
    pub(crate) fn ask_place(&mut self, body: &Json) {
        let place = self.place(&Told { from: Name::default(), id: Name::default(), body: body.clone() });
        self.ask("place", &place.to_string(), 1);
    }

    /// Asks for states after some messages. With `looks`, also asks for the look of each state.
    pub(crate) fn ask_fold(&mut self, about: &About<'_>, messages: &[Told], folds: &Folds, looks: bool) {
        let mut question = self.begin(about, messages);
        let steps: Vec<_>;
        let after = match folds {
            Folds::Steps => {
                question += ",\"steps\":true";
                steps = (1..=messages.len()).collect();
                &steps
            }
            Folds::Prefixes(lengths) => lengths,
        };
        let _ = write!(question, ",\"after\":{}", list(after));
        question += if looks { ",\"look\":true}" } else { "}" };
        self.ask("fold", &question, messages.len() + after.len());
    }

    /// Asks for the look of a state.
    pub(crate) fn ask_look(&mut self, about: &About<'_>) {
        let question = about.begin() + "}";
        self.ask("look", &question, 1);
    }

    /// Asks for the state after a change of the history, without folding it again.
    pub(crate) fn ask_update(&mut self, about: &About<'_>, changed: &Changed) {
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
        let question = self.begin(about, messages) + "}";
        self.ask("restate", &question, messages.len());
    }

    /// Asks for a state that a recorded view tells of.
    pub(crate) fn ask_learn(&mut self, about: &About<'_>, view: &Json) {
        self.bodies.push(view.clone());
        let question = format!("{},\"view\":{}}}", about.begin(), view.text());
        self.ask("learn", &question, 1);
    }

    /// Asks in which parts a state differs from a view.
    pub(crate) fn ask_compare(&mut self, about: &About<'_>, view: &Json) {
        self.bodies.push(view.clone());
        let question = format!("{},\"view\":{}}}", about.begin(), view.text());
        self.ask("compare", &question, 1);
    }

    /// Asks where an output goes.
    pub(crate) fn ask_goes(&mut self, key: &Key, slot: &Slot, body: &Json) {
        self.bodies.push(body.clone());
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

    /// Returns the first body or view with an integer that a program would not keep exactly.
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

fn list(numbers: &[usize]) -> String {
    serde_json::to_string(numbers).unwrap_or_default()
}

fn quoted(name: &Name) -> String {
    serde_json::to_string(name).unwrap_or_default()
}
