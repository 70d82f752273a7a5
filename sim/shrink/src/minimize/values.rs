//! The pass that simplifies values one by one.

use super::edit::{Edit, Rewrite, Splice};
use super::names::letter;
use super::pass::{Pass, View};
use super::simpler::Simpler;
use super::sites::{Kind, Value, sites};

/// Tries simpler values for each value of each event, from the last event to the first. Each edit changes a value in
/// one place only.
#[derive(Clone, Debug, Default)]
pub(super) struct Values {
    /// The place from which on all events are done.
    end: usize,
    /// The current value of the event before `end`, as an index into its sites.
    site: usize,
    trial: Option<Simpler>,
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
            let text = view.text(place).unwrap_or_default();
            let sites = sites(&text);
            let Some(site) = sites.get(self.site) else {
                (self.end, self.site, self.trial) = (place, 0, None);
                continue;
            };
            let value = Value::of(&text, site);
            let simpler = self.trial.get_or_insert_with(|| {
                // Another event may already have `a` in this field, and the two may have to differ: also try an unused
                // letter.
                let letter = if has_plain_letter(view, site.field()) { letter(view) } else { None };
                Simpler::new(site.kind, &value.content, letter.as_deref())
            });
            // A text that occurs in several places was tried in all of them at once, by the pass `name`.
            if let Some(content) = simpler.next().filter(|_| site.kind != Kind::Text || !is_elsewhere(view, &value)) {
                let splice = Splice(site.span.start, site.span.end, content);
                return Some(Edit::Rewrite(vec![Rewrite { event: view.number(place), splices: vec![splice] }]));
            }
            (self.site, self.trial) = (self.site + 1, None);
        }
    }

    fn judged(&mut self, accepted: bool) {
        if let Some(simpler) = &mut self.trial {
            simpler.judged(accepted);
        }
    }
}

/// Returns whether any event has the text `a`, the first letter that is tried, in this field.
fn has_plain_letter(view: &dyn View, field: &str) -> bool {
    let mut texts = (0..view.len()).filter_map(|place| view.text(place));
    texts.any(|text| sites(&text).into_iter().any(|site| site.field() == field && text[site.span] == *"\"a\""))
}

/// Returns whether a value occurs in more than one place.
fn is_elsewhere(view: &dyn View, value: &Value) -> bool {
    let texts = (0..view.len()).filter_map(|place| view.text(place));
    let count = |text: &str| sites(text).iter().filter(|site| Value::of(text, site) == *value).count();
    texts.map(|text| count(&text)).sum::<usize>() > 1
}
