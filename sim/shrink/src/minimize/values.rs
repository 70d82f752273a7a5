//! The pass that simplifies values one by one.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::edit::{Edit, Rewrite, Splice};
use super::names::letter;
use super::pass::{Pass, View};
use super::simpler::Simpler;
use super::sites::{Kind, Site, sites};

/// Tries simpler values for each value of each event, from the last event to the first. Each edit changes a value in
/// one place only.
#[derive(Clone, Debug, Default)]
pub(super) struct Values {
    /// The place from which on all events are done.
    end: usize,
    /// The current value of the event before `end`, as an index into its sites.
    site: usize,
    trial: Option<Simpler>,
    /// The fields with a number that seems to depend on others.
    dependent: BTreeSet<String>,
    /// The texts of the trace, and the event before `end`. They are read once for each verified trace, because an event
    /// may have very many values.
    texts: Option<Rc<Texts>>,
    event: Option<Rc<(String, Vec<Site>)>>,
}

impl Pass for Values {
    fn name(&self) -> &'static str {
        "value"
    }

    fn begin(&mut self, view: &dyn View) {
        self.end = view.len();
    }

    fn propose(&mut self, view: &dyn View) -> Option<Edit> {
        loop {
            let place = self.end.checked_sub(1)?;
            let texts = Rc::clone(self.texts.get_or_insert_with(|| Rc::new(Texts::new(view))));
            let event = Rc::clone(self.event.get_or_insert_with(|| {
                let text = view.text(place).unwrap_or_default().into_owned();
                let sites = sites(&text);
                Rc::new((text, sites))
            }));
            while let Some(site) = event.1.get(self.site) {
                let content = &event.0[site.span.clone()];
                let simpler = self.trial.get_or_insert_with(|| {
                    // Another event may already have `a` in this field, and the two may have to differ: also try an
                    // unused letter.
                    let letter = texts.letter.as_deref().filter(|_| texts.plain.contains(site.field()));
                    let simpler = Simpler::new(site.kind, content, letter);
                    if self.dependent.contains(site.field()) { simpler.wary() } else { simpler }
                });
                // A text that occurs in several places was tried in all of them at once, by the pass `name`.
                let is_name = site.kind == Kind::Text && texts.counts.get(content).is_some_and(|count| *count > 1);
                if let Some(content) = simpler.next().filter(|_| !is_name) {
                    let splice = Splice(site.span.start, site.span.end, content);
                    return Some(Edit::Rewrite(vec![Rewrite { event: view.number(place), splices: vec![splice] }]));
                }
                if simpler.depends() {
                    self.dependent.insert(site.field().to_owned());
                }
                (self.site, self.trial) = (self.site + 1, None);
            }
            (self.end, self.site, self.trial, self.event) = (place, 0, None, None);
        }
    }

    fn judged(&mut self, accepted: bool) {
        if let Some(simpler) = &mut self.trial {
            simpler.judged(accepted);
        }
        if accepted {
            (self.texts, self.event) = (None, None);
        }
    }
}

/// The texts of a trace.
#[derive(Debug)]
struct Texts {
    /// How often each text occurs.
    counts: BTreeMap<String, usize>,
    /// The fields in which an event has the text `a`, the first letter that is tried.
    plain: BTreeSet<String>,
    /// The first letter that is not the text of any event.
    letter: Option<String>,
}

impl Texts {
    fn new(view: &dyn View) -> Self {
        let (mut counts, mut plain) = (BTreeMap::new(), BTreeSet::new());
        for text in (0..view.len()).filter_map(|place| view.text(place)) {
            for site in sites(&text).into_iter().filter(|site| site.kind == Kind::Text) {
                let content = &text[site.span.clone()];
                if content == "\"a\"" {
                    plain.insert(site.field().to_owned());
                }
                *counts.entry(content.to_owned()).or_default() += 1;
            }
        }
        Self { counts, plain, letter: letter(view) }
    }
}
