//! Asks a system how its messages change if others are removed.

use afresh_check::Subject;
use afresh_check::guard::guard;
use afresh_core::{Input, Stimulus, What};
use afresh_trace::format::RawEvent;

use crate::minimize::{Item, Rebased, Rewrite};

/// Returns the changes that the removal of the events in the spans of `remove` makes to the others. Returns `None` if
/// the system does not say, or if its code panics.
pub(super) fn rebase<S: Subject>(
    system: &S,
    version: &str,
    items: &[Item<RawEvent>],
    remove: &[(u64, u64)],
) -> Option<Rebased> {
    // Most systems do not say, and then nothing has to be read.
    ask(system, &[])?;
    let read = |item: &Item<RawEvent>| match item.value.typed(system, version).ok()?.what {
        What::Stimulus(Stimulus::In(message)) => Some((message.from, message.id, message.body?)),
        _ => None,
    };
    let messages: Vec<_> = items.iter().filter_map(|item| Some((item, read(item)?))).collect();
    let stays = |number: u64| {
        let span = remove.get(remove.partition_point(|(_, last)| *last < number));
        span.is_none_or(|(first, _)| number < *first)
    };
    let history = messages.iter().map(|(item, (from, id, body))| (Input { from, id, body }, stays(item.number)));
    let bodies = ask(system, &history.collect::<Vec<_>>())?;
    let mut rebased = Rebased::default();
    let stay = messages.iter().map(|(item, _)| item).filter(|item| stays(item.number));
    for (Item { number, value }, body) in stay.zip(bodies) {
        match body {
            Some(body) => {
                let body = serde_json::to_string(&body).ok()?;
                rebased.rewrites.extend(Rewrite::of_value(*number, &value.text()?, ".in.body", body));
            }
            None => rebased.gone.push(*number),
        }
    }
    Some(rebased)
}

/// Calls [`System::rebase`](afresh_core::System::rebase). Returns `None` if it panics, or if the number of bodies is
/// not that of the messages that stay.
fn ask<S: Subject>(system: &S, history: &[(Input<'_, S::In>, bool)]) -> Option<Vec<Option<S::In>>> {
    let mut bodies = None;
    guard(&mut || bodies = system.rebase(history)).ok()?;
    bodies.filter(|bodies| bodies.len() == history.iter().filter(|(_, stays)| *stays).count())
}
