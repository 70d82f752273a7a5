//! The oracle that compares two versions of a system: the bug is that they differ.

use std::mem;

use afresh_check::Finding;
use afresh_core::{Header, Key, Signature};
use afresh_trace::format::{Error, RawEvent, Writer};

use super::system::{Aimless, Examined, SystemOracle, Tell};
use crate::minimize::{Candidate, Content, Edit, Item, Oracle, Verdict};

/// Compares two versions on a trace, given as the bytes of its file. Returns their differences, the earliest first. May
/// end as soon as the given difference shows.
pub type Compare<'s> = Box<dyn Fn(Vec<u8>, Option<&Signature>) -> Result<Vec<Finding>, Error> + 's>;

/// An oracle that runs every candidate with two versions, and looks for one kind of difference between them.
struct Against<'s> {
    /// The oracle of the new version, which knows the events of the trace. It runs no candidate.
    new: Box<dyn SystemOracle + 's>,
    compare: Compare<'s>,
    header: Header,
    /// The stimuli of the original as a file, until [`aim`](SystemOracle::aim) has run them.
    original: Vec<u8>,
    /// The difference to look for.
    bug: Signature,
    /// The findings of the original from `aim`, until the search takes them.
    aimed: Option<Vec<Finding>>,
}

/// Turns a trace that is ready to be shrunk into one in which the bug is a difference between two versions. The trace
/// was read by the new version, and `compare` runs both.
///
/// # Errors
///
/// Fails if the trace cannot be written.
pub fn against<'s>(examined: Examined<'s>, compare: Compare<'s>) -> Result<Examined<'s>, Error> {
    let Examined { header, stimuli, observations, oracle: new } = examined;
    let original = written(&header, stimuli.iter())?;
    let (bug, header_too) = (Signature::new("", ""), header.clone());
    let oracle = Box::new(Against { new, compare, header: header_too, original, bug, aimed: None });
    Ok(Examined { header, stimuli, observations, oracle })
}

/// Writes a trace with these stimuli, which keep their numbers.
fn written<'e>(header: &Header, stimuli: impl Iterator<Item = &'e Item<RawEvent>>) -> Result<Vec<u8>, Error> {
    let mut writer = Writer::new("a candidate", Vec::new(), header)?;
    for item in stimuli {
        writer.raw_event(&item.value)?;
    }
    writer.finish()
}

impl Against<'_> {
    /// Returns the verdict that the differences on a candidate give.
    fn verdict(&self, findings: &[Finding]) -> Verdict {
        let at = |finding: &Finding| finding.first.event.get().into();
        match (findings.iter().find(|finding| finding.signature == self.bug), findings.first()) {
            (Some(same), _) => Verdict::same_at(at(same)),
            (None, Some(other)) => Verdict::Other { signature: other.signature.clone(), at: Some(at(other)) },
            (None, None) => Verdict::Passed,
        }
    }
}

impl SystemOracle for Against<'_> {
    /// Does nothing, because this oracle runs one candidate after the other. The two versions run at the same time.
    fn set_jobs(&mut self, _: usize) {}

    fn tell(&mut self, tell: Tell) {
        self.new.tell(tell);
    }

    fn concerns(&mut self, key: Option<Key>) {
        self.new.concerns(key);
    }

    fn aim(&mut self, wanted: Option<&Signature>) -> Result<Finding, Aimless> {
        let findings = (self.compare)(self.original.clone(), wanted);
        let findings = findings.map_err(|error| Aimless::Void(error.to_string()))?;
        let found = findings.iter().find(|finding| wanted.is_none_or(|wanted| finding.signature == *wanted)).cloned();
        let Some(found) = found else { return Err(Aimless::Shows(findings)) };
        self.bug = found.signature.clone();
        self.original = Vec::new();
        self.aimed = Some(findings);
        self.new.concerns(found.first.key.clone());
        Ok(found)
    }
}

impl Oracle<RawEvent> for Against<'_> {
    fn test(&mut self, candidate: &Candidate<'_, RawEvent>) -> Verdict {
        if let Some(findings) = self.aimed.take_if(|_| *candidate.edit() == Edit::Keep) {
            return self.verdict(&findings);
        }
        let compared = written(&self.header, candidate.items())
            .and_then(|trace| (self.compare)(trace, Some(&self.bug).filter(|bug| !bug.check.is_empty())));
        match compared {
            Ok(findings) => self.verdict(&findings),
            Err(error) => Verdict::Unresolved(error.to_string()),
        }
    }

    fn bug_is(&mut self, bug: &Signature) {
        if mem::replace(&mut self.bug, bug.clone()) != *bug {
            // The key is not known. Without this, the other oracle would look for the bug in a run of its own.
            self.new.concerns(None);
        }
    }

    fn accepted(&mut self, candidate: &Candidate<'_, RawEvent>) {
        self.new.accepted(candidate);
    }

    fn went_back(&mut self, candidate: &Candidate<'_, RawEvent>) {
        self.new.went_back(candidate);
    }

    fn content(&self) -> &dyn Content<RawEvent> {
        self.new.content()
    }
}
