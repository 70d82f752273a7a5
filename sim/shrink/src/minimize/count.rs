//! The pass that shortens an array together with the number that counts its elements.

use std::collections::BTreeMap;
use std::ops::Range;

use super::descent::Descent;
use super::edit::{Edit, Rewrite, Splice};
use super::pass::{Pass, View};
use super::sites::{Kind, Site, members, sites, take_away};

/// Tries to remove elements of each array whose length is a number of the same event or of the event before it, in the
/// order of a [`Descent`], and to lower that number by as much.
#[derive(Clone, Debug, Default)]
pub(super) struct Count {
    /// The place before which all events are done.
    place: usize,
    /// The current array of the event at `place`, as an index into its sites.
    array: usize,
    descent: Option<Descent>,
}

impl Pass for Count {
    fn name(&self) -> &'static str {
        "count"
    }

    fn propose(&mut self, view: &dyn View) -> Option<Edit> {
        while self.place < view.len() {
            let text = view.text(self.place).unwrap_or_default();
            let sites = sites(&text);
            let members = members(&sites);
            while let Some(array) = sites.get(self.array) {
                let elements = &members[self.array];
                if array.kind == Kind::Array && !elements.is_empty() {
                    let counts = self.counts(view, array, elements.len());
                    let descent = self.descent.get_or_insert_with(|| Descent::new(0, elements.len()));
                    if let Some(range) = descent.next().filter(|_| !counts.is_empty()) {
                        let left = elements.len() - range.len();
                        let gone = sites[elements[range.start]].span.start..sites[elements[range.end - 1]].span.end;
                        let goes = |site: &Site| gone.start <= site.span.start && site.span.end <= gone.end;
                        let mut changes = BTreeMap::from([(self.place, take_away(&sites, goes))]);
                        for (place, count) in counts {
                            let splice = Splice(count.start, count.end, left.to_string());
                            changes.entry(place).or_default().push(splice);
                        }
                        let rewrite = |(place, mut splices): (usize, Vec<Splice>)| {
                            splices.sort_by_key(|splice| splice.0);
                            Rewrite { event: view.number(place), splices }
                        };
                        return Some(Edit::Rewrite(changes.into_iter().map(rewrite).collect()));
                    }
                }
                (self.array, self.descent) = (self.array + 1, None);
            }
            (self.place, self.array, self.descent) = (self.place + 1, 0, None);
        }
        None
    }

    fn judged(&mut self, accepted: bool) {
        if let Some(descent) = &mut self.descent {
            descent.judged(accepted);
        }
    }
}

impl Count {
    /// Returns where the numbers are that equal the number of elements of `array`: outside of it in the same event, and
    /// in the event before. Each comes with the place of its event.
    fn counts(&self, view: &dyn View, array: &Site, elements: usize) -> Vec<(usize, Range<usize>)> {
        let mut found = Vec::new();
        for place in self.place.saturating_sub(1)..=self.place {
            let text = view.text(place).unwrap_or_default();
            for Site { kind, span, .. } in sites(&text) {
                let outside = place < self.place || span.end <= array.span.start || array.span.end <= span.start;
                if kind == Kind::Number && outside && text[span.clone()].parse() == Ok(elements) {
                    found.push((place, span));
                }
            }
        }
        found
    }
}
