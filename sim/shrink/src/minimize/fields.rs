//! Drops a field wherever it is.

use std::collections::BTreeSet;

use super::descent::Descent;
use super::edit::Edit;
use super::pass::{Pass, View};
use super::sites::{depth, rewrite_each, sites, take_away};

/// Tries to do without some fields in all events at once: those of the events themselves, then those of what is in them,
/// and so on, each time in the order of a [`Descent`].
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    /// How deep the fields are inside of each other.
    depth: usize,
    /// The paths of all fields there.
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
                let paths = &self.paths[range];
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

/// The paths of all fields and elements that are so deep, in the order in which they come first.
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
