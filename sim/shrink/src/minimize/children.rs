//! The pass that replaces a value by one of its members, as in a tree whose root is not needed.

use std::collections::{BTreeMap, BTreeSet};

use super::edit::{Edit, Rewrite, Splice};
use super::pass::{Pass, View};
use super::sites::{Kind, Site, members, sites};

/// Tries to replace objects and arrays by one of their members, from the first event to the last and from the outer
/// ones to the inner ones.
///
/// Where the events themselves are the elements of an array, the members of one of them take the place of all events.
///
/// A member takes the place of the value around it only if some value in the same field of some event is of its kind.
/// In most formats, any other kind would not read back.
#[derive(Clone, Debug, Default)]
pub(super) struct Children {
    /// The kinds of the values in each field.
    kinds: BTreeMap<String, BTreeSet<Kind>>,
    /// The place before which all events are done.
    place: usize,
    /// The current object or array of the event at `place`, as an index into its sites.
    container: usize,
    /// How many of its members were tried.
    tried: usize,
    /// How many events were tried to replace the whole trace by their members.
    alone: usize,
}

impl Pass for Children {
    fn name(&self) -> &'static str {
        "child"
    }

    fn begin(&mut self, view: &dyn View) {
        for text in (0..view.len()).filter_map(|place| view.text(place)) {
            for site in sites(&text) {
                self.kinds.entry(site.field().to_owned()).or_default().insert(site.kind);
            }
        }
    }

    fn propose(&mut self, view: &dyn View) -> Option<Edit> {
        while self.place < view.len() {
            let text = view.text(self.place).unwrap_or_default();
            let sites = sites(&text);
            let members = members(&sites);
            while let Some(site) = sites.get(self.container) {
                let mut fitting = self.fitting(&text, &sites, site, &members[self.container]);
                if self.tried < fitting.len() {
                    let content = fitting.swap_remove(self.tried);
                    let splices = vec![Splice(site.span.start, site.span.end, content.to_owned())];
                    return Some(Edit::Rewrite(vec![Rewrite { event: view.number(self.place), splices }]));
                }
                (self.container, self.tried) = (self.container + 1, 0);
            }
            (self.place, self.container, self.tried) = (self.place + 1, 0, 0);
        }
        let edit = members_alone(view, self.alone)?;
        self.alone += 1;
        Some(edit)
    }

    fn judged(&mut self, accepted: bool) {
        // After a success, the new value is tried again from its first member on.
        self.tried = if accepted { 0 } else { self.tried + 1 };
        if accepted && self.alone > 0 {
            self.alone = 0;
        }
    }
}

impl Children {
    /// Returns the members that may take the place of the value at `site`, the smallest first, without duplicates.
    fn fitting<'t>(&self, text: &'t str, sites: &[Site], site: &Site, members: &[usize]) -> Vec<&'t str> {
        let Some(kinds) = self.kinds.get(site.field()).filter(|_| !members.is_empty()) else { return Vec::new() };
        let fitting = members.iter().map(|member| &sites[*member]).filter(|member| kinds.contains(&member.kind));
        // One value of each kind without members is enough: whether it fits hardly depends on which one it is.
        let mut single: BTreeSet<Kind> = BTreeSet::new();
        let mut found: Vec<&str> = Vec::new();
        for member in fitting.filter(|member| !member.kind.is_single() || single.insert(member.kind)) {
            let content = &text[member.span.clone()];
            if !found.contains(&content) {
                found.push(content);
            }
        }
        found.sort_by_key(|content| content.len());
        found
    }
}

/// Returns the edit that leaves only the members of an array: of the `nth` event that is one, as events of their own.
fn members_alone(view: &dyn View, nth: usize) -> Option<Edit> {
    let of_event = |place: usize| -> Option<Vec<String>> {
        let text = view.text(place)?;
        let sites = sites(&text);
        let array = sites.first().filter(|site| site.kind == Kind::Array)?;
        let members = &members(&sites)[0];
        let alone = (2..=view.len()).contains(&members.len()) && array.span.end == text.trim_end().len();
        alone.then(|| members.iter().map(|member| text[sites[*member].span.clone()].to_owned()).collect())
    };
    let members = (0..view.len()).filter_map(of_event).nth(nth)?;
    let rewrite = |(place, member): (usize, &String)| {
        let text = view.text(place)?;
        let splices = vec![Splice(0, text.trim_end().len(), member.clone())];
        Some(Rewrite { event: view.number(place), splices })
    };
    let rewrite: Option<Vec<_>> = members.iter().enumerate().map(rewrite).collect();
    let remove = view.remove(members.len()..view.len()).removed().to_vec();
    Some(if remove.is_empty() { Edit::Rewrite(rewrite?) } else { Edit::Merge { remove, rewrite: rewrite? } })
}
