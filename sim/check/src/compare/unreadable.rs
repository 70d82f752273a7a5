//! Recorded outputs and views that this version of the system cannot read.

use afresh_core::{Engine, Observed, Parts, System, UnreadableObservation};

use super::{Compared, Comparer, Different};

impl Comparer {
    /// Compares a recorded output or view that this version cannot read. No run of this version makes it.
    pub(super) fn unreadable<S: System>(
        &mut self,
        engine: &Engine<S>,
        recorded: &UnreadableObservation,
        side: &'static str,
    ) -> Compared<S> {
        let UnreadableObservation { observed, why } = recorded.clone();
        let key = recorded.observed.key();
        self.window.depends(key);
        let (is_derivable, part, kind) = match observed {
            Observed::Out(recorded) => {
                self.records_outputs = true;
                self.apart.insert(recorded.slot_id());
                let now = self.sent_now(engine, key, &recorded.slot).cloned();
                let is_derivable = self.window.derives_output(engine, key);
                (is_derivable, "output", Different::UnreadableOutput { recorded, why, now })
            }
            Observed::View(recorded) => {
                self.covered = engine.journal().len();
                let now = engine.state(key).map(|state| engine.system().view(key, state));
                let is_derivable = self.window.says_now(key) && (self.window.complete || now.is_some());
                (is_derivable, "view", Different::UnreadableView { recorded, why, now, side })
            }
        };
        if is_derivable { Compared::Differs(kind) } else { Compared::NotDerivable(Parts::not_derivable(part)) }
    }
}
