//! The pass that removes fields from all events at once.

use std::collections::BTreeSet;

use super::descent::Descent;
use super::edit::Edit;
use super::pass::{Pass, View};
use super::sites::{depth, rewrite_each, sites, take_away};

/// Tries to remove fields, each from all events that have it, in the order of a [`Descent`]. Begins with the fields of
/// the events themselves and continues with those inside them, one level of nesting after another.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    /// The level of nesting of the current fields; 1 is the outermost.
    depth: usize,
    /// The paths of all fields at that level.
    paths: Vec<String>,
    descent: Option<Descent>,
}

impl Pass for Fields {
    fn name(&self) -> &'static str {
        "field"
    }

    fn propose(&mut self, view: &dyn View) -> Option<Edit> {
        loop {
            if let Some(range) = self.descent.as_mut().and_then(Descent::next) {
                let paths: BTreeSet<_> = self.paths[range].iter().collect();
                return Some(rewrite_each(view, |_, sites| take_away(sites, |site| paths.contains(&site.path))));
            }
            self.depth += 1;
            self.paths = paths(view, self.depth);
            if self.paths.is_empty() {
                return None;
            }
            self.descent = Some(Descent::new(0, self.paths.len()));
        }
    }

    fn judged(&mut self, accepted: bool) {
        if let Some(descent) = &mut self.descent {
            descent.judged(accepted);
        }
    }
}

/// Returns the paths of all fields and elements at level `at`, in the order of their first occurrence.
fn paths(view: &dyn View, at: usize) -> Vec<String> {
    let (mut paths, mut seen) = (Vec::new(), BTreeSet::new());
    for text in (0..view.len()).filter_map(|place| view.text(place)) {
        let sites = sites(&text);
        for (index, site) in sites.iter().enumerate() {
            if depth(&sites, index) == at && seen.insert(site.path.clone()) {
                paths.push(site.path.clone());
            }
        }
    }
    paths
}
