//! The pass that simplifies names: values that occur in several places.

use std::collections::{BTreeMap, BTreeSet};

use super::edit::Edit;
use super::pass::{Pass, View};
use super::simpler::Simpler;
use super::sites::{Kind, Value, rename, sites};

/// Tries simpler values for each value that occurs in several places, in all of them at once: it may be a name, which
/// has to be the same everywhere. Begins with the values of the last events, and ends with equal numbers in different
/// fields.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    /// The names still to simplify, the next one last.
    names: Vec<Name>,
    /// The name that is being simplified, in its current form.
    trial: Option<(Name, Simpler)>,
    proposed: String,
    /// The first letter that is not the text of any event; `None` if it has to be looked up in the verified trace.
    letter: Option<Option<String>>,
}

/// A value that occurs in several places.
#[derive(Clone, Debug)]
struct Name {
    kind: Kind,
    value: Value,
    /// Whether equal values in other fields are the same name.
    in_any_field: bool,
}

impl Name {
    fn is(&self, other: &Value) -> bool {
        if self.in_any_field { self.value.has_content_of(other) } else { self.value == *other }
    }
}

impl Pass for Names {
    fn name(&self) -> &'static str {
        "name"
    }

    fn begin(&mut self, view: &dyn View) {
        let (mut once, mut several) = (BTreeSet::new(), BTreeSet::new());
        let (mut fields, mut names) = (BTreeMap::<String, BTreeSet<Value>>::new(), Vec::new());
        for text in (0..view.len()).filter_map(|place| view.text(place)) {
            // Nothing is simpler than a word.
            for site in sites(&text).iter().filter(|site| matches!(site.kind, Kind::Text | Kind::Number)) {
                let (kind, value) = (site.kind, Value::of(&text, site));
                if kind == Kind::Number {
                    fields.entry(value.content.clone()).or_default().insert(value.clone());
                }
                if !once.insert(value.clone()) && several.insert(value.clone()) {
                    names.push(Name { kind, value, in_any_field: false });
                }
            }
        }
        let several =
            fields.into_values().filter(|values| values.len() > 1).filter_map(|mut values| values.pop_first());
        self.names.extend(several.map(|value| Name { kind: Kind::Number, value, in_any_field: true }));
        self.names.append(&mut names);
    }

    fn propose(&mut self, view: &dyn View) -> Option<Edit> {
        loop {
            if let Some((name, simpler)) = &mut self.trial
                && let Some(content) = simpler.next()
            {
                self.proposed = content;
                return Some(rename(view, |other| name.is(other), &self.proposed));
            }
            let name = self.names.pop()?;
            let letter = self.letter.get_or_insert_with(|| letter(view));
            let simpler = Simpler::new(name.kind, &name.value.content, letter.as_deref()).not_empty();
            self.trial = Some((name, simpler));
        }
    }

    fn judged(&mut self, accepted: bool) {
        let Some((name, simpler)) = &mut self.trial else { return };
        simpler.judged(accepted);
        if accepted {
            self.letter = None;
            name.value.content.clone_from(&self.proposed);
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
