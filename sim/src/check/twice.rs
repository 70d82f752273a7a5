//! A trace run twice, in two passes at a time: each runs all of it, and looks at half of the keys.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use afresh_core::{AHEAD, Signature};

use super::along::{Along, Shown};
use super::coverage::Depth;
use super::probe::{Probe, Probed, shows};
use super::share::Share;
use super::survey::Survey;
use super::verify::Verifier;
use crate::format::EventOf;
use crate::subject::Subject;

/// After how many events a pass sees how far the other is.
const BLOCK: usize = 128;

/// How many blocks a pass may be ahead of the other: in so few events mostly nothing happens to a given key.
const LEAD: usize = 2;

/// Two runs of a trace.
pub(crate) struct Twice<'s, S: Subject> {
    /// What a look at it finds.
    pub(crate) probed: Probed,
    /// What is to be known of it for runs that begin alike.
    pub(crate) along: Along<'s, S>,
    /// Whether the other run is known to show the same. Where what shows is no matter of a key, or has no place, it is not.
    pub(crate) again: bool,
    /// Both runs as they ended. To free them takes as long as all the runs of a search that come after, so it can wait.
    pub(crate) spent: Vec<Verifier<'s, S>>,
}

impl<'s, S: Subject> Probe<'s, S> {
    /// Looks at a run of `events`, which are those of `survey`, until `wanted` shows; anything, if nothing is wanted. It finds
    /// what [`look`](Self::look) finds.
    ///
    /// What one pass finds at a key is looked at once more, and the other, at that event or soon after, must carry the same for
    /// that key: this says as much of it as a second look would, and takes half as long.
    pub(crate) fn look_twice(
        &self,
        (depth, survey): (Depth, &Arc<Survey>),
        events: &[(EventOf<S>, u64)],
        wanted: Option<&Signature>,
    ) -> Twice<'s, S> {
        let shown_at = AtomicUsize::new(usize::MAX);
        let [(to_second, from_first), (to_first, from_second)] = [channel(), channel()];
        for _ in 0..LEAD {
            // Both ends of either are here.
            let _ = (to_first.send(()), to_second.send(()));
        }
        let half = |number| Share::Keys { number, of: 2 };
        let begin = |share| {
            let mut verifier = self.begin(depth, share);
            verifier.facts.keep(share, survey);
            verifier
        };
        let pass = |share, pace| self.pass(begin(share), events, wanted, &shown_at, pace);
        let passes = both(|| pass(half(0), (to_second, from_second)), || pass(half(1), (to_first, from_first)));
        let [Some(mut first), Some(mut second)] = passes else { return Twice::of(Probed::Stopped) };
        let place = shown_at.into_inner();
        let Some((event, line)) = events.get(place) else {
            let [mut findings, others] = both(|| first.end(), || second.end());
            findings.merge(others);
            return Twice::of(Probed::End(findings.into_sorted()));
        };
        // Either may have come further, and found more there.
        let mut findings = first.findings().until(event.number);
        findings.merge(second.findings().until(event.number));
        let shown = Shown { number: event.number, findings };
        let probed = Probed::from(shown.clone());
        let bug = probed.findings().iter().find(|finding| wanted.is_none_or(|wanted| finding.signature == *wanted));
        let again = bug.is_some_and(|bug| {
            let Some(key) = &bug.first.key else { return false };
            let (owner, other) = if first.share.has(Some(key)) { (&mut first, &second) } else { (&mut second, &first) };
            owner.look_again((event.number, *line), key).has(&bug.signature)
                && (owner.carries_as(other, key)
                    || self.shows_at_last(begin(Share::of(key)), &events[..=place], &bug.signature))
        });
        Twice { probed, along: Along::ended(place + 1, shown), again, spent: vec![first, second] }
    }

    /// Whether a run of its own shows a bug at the last of these events and not before.
    fn shows_at_last(&self, verifier: Verifier<'s, S>, events: &[(EventOf<S>, u64)], bug: &Signature) -> bool {
        let shown_at = AtomicUsize::new(usize::MAX);
        let alone = (channel().0, channel().1);
        self.pass(verifier, events, Some(bug), &shown_at, alone);
        // Where nothing shows it is no place of an event.
        shown_at.into_inner() == events.len() - 1
    }

    /// Takes events until a bug shows in this pass or the other; nothing, if it was stopped.
    fn pass(
        &self,
        mut verifier: Verifier<'s, S>,
        events: &[(EventOf<S>, u64)],
        wanted: Option<&Signature>,
        shown_at: &AtomicUsize,
        (done, others): (Sender<()>, Receiver<()>),
    ) -> Option<Verifier<'s, S>> {
        let mut place = 0;
        for block in events.chunks(BLOCK) {
            // Whoever is not there any more has come to its end.
            let _ = (others.recv(), done.send(()));
            for next in block.chunks(AHEAD) {
                verifier.look_ahead(next.iter().map(|(event, _)| event));
                for (event, line) in next {
                    if (self.stop)() {
                        return None;
                    }
                    // Up to the event at which the other saw something this one has to look too.
                    if place > shown_at.load(Relaxed) {
                        return Some(verifier);
                    }
                    verifier.event(event, *line);
                    if shows(verifier.findings(), wanted) {
                        shown_at.fetch_min(place, Relaxed);
                        return Some(verifier);
                    }
                    place += 1;
                }
            }
        }
        Some(verifier)
    }
}

impl<S: Subject> Twice<'_, S> {
    /// Two runs of which it is not known yet whether they agree.
    fn of(probed: Probed) -> Self {
        Self { probed, along: Along::new(), again: false, spent: Vec::new() }
    }
}

/// Does two things at a time.
fn both<T: Send>(one: impl FnOnce() -> T, other: impl FnOnce() -> T + Send) -> [T; 2] {
    thread::scope(|scope| {
        let other = scope.spawn(other);
        [one(), other.join().expect("a pass catches the panics of the system")]
    })
}
