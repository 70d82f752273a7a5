//! Determinism: compares two runs that should be the same, event by event.

use afresh_check::Finding;
use afresh_core::{EventNumber, Signature};

use crate::run::{Cluster, Ended, Keep, simulate_keeping};
use crate::world::{Happened, Node};

/// The first event at which two runs differ that should be the same, such as two runs of one seed.
///
/// It means that a node depends on something other than its state and its arguments: a clock, a random number, or the
/// order of a hash map.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("two runs that should be the same differ at event {event}: the first has {one}, the second has {other}")]
pub struct Nondeterminism {
    /// The number of the event in the first run; if that run had already ended, the number after its last event.
    pub event: u32,
    /// The first run at this event: the event itself, the content of its message, or the view of its node after it.
    pub one: String,
    /// The second run at this event.
    pub other: String,
}

/// The name of the only law that is checked for worlds of nodes: two runs of the same seed or trace are equal.
pub const DETERMINISM: &str = "determinism";

impl Nondeterminism {
    /// Returns the difference as a violation of the law [`DETERMINISM`].
    pub fn finding(&self) -> Finding {
        let event = EventNumber::new(self.event).unwrap_or(EventNumber::MIN);
        Finding::of_run(Signature::new(DETERMINISM, ""), event, self.to_string())
    }
}

/// Runs a cluster twice from the same seed, and returns the run if both are equal.
///
/// # Errors
///
/// Returns the first event at which the two runs differ.
pub fn deterministic<C: Cluster>(cluster: &C, seed: u64) -> Result<Ended<C::Node>, Nondeterminism> {
    let run = || simulate_keeping(cluster, seed, Keep::States);
    let (one, other) = (run(), run());
    first_difference(&one, &other).map_or(Ok(one), Err)
}

/// Compares two runs that should be the same, and returns the first event at which they differ.
///
/// Compares the events, the contents of their messages, and the views of the nodes.
pub fn first_difference<N: Node>(one: &Ended<N>, other: &Ended<N>) -> Option<Nondeterminism> {
    let (mut ones, mut others) = (moments(one), moments(other));
    let mut last = 0;
    loop {
        let (one_moment, other_moment) = match (ones.next(), others.next()) {
            (None, None) => break,
            pair if pair.0 == pair.1 => {
                last = pair.0.map_or(last, |moment| moment.event.number);
                continue;
            }
            pair => pair,
        };
        let event = one_moment.as_ref().map_or(last + 1, |moment| moment.event.number);
        let said = |this: &Option<Moment<'_>>, that: &Option<Moment<'_>>| match (this, that) {
            (Some(this), Some(that)) => this.differs_from(that),
            (Some(this), None) => format!("{:?}", this.event),
            (None, _) => "the end".to_owned(),
        };
        let (one, other) = (said(&one_moment, &other_moment), said(&other_moment, &one_moment));
        return Some(Nondeterminism { event, one, other });
    }
    let mut views = one.world.names().iter().zip(one.views().zip(other.views()));
    let (name, (one, other)) = views.find(|(_, (one, other))| one != other)?;
    let said = |view: Option<String>| format!("`{name}` at its end as {}", view.unwrap_or_default());
    Some(Nondeterminism { event: last.max(1), one: said(one), other: said(other) })
}

/// One event of a run, as far as two runs are compared.
#[derive(PartialEq)]
struct Moment<'e> {
    event: &'e Happened,
    /// The content of the message that was delivered, lost or duplicated.
    content: Option<String>,
    /// The view of the node that handled the event, after it.
    state: Option<&'e str>,
}

impl Moment<'_> {
    /// Describes this event, as far as it differs from that of another run.
    fn differs_from(&self, other: &Self) -> String {
        match (&self.content, self.state) {
            _ if self.event != other.event => format!("{:?}", self.event),
            (Some(content), _) if self.content != other.content => format!("the message {content}"),
            (_, state) => format!("its node as {}", state.unwrap_or("nothing")),
        }
    }
}

fn moments<N: Node>(run: &Ended<N>) -> impl Iterator<Item = Moment<'_>> {
    let states = run.states.iter().map(Option::as_deref).chain(std::iter::repeat(None));
    run.world.events_and_messages().zip(states).map(|((event, message), state)| Moment {
        event,
        content: message.map(|message| format!("{message:?}")),
        state,
    })
}
