//! The pass that closes gaps between numbers, such as times, ids and sequence numbers.

use std::collections::{BTreeMap, BTreeSet};

use super::edit::{Edit, Splice};
use super::pass::{Pass, View};
use super::sites::{Kind, Site, rewrite_each, sites};

/// Replaces the numbers in a field by their ranks: the smallest numbers that keep their order and their sign, and stay
/// equal where they are equal. Each edit changes one field in all events.
#[derive(Clone, Debug, Default)]
pub(super) struct Ranks {
    /// The fields still to try, the next one last: the name of each, and the rank of each number in it.
    fields: Vec<(String, BTreeMap<i64, i64>)>,
}

impl Pass for Ranks {
    fn name(&self) -> &'static str {
        "rank"
    }

    fn begin(&mut self, view: &dyn View) {
        let mut fields: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
        // The fields with a number such as 01, which its rank would replace even if it is 1.
        let mut odd = BTreeSet::new();
        for text in (0..view.len()).filter_map(|place| view.text(place)) {
            for site in sites(&text) {
                if let Some(number) = whole_number(&text, &site) {
                    fields.entry(site.field().to_owned()).or_default().insert(number);
                    if number.to_string() != text[site.span.clone()] {
                        odd.insert(site.field().to_owned());
                    }
                }
            }
        }
        let ranked = |numbers: BTreeSet<i64>| -> BTreeMap<i64, i64> {
            // A 0 stays, because 0 often has a special meaning, and no other number becomes 0.
            let (below, from): (Vec<_>, Vec<_>) = numbers.into_iter().partition(|number| *number < 0);
            let first = i64::from(from.first() != Some(&0));
            let below = below.into_iter().rev().zip((1..).map(|rank: i64| -rank));
            below.chain(from.into_iter().zip(first..)).collect()
        };
        let several = fields.into_iter().rev().filter(|(_, numbers)| numbers.len() > 1);
        let ranked = several.map(|(field, numbers)| (field, ranked(numbers)));
        let changes = |(field, ranks): &(String, BTreeMap<i64, i64>)| {
            odd.contains(field) || ranks.iter().any(|(number, rank)| number != rank)
        };
        self.fields = ranked.filter(changes).collect();
    }

    fn propose(&mut self, view: &dyn View) -> Option<Edit> {
        let (field, ranks) = self.fields.pop()?;
        Some(rewrite_each(view, |text, sites| {
            let changed = sites.iter().filter(|site| site.field() == field).filter_map(|site| {
                let rank = ranks.get(&whole_number(text, site)?)?.to_string();
                (rank != text[site.span.clone()]).then_some(Splice(site.span.start, site.span.end, rank))
            });
            changed.collect()
        }))
    }

    fn judged(&mut self, _: bool) {}
}

fn whole_number(text: &str, site: &Site) -> Option<i64> {
    (site.kind == Kind::Number).then(|| text[site.span.clone()].parse().ok()).flatten()
}
