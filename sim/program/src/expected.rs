//! Answers that were asked for before they are needed.

use std::collections::{BTreeMap, VecDeque};
use std::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use afresh_core::{Flows, Folds, Foreseen, Input, Key};
use serde_json::value::RawValue;

use crate::answers::{self, FoldAnswer, MaybeView};
use crate::json::Json;
use crate::process::Failure;
use crate::program::One;
use crate::questions::{About, Batch, Changed, Told};
use crate::system::State;
use crate::wire::Optional;

/// The most questions of one line. While the program answers one line, the answers to the one before it are read.
const QUESTIONS_MAX: usize = 64;

/// The most messages that the questions of one line fold.
const WORK_MAX: usize = 4096;

/// The answers that were foreseen for each key: the steps from state to state, and the folds of whole histories. Both
/// are in the order in which they will be needed.
#[derive(Default)]
pub(crate) struct Expected {
    folds: BTreeMap<Key, [VecDeque<Step>; 2]>,
    restated: BTreeMap<Key, VecDeque<Restated>>,
    /// The answers that are under way, if they are asked for in the background.
    coming: Option<Coming>,
}

/// One answer, and the key that it is about.
enum Answer {
    /// Some folds: steps from state to state (0) or folds of whole histories (1).
    Folds(Key, usize, Vec<Step>),
    Restated(Key, Restated),
}

/// Answers that are under way. Dropping it ends the thread that asks for them, and its process.
struct Coming {
    /// The number of answers to come for each key.
    awaited: BTreeMap<Key, usize>,
    answers: Receiver<Answer>,
    /// `true` if the last answers about a key come first.
    backwards: bool,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Coming {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.take().map(JoinHandle::join);
    }
}

/// The view after some messages, computed in another way.
struct Restated {
    told: Messages,
    flows: Flows,
    result: Result<Option<Json>, Failure>,
}

/// One fold whose result is known.
#[derive(Clone)]
struct Step {
    from: State,
    told: Messages,
    flows: Flows,
    result: Result<State, Failure>,
}

/// Some of the messages of a question.
#[derive(Clone)]
struct Messages(Arc<[Told]>, Range<usize>);

impl Messages {
    fn are(&self, inputs: &[Input<'_, Json>]) -> bool {
        let told = &self.0[self.1.clone()];
        told.len() == inputs.len() && told.iter().zip(inputs).all(|(told, input)| told.is(input))
    }
}

impl Expected {
    /// Takes the result of folding `inputs` from `from`, if it was foreseen.
    pub(crate) fn take(
        &mut self,
        key: &Key,
        from: &State,
        inputs: &[Input<'_, Json>],
        flows: &Flows,
    ) -> Option<Result<State, Failure>> {
        self.await_key(key);
        let is_next = |step: &mut Step| step.flows == *flows && step.from == *from && step.told.are(inputs);
        let step = self.folds.get_mut(key)?.iter_mut().find_map(|steps| steps.pop_front_if(is_next));
        if step.is_none() {
            // Something else happened than was foreseen, so the answers that follow are of no use either.
            self.folds.remove(key);
        }
        step.map(|step| step.result)
    }

    /// Waits for all answers about a key that are under way.
    fn await_key(&mut self, key: &Key) {
        while let Some(coming) = &mut self.coming
            && coming.awaited.contains_key(key)
        {
            match coming.answers.recv() {
                Ok(answer) => {
                    let (Answer::Folds(about, ..) | Answer::Restated(about, _)) = &answer;
                    if let Some(left) = coming.awaited.get_mut(about) {
                        *left -= 1;
                        if *left == 0 {
                            coming.awaited.remove(about);
                        }
                    }
                    let backwards = coming.backwards;
                    self.keep(answer, backwards);
                }
                // The program has answered everything, or has failed.
                Err(_) => self.coming = None,
            }
        }
    }

    /// Keeps an answer in the order in which it will be needed.
    fn keep(&mut self, answer: Answer, backwards: bool) {
        match answer {
            Answer::Folds(key, kind, steps) => {
                let known = &mut self.folds.entry(key).or_default()[kind];
                let count = steps.len();
                known.extend(steps);
                if backwards {
                    known.rotate_right(count);
                }
            }
            Answer::Restated(key, restated) => {
                let known = self.restated.entry(key).or_default();
                if backwards { known.push_front(restated) } else { known.push_back(restated) }
            }
        }
    }

    /// Takes the view after `inputs`, computed in another way, if it was foreseen.
    pub(crate) fn take_restated(
        &mut self,
        key: &Key,
        inputs: &[Input<'_, Json>],
        flows: &Flows,
    ) -> Option<Result<Option<Json>, Failure>> {
        self.await_key(key);
        let restated = self.restated.get_mut(key)?;
        Some(restated.pop_front_if(|restated| restated.flows == *flows && restated.told.are(inputs))?.result)
    }

    /// Asks for folds that will be needed: in the background if other processes of the program may be asked too.
    ///
    /// If the program fails, its answers so far are kept. The question at which it failed is asked again when the
    /// answer is needed, alone, so that only the key that it is about is concerned.
    pub(crate) fn ask(&mut self, one: &Arc<One>, folds: Vec<Foreseen<crate::Program>>, memory: Option<&Memory>) {
        let folds = folds.into_iter().map(Asked::new);
        let mut folds: Vec<_> = folds.filter(|fold| memory.is_none_or(|memory| !memory.has(fold))).collect();
        if folds.is_empty() {
            return;
        }
        if !one.can(Optional::Restate).unwrap_or_default() {
            folds.iter_mut().for_each(|fold| fold.restates.clear());
        }
        let Some(lane) = &one.lane else {
            return ask_now(one, &folds, |answer| {
                self.keep(answer, false);
                ControlFlow::Continue(())
            });
        };
        let backwards = lane.backwards;
        if backwards {
            folds.reverse();
            folds.iter_mut().for_each(|fold| fold.restates.reverse());
        }
        let mut awaited = BTreeMap::new();
        folds.iter().for_each(|fold| *awaited.entry(fold.key.clone()).or_default() += 1 + fold.restates.len());
        let (sender, answers) = channel();
        let is_over = Arc::new(AtomicBool::new(false));
        let thread = {
            let (one, is_over) = (Arc::clone(one), Arc::clone(&is_over));
            let ask = move || {
                ask_now(&one, &folds, |answer| {
                    let goes_on = sender.send(answer).is_ok() && !is_over.load(Ordering::Relaxed);
                    if goes_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
                });
            };
            thread::Builder::new().spawn(ask)
        };
        // Without a thread, nothing is foreseen, and everything is asked when it is needed.
        self.coming = thread.ok().map(|thread| Coming { awaited, answers, backwards, is_over, thread: Some(thread) });
    }

    /// Forgets all answers.
    pub(crate) fn clear(&mut self) {
        self.coming = None;
        self.folds.clear();
        self.restated.clear();
    }
}

/// Asks for folds, and passes each answer to `each` until it breaks.
fn ask_now(one: &One, folds: &[Asked], mut each: impl FnMut(Answer) -> ControlFlow<()>) {
    let mut batches = vec![Batch::default()];
    // The questions of each batch: the fold that it is about, and how many of its messages are restated, if any.
    let mut questions: Vec<Vec<(&Asked, Option<usize>)>> = vec![Vec::new()];
    for fold in folds {
        if batches.last().is_some_and(|batch| batch.asked >= QUESTIONS_MAX || batch.work >= WORK_MAX) {
            batches.push(Batch::default());
            questions.push(Vec::new());
        }
        let (Some(batch), Some(questions)) = (batches.last_mut(), questions.last_mut()) else { return };
        let about = About { key: &fold.key, flows: Some(&fold.flows), state: &fold.state };
        batch.ask_fold(&about, &fold.told, &fold.folds, fold.looks);
        questions.push((fold, None));
        for length in &fold.restates {
            batch.ask_restate(&About { state: &State::default(), ..about }, &fold.told[..*length]);
            questions.push((fold, Some(*length)));
        }
    }
    let _ = one.ask_all(&batches, |place, answers| {
        let mut answers = questions[place].iter().zip(answers);
        answers.try_for_each(|((fold, restates), answer)| {
            let key = fold.key.clone();
            each(if let Some(length) = *restates {
                let result = answers::answer::<MaybeView>(answer).map(|answer| answer.view);
                Answer::Restated(key, Restated { told: fold.messages(0..length), flows: fold.flows.clone(), result })
            } else {
                let kind = usize::from(fold.folds != Folds::Steps);
                Answer::Folds(key, kind, fold.steps(one, answer))
            })
        })
    });
}

/// Results of folds, for runs that repeat others: the laws run the same messages many times.
///
/// It takes the program at its word that the same question has the same answer, so it must not be used to find out
/// whether that is so.
#[derive(Default)]
pub(crate) struct Memory {
    folds: Mutex<BTreeMap<(Key, usize, usize, usize), Step>>,
    updates: Mutex<BTreeMap<(Key, usize, usize), Vec<Update>>>,
}

/// One update whose result is known: no state, if the program wants to fold again.
#[derive(Clone)]
pub(crate) struct Update {
    pub(crate) from: State,
    pub(crate) change: Changed,
    pub(crate) flows: Flows,
    pub(crate) result: Option<State>,
}

impl Memory {
    /// The most results of folds that are kept, and the most changes.
    const MAX: usize = 200_000;

    /// Returns the result of an update, if it is known.
    pub(crate) fn updated(&self, key: &Key, from: &State, change: &Changed, flows: &Flows) -> Option<Option<State>> {
        let known = self.updates.lock().unwrap_or_else(PoisonError::into_inner);
        let of_change = known.get(&(key.clone(), from.address(), change.address()))?;
        let same = of_change.iter().find(|update| update.change == *change && update.flows == *flows)?;
        Some(same.result.clone())
    }

    /// Keeps the result of an update.
    pub(crate) fn keep_update(&self, key: &Key, update: Update) {
        let mut known = self.updates.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() == Self::MAX {
            known.clear();
        }
        let place = (key.clone(), update.from.address(), update.change.address());
        known.entry(place).or_default().push(update);
    }

    /// The place of a fold: its key, where the state and the last body are in memory, and the number of messages. A
    /// result that is kept keeps its state and its bodies in memory.
    fn place(key: &Key, from: &State, last: &Json, count: usize) -> (Key, usize, usize, usize) {
        (key.clone(), from.address(), last.address(), count)
    }

    /// Returns the state after `inputs`, if it is known.
    pub(crate) fn get(&self, key: &Key, from: &State, inputs: &[Input<'_, Json>], flows: &Flows) -> Option<State> {
        let known = self.folds.lock().unwrap_or_else(PoisonError::into_inner);
        let step = known.get(&Self::place(key, from, inputs.last()?.body, inputs.len()))?;
        (step.flows == *flows && step.told.are(inputs)).then(|| step.result.clone().ok()).flatten()
    }

    /// Keeps the state after `told`.
    pub(crate) fn keep(&self, key: &Key, from: &State, told: &[Told], flows: &Flows, state: &State) {
        let Some(last) = told.last() else { return };
        let mut known = self.folds.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() == Self::MAX {
            known.clear();
        }
        let place = Self::place(key, from, &last.body, told.len());
        let told = Messages(told.into(), 0..told.len());
        known.insert(place, Step { from: from.clone(), told, flows: flows.clone(), result: Ok(state.clone()) });
    }

    /// Returns `true` if the results of all these folds are known.
    fn has(&self, asked: &Asked) -> bool {
        let inputs: Vec<_> = asked.told.iter().map(Told::input).collect();
        let Asked { key, state, flows, folds, restates, .. } = asked;
        let mut from = state.clone();
        restates.is_empty()
            && match folds {
                Folds::Steps => inputs.chunks(1).all(|input| {
                    let next = self.get(key, &from, input, flows);
                    next.map(|next| from = next).is_some()
                }),
                Folds::Prefixes(lengths) => {
                    lengths.iter().all(|length| self.get(key, state, &inputs[..*length], flows).is_some())
                }
            }
    }
}

/// Folds that are asked for.
struct Asked {
    key: Key,
    state: State,
    told: Arc<[Told]>,
    flows: Flows,
    folds: Folds,
    looks: bool,
    restates: Vec<usize>,
}

impl Asked {
    fn new(fold: Foreseen<crate::Program>) -> Self {
        let Foreseen { key, state, inputs, flows, folds, looks, restates } = fold;
        let told = inputs.into_iter().map(|(from, id, body)| Told { from, id, body }).collect();
        Self { key, state, told, flows, folds, looks, restates }
    }

    fn messages(&self, range: Range<usize>) -> Messages {
        Messages(Arc::clone(&self.told), range)
    }

    /// The folds of which an answer tells the result, in order.
    fn steps(&self, one: &One, answer: &RawValue) -> Vec<Step> {
        let ranges: Vec<_> = match &self.folds {
            Folds::Steps => (0..self.told.len()).map(|place| place..place + 1).collect(),
            Folds::Prefixes(lengths) => lengths.iter().map(|length| 0..*length).collect(),
        };
        let (states, failure) = match FoldAnswer::read(answer, ranges.len()) {
            Ok(answer) => {
                let failure = answer.failure();
                (answer.states, failure)
            }
            // What is no answer is asked for again.
            Err(failure @ Failure::NoAnswer { .. }) => {
                one.failed(&failure);
                return Vec::new();
            }
            // It does not say at which of the messages it failed.
            Err(_) if ranges.len() > 1 => return Vec::new(),
            Err(failure) => (Vec::new(), Some(failure)),
        };
        let states = states.into_iter().map(|answer| Ok(answer.state(one.code.number, &self.flows)));
        let mut from = self.state.clone();
        let step = |(range, result): (Range<usize>, Result<State, Failure>)| {
            let next = result.as_ref().ok().filter(|_| self.folds == Folds::Steps).unwrap_or(&from).clone();
            let from = std::mem::replace(&mut from, next);
            Step { from, told: self.messages(range), flows: self.flows.clone(), result }
        };
        ranges.into_iter().zip(states.chain(failure.map(Err))).map(step).collect()
    }
}
