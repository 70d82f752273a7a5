//! The pass that makes different values equal.

use std::collections::{BTreeMap, BTreeSet};

use super::edit::Edit;
use super::pass::{Pass, View};
use super::sites::{Kind, Value, rename, sites};

/// For each field, tries to make all values of one kind equal to the simplest of them, which is the shortest. Then
/// tries the same for each value that occurs in several places: two names may be able to mean the same thing.
///
/// Only values of the same kind become equal, so a word such as `null` among numbers stays: it says that there is no
/// value.
#[derive(Clone, Debug, Default)]
pub(super) struct Equal {
    /// The edits still to try, the next one last: values, and the value that replaces them.
    tries: Vec<(BTreeSet<Value>, String)>,
    /// The value that the edit proposed last makes all values equal to.
    proposed: Option<Value>,
}

impl Pass for Equal {
    fn name(&self) -> &'static str {
        "equal"
    }

    fn begin(&mut self, view: &dyn View) {
        // The count of each value, by field and kind. Shorter values sort first, so the first one is the simplest.
        let mut fields: BTreeMap<(String, Kind), BTreeMap<(usize, Value), usize>> = BTreeMap::new();
        for text in (0..view.len()).filter_map(|place| view.text(place)) {
            for site in sites(&text).into_iter().filter(|site| site.kind.is_single()) {
                let value = Value::of(&text, &site);
                let values = fields.entry((site.field().to_owned(), site.kind)).or_default();
                *values.entry((value.content.len(), value)).or_default() += 1;
            }
        }
        for values in fields.into_values().rev() {
            let mut values = values.into_iter().map(|((_, value), count)| (value, count));
            let Some((Value { content: simplest, .. }, _)) = values.next() else { continue };
            let others: Vec<_> = values.collect();
            if others.len() > 1 {
                let names = others.iter().filter(|(_, count)| *count > 1).map(|(value, _)| value);
                self.tries.extend(names.map(|value| (BTreeSet::from([value.clone()]), simplest.clone())));
            }
            if others.is_empty() {
                continue;
            }
            self.tries.push((others.into_iter().map(|(value, _)| value).collect(), simplest));
        }
    }

    fn propose(&mut self, view: &dyn View) -> Option<Edit> {
        let (values, simplest) = self.tries.pop()?;
        let edit = rename(view, |value| values.contains(value), &simplest);
        self.proposed = values.into_iter().next();
        self.proposed.iter_mut().for_each(|value| value.content.clone_from(&simplest));
        Some(edit)
    }

    fn judged(&mut self, accepted: bool) {
        // Equal numbers that are not 0 can mostly be 0 as well, which is one run here, and one for each number later.
        if let Some(value) = self.proposed.take().filter(|value| accepted && value.is_number_but_not_0()) {
            self.tries.push((BTreeSet::from([value]), "0".to_owned()));
        }
    }
}
