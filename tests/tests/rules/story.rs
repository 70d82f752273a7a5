//! Runs a story: it executes the commands of a text, and compares the events of each with the text.

use afresh::guard::guard;
use afresh_core::{
    Engine, EventOf, Fault, Key, Knob, Name, Observation, Options, Policy, Sent, SlotId, Stimulus, What,
};
use similar::TextDiff;

use super::command::{self, Command};
use super::system::Words;

/// Checks a story under the two policies that heal. They are indistinguishable unless something is damaged.
#[track_caller]
pub(crate) fn check(story: &str) {
    check_in(Policy::FirstPrinciples, story);
    check_in(Policy::Incremental, story);
}

/// Checks a story under one policy.
#[track_caller]
pub(crate) fn check_in(policy: Policy, story: &str) {
    check_with(Words::default(), Options { policy, ..Options::default() }, story);
}

/// Checks a story with `system`.
///
/// Each line that begins with `>` is a command, as in [`command::read`]; the lines after it are the events it causes.
/// While nothing is damaged, the engine is compared after every command with one that restarts from the journal.
#[track_caller]
pub(crate) fn check_with(system: Words, options: Options, story: &str) {
    let mut teller = Teller {
        engine: Engine::new(system, Options { guard, ..options }),
        trusted: !system.careless,
        told: Vec::new(),
    };
    let expected: Vec<&str> = story.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    for line in expected.iter().filter_map(|line| line.strip_prefix('>')) {
        teller.told.push(format!(">{line}"));
        teller.tell(line.trim());
        teller.restarted();
    }
    let told = teller.told.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n");
    let expected = expected.join("\n");
    let diff = TextDiff::from_lines(&expected, &told);
    assert!(told == expected, "under {:?} it goes otherwise:\n{}", options.policy, diff.unified_diff());
}

struct Teller {
    engine: Engine<Words>,
    /// Set if the carried state should equal the state that a restart folds.
    trusted: bool,
    told: Vec<String>,
}

impl Teller {
    fn tell(&mut self, line: &str) {
        match command::read(line) {
            Command::Take(stimulus) => {
                self.trusted &= !matches!(&stimulus, Stimulus::Fault(fault) if matches!(**fault, Fault::Damage { .. }));
                let told = take(&mut self.engine, stimulus);
                self.told.extend(told);
            }
            Command::Learn(viewed) => {
                // A restart forgets what the key learned.
                self.trusted = false;
                let length = self.engine.journal().len();
                if !self.engine.learn(None, &viewed) {
                    self.told.push("learns nothing".to_owned());
                }
                self.told.extend(self.engine.journal().since(length).map(|event| event_in(&self.engine, event)));
            }
            Command::Plan(knob) => self.plan(&knob),
            Command::Settle(output, revision) => {
                let known = self.engine.settle(None, &output, revision);
                self.told.extend((!known).then(|| "was never sent".to_owned()));
            }
            Command::Unsettled => self.told.extend(self.engine.unsettled().map(sent)),
            Command::Show(keys) => self.told.extend(keys.iter().map(|key| show(&self.engine, key))),
            Command::Slots(key) => self.told.extend(self.engine.slots(&key).map(|(_, last)| sent(last))),
            Command::Restart { how } => {
                let system = Words {
                    fixed: how == "fixed" || how.is_empty() && self.engine.system().fixed,
                    ..*self.engine.system()
                };
                let length = self.engine.journal().len();
                self.engine = restart(system, &self.engine);
                let told: Vec<_> =
                    self.engine.journal().since(length).map(|event| event_in(&self.engine, event)).collect();
                self.told.extend(told);
            }
        }
    }

    /// Adds a plan to the story, and compares it with its effects on a copy. The engine itself must stay unchanged.
    fn plan(&mut self, knob: &Knob) {
        let before = self.engine.clone();
        let plan = self.engine.plan(knob);
        let mut planned: Vec<String> = Vec::new();
        planned.extend(plan.refusals.iter().map(|refusal| rejected(&before, Some(refusal.event), &refusal.why)));
        planned.extend(plan.heals.iter().map(|healed| event(&Observation::Healed(Box::new(healed.clone())))));
        planned.extend(plan.quarantines.iter().map(|apart| event(&Observation::Quarantined(Box::new(apart.clone())))));
        planned.extend(plan.sends.iter().map(sent));
        let turned = || Stimulus::Knob(Box::new(knob.clone()));
        same(&before, &self.engine);
        let mut done = before.clone();
        assert_eq!(take(&mut done, turned()), planned, "a plan says what then happens");
        // A difference that does not show at once would show in the later behaviour of the two.
        let (mut asked, mut never) = (self.engine.clone(), before);
        for stimulus in [turned(), command::everything_again(&never), turned()] {
            assert_eq!(take(&mut asked, stimulus.clone()), take(&mut never, stimulus), "to ask changes nothing");
        }
        same(&asked, &never);
        self.told.push(format!("keys {}", plan.keys));
        self.told.extend(planned);
        self.told.extend(plan.unknown.iter().map(|unknown| format!("unknown: {unknown}")));
    }

    /// Checks that a restart at this point changes nothing and sends nothing.
    fn restarted(&self) {
        if !self.trusted || self.engine.options().policy == Policy::Unchecked {
            return;
        }
        let restarted = restart(*self.engine.system(), &self.engine);
        same(&self.engine, &restarted);
    }
}

fn restart(system: Words, engine: &Engine<Words>) -> Engine<Words> {
    let restarted = Engine::restart(system, *engine.options(), engine.journal().events().cloned());
    let restarted = restarted.expect("the events of a journal are in sequence");
    let after = restarted.journal().since(engine.journal().len());
    assert!(
        after.into_iter().all(|event| !matches!(event.what, What::Observation(Observation::Out(_)))),
        "a restart sends nothing"
    );
    restarted
}

/// Checks that two engines are indistinguishable.
fn same(a: &Engine<Words>, b: &Engine<Words>) {
    assert_eq!(a.keys(), b.keys());
    assert_eq!(a.flows(), b.flows());
    for key in a.keys() {
        assert_eq!(a.quarantined(key), b.quarantined(key), "{key}");
        assert_eq!(a.state(key), b.state(key), "{key}");
        assert!(a.slots(key).eq(b.slots(key)), "the slots of {key}");
    }
    assert!(a.unsettled().eq(b.unsettled()), "what is not settled");
}

/// Takes a stimulus, and returns the events it causes, one line each.
fn take(engine: &mut Engine<Words>, stimulus: Stimulus<super::system::Say, super::system::Shown>) -> Vec<String> {
    let number = engine.take(None, stimulus).stimulus();
    engine.journal().since(number.get() as usize).map(|event| event_in(engine, event)).collect()
}

fn event_in(engine: &Engine<Words>, happened: &EventOf<Words>) -> String {
    match &happened.what {
        What::Observation(Observation::Rejected(why)) => rejected(engine, happened.cause, &why.why),
        What::Observation(observation) => event(observation),
        What::Stimulus(_) => unreachable!("an engine gives itself no stimulus"),
    }
}

fn rejected(engine: &Engine<Words>, cause: Option<afresh_core::EventNumber>, why: &str) -> String {
    let cause = cause.and_then(|cause| engine.journal().get(cause)).map(|event| &event.what);
    match cause {
        Some(What::Stimulus(Stimulus::In(message))) => {
            format!("rejected {} r{}: {}", message.id, message.revision, plain(why))
        }
        _ => format!("rejected: {}", plain(why)),
    }
}

fn event(observation: &Observation<(String, Option<i64>), super::system::Shown>) -> String {
    match observation {
        Observation::Out(last) => sent(last),
        Observation::Settled(settled) => format!("settled {} r{}", settled.output, settled.revision),
        Observation::Rejected(rejected) => format!("rejected: {}", rejected.why),
        Observation::Quarantined(apart) => format!("quarantined {}: {}", apart.key, plain(&apart.why)),
        Observation::Healed(healed) => {
            let parts: Vec<&str> = healed.parts.iter().map(Name::as_str).collect();
            format!("healed {}: {}", healed.key, parts.join(" "))
        }
        Observation::View(viewed) => format!("view {}: {}", viewed.key, viewed.value.words),
        Observation::Unreadable(unreadable) => unreachable!("no engine makes {unreadable:?}"),
    }
}

fn sent(sent: &Sent<(String, Option<i64>)>) -> String {
    let output = SlotId { key: sent.key.clone(), slot: sent.slot.clone() };
    match &sent.body {
        Some((text, _)) => format!("out {output} r{}: {text}", sent.revision),
        None => format!("out {output} r{} withdrawn", sent.revision),
    }
}

fn show(engine: &Engine<Words>, key: &Key) -> String {
    let known = engine.keys().contains(&key);
    match (engine.quarantined(key), engine.state(key)) {
        (Some(why), _) => format!("{key} quarantined: {}", plain(why)),
        (None, Some(heard)) if known => {
            let words: Vec<&str> = heard.words.iter().map(|(word, _)| word.as_str()).collect();
            let total = heard.total.map_or("?".to_owned(), |total| total.to_string());
            format!("{key} ({total}): {}", words.join(" "))
        }
        (None, None) if known => format!("{key} is not derivable"),
        (None, _) => format!("{key} is not known"),
    }
}

/// Returns the message of a panic without its place in the source.
fn plain(why: &str) -> &str {
    why.split(" (").next().unwrap_or(why)
}
