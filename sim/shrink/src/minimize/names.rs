//! The pass that simplifies names: values that occur in several places.

use std::collections::BTreeSet;

use super::edit::Edit;
use super::pass::{Pass, View};
use super::simpler::Simpler;
use super::sites::{Kind, Value, rename, sites};

/// Tries simpler values for each value that occurs in several places, in all of them at once: it may be a name, which
/// has to be the same everywhere. Begins with the values of the last events.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    /// The values still to simplify, the next one last.
    values: Vec<(Kind, Value)>,
    /// The value that is being simplified, in its current form.
    trial: Option<(Value, Simpler)>,
    proposed: String,
    /// The first letter that is not the text of any event; `None` if it has to be looked up in the verified trace.
    letter: Option<Option<String>>,
}

impl Pass for Names {
    fn name(&self) -> &'static str {
        "name"
    }

    fn begin(&mut self, view: &dyn View) {
        let (mut once, mut several) = (BTreeSet::new(), BTreeSet::new());
        for text in (0..view.len()).filter_map(|place| view.text(place)) {
            // Nothing is simpler than a word.
            for site in sites(&text).iter().filter(|site| matches!(site.kind, Kind::Text | Kind::Number)) {
                let value = Value::of(&text, site);
                if !once.insert(value.clone()) && several.insert(value.clone()) {
                    self.values.push((site.kind, value));
                }
            }
        }
    }

    fn propose(&mut self, view: &dyn View) -> Option<Edit> {
        loop {
            if let Some((value, simpler)) = &mut self.trial
                && let Some(content) = simpler.next()
            {
                self.proposed = content;
                return Some(rename(view, |other| other == value, &self.proposed));
            }
            let (kind, value) = self.values.pop()?;
            let letter = self.letter.get_or_insert_with(|| letter(view));
            let simpler = Simpler::new(kind, &value.content, letter.as_deref());
            self.trial = Some((value, simpler));
        }
    }

    fn judged(&mut self, accepted: bool) {
        let Some((value, simpler)) = &mut self.trial else { return };
        simpler.judged(accepted);
        if accepted {
            self.letter = None;
            value.content.clone_from(&self.proposed);
        }
    }
}

/// Returns the first letter that is not the text of any event.
pub(super) fn letter(view: &dyn View) -> Option<String> {
    let mut used = BTreeSet::new();
    for text in (0..view.len()).filter_map(|place| view.text(place)) {
        let texts = sites(&text).into_iter().filter(|site| site.kind == Kind::Text);
        used.extend(texts.map(|site| text[site.span].to_owned()));
    }
    ('a'..='z').map(String::from).find(|letter| !used.contains(&format!("\"{letter}\"")))
}
