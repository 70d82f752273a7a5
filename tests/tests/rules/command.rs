//! The commands of a story.

use afresh_core::{Damage, Engine, FactId, Fault, Key, Knob, Message, Opening, SlotId, Stimulus, Viewed, What};

use super::system::{Say, Shown, Words};

/// A command of a story.
pub(crate) enum Command {
    Take(Stimulus<Say, Shown>),
    Learn(Viewed<Shown>),
    Plan(Knob),
    Settle(SlotId, u32),
    Unsettled,
    Show(Vec<Key>),
    Slots(Key),
    Restart { how: String },
}

/// Reads a command:
///
/// ```text
/// in m1 a,b word          a message; `bank:m1` names its sender, `r2` before the keys its revision, `@7` its position
/// in m1 r2 -              a withdrawal
/// open a x,y 17 after 3   an opening view: its words, their total number or `?`, and the last position in it
/// learn a x,y 17          a view that was recorded at this moment
/// reflow m1               the knobs; `trigger`, `scrub` and `migrate` without a key mean all keys
/// resend a/log
/// trigger a b
/// scrub a b
/// migrate loud on a b
/// plan KNOB               the plan of a knob
/// damage a stale 1        also `default`, `missing 0`, `field 0`, `other b`, `checkpoints`, `index`
/// settle a/log 1
/// unsettled               the outputs that a restart sends again
/// show a b                the states of these keys
/// slots a                 the last output of each slot
/// restart fixed           a restart from the journal, with the current code or with the `fixed` or `broken` code
/// fail                    the same as a journaled fault, with the current code
/// deploy fixed            the same, with the `fixed` or `broken` code
/// ```
#[track_caller]
pub(crate) fn read(line: &str) -> Command {
    let words: Vec<&str> = line.split_whitespace().collect();
    let stimulus = match words.as_slice() {
        ["in", name, rest @ ..] => Stimulus::In(message(name, rest)),
        ["learn", key, text, total] => {
            return Command::Learn(Viewed { key: (*key).into(), value: shown(text, total) });
        }
        ["open", key, text, total, after @ ..] => {
            let value = shown(text, total);
            let after = after.last().map(|after| after.parse().expect("a position"));
            Stimulus::Opening(Box::new(Opening { key: (*key).into(), value, after }))
        }
        ["damage", key, what @ ..] => {
            Stimulus::Fault(Box::new(Fault::Damage { key: (*key).into(), what: damage(what) }))
        }
        ["fail"] => Stimulus::Fault(Box::new(Fault::Restart { node: "app".into() })),
        ["deploy", system] => Stimulus::Fault(Box::new(Fault::Deploy { node: "app".into(), system: (*system).into() })),
        ["plan", ..] => return Command::Plan(knob(&words[1..])),
        ["settle", output, revision] => {
            return Command::Settle(slot(output), revision.parse().expect("a revision"));
        }
        ["unsettled"] => return Command::Unsettled,
        ["show", keys @ ..] => return Command::Show(names(keys)),
        ["slots", key] => return Command::Slots((*key).into()),
        ["restart", how @ ..] => return Command::Restart { how: how.first().copied().unwrap_or_default().to_owned() },
        _ => Stimulus::Knob(Box::new(knob(&words))),
    };
    Command::Take(stimulus)
}

fn shown(text: &str, total: &str) -> Shown {
    Shown { words: text.replace(',', " "), total: total.parse().ok() }
}

/// Reflows every message in the journal.
pub(crate) fn everything_again(engine: &Engine<Words>) -> Stimulus<Say, Shown> {
    let messages = engine.journal().events().filter_map(|event| match &event.what {
        What::Stimulus(Stimulus::In(message)) => Some(message.fact()),
        _ => None,
    });
    Stimulus::Knob(Box::new(Knob::ReflowIn { messages: messages.collect(), by: "story".into(), why: String::new() }))
}

fn message(name: &str, rest: &[&str]) -> Message<Say> {
    let FactId { from, id } = fact(name);
    let (revision, rest) = match rest {
        [first, rest @ ..] if first.starts_with('r') && first[1..].parse::<u32>().is_ok() => {
            (first[1..].parse().expect("a revision"), rest)
        }
        _ => (1, rest),
    };
    let body = match rest {
        ["-"] => None,
        [keys, word, at @ ..] => {
            let at = at.first().map(|at| at[1..].parse().expect("a position"));
            Some(Say { keys: keys.split(',').map(Key::from).collect(), word: (*word).to_owned(), at })
        }
        _ => panic!("a message has keys and a word, or is withdrawn: {rest:?}"),
    };
    Message { from, id, revision, body }
}

fn knob(words: &[&str]) -> Knob {
    let by = || ("story".into(), String::new());
    let some = |keys: &[&str]| (!keys.is_empty()).then(|| names(keys));
    let (by, why) = by();
    match words {
        ["reflow", messages @ ..] => {
            Knob::ReflowIn { messages: messages.iter().map(|name| fact(name)).collect(), by, why }
        }
        ["resend", outputs @ ..] => {
            Knob::ReflowOut { outputs: outputs.iter().map(|name| slot(name)).collect(), by, why }
        }
        ["trigger", keys @ ..] => Knob::Trigger { keys: some(keys), by, why },
        ["scrub", keys @ ..] => Knob::Scrub { keys: some(keys), by, why },
        ["migrate", flow, on, keys @ ..] => {
            Knob::Migrate { flow: (*flow).into(), keys: some(keys), on: *on == "on", by, why }
        }
        _ => panic!("no command: {words:?}"),
    }
}

fn damage(what: &[&str]) -> Damage {
    match what {
        ["default"] => Damage::Default,
        ["stale", messages] => Damage::Stale(messages.parse().expect("a number of messages")),
        ["missing", newer] => Damage::Missing(newer.parse().expect("a number of messages")),
        ["field", field] => Damage::Field(field.parse().expect("the number of a field")),
        ["other", key] => Damage::Other((*key).into()),
        ["checkpoints"] => Damage::Checkpoints,
        ["index"] => Damage::Index,
        _ => panic!("no damage: {what:?}"),
    }
}

fn fact(name: &str) -> FactId {
    let (from, id) = name.split_once(':').unwrap_or(("bank", name));
    FactId { from: from.into(), id: id.into() }
}

fn slot(name: &str) -> SlotId {
    let (key, slot) = name.split_once('/').expect("the name of an output is KEY/SLOT");
    SlotId { key: key.into(), slot: slot.into() }
}

fn names(names: &[&str]) -> Vec<Key> {
    names.iter().map(|name| Key::from(*name)).collect()
}
