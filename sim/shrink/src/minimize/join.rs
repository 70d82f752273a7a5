//! The pass that joins arrays, so that the others find all elements in one place.

use super::edit::{Edit, Rewrite, Splice};
use super::pass::{Pass, View};
use super::sites::{Kind, Site, members, sites};

/// Tries to join arrays that lie beside each other, in the same array or in neighbouring events: first all of a row,
/// then two at a time.
#[derive(Clone, Debug, Default)]
pub(super) struct Join {
    /// How many joins of the verified trace were tried and rejected.
    tried: usize,
}

impl Pass for Join {
    fn name(&self) -> &'static str {
        "join"
    }

    fn propose(&mut self, view: &dyn View) -> Option<Edit> {
        joins(view).nth(self.tried)
    }

    fn judged(&mut self, accepted: bool) {
        if !accepted {
            self.tried += 1;
        }
    }

    /// Returns false, because each proposal reads all texts.
    fn is_foreseeable(&self) -> bool {
        false
    }
}

/// Returns all edits that join arrays.
fn joins(view: &dyn View) -> impl Iterator<Item = Edit> {
    let of_event = |place: usize| -> Vec<Edit> {
        let text = view.text(place).unwrap_or_default();
        let sites = sites(&text);
        let rows = members(&sites)
            .into_iter()
            .enumerate()
            .filter(|(parent, _)| sites.get(*parent).is_some_and(|site| site.kind == Kind::Array));
        let row = |(_, row): (usize, Vec<usize>)| {
            let splices: Vec<_> = row.windows(2).filter_map(|pair| between(&sites[pair[0]], &sites[pair[1]])).collect();
            let all = (splices.len() > 1).then(|| splices.clone());
            all.into_iter().chain(splices.into_iter().map(|splice| vec![splice])).collect::<Vec<_>>()
        };
        let rewrite = |splices| Edit::Rewrite(vec![Rewrite { event: view.number(place), splices }]);
        rows.flat_map(row).map(rewrite).collect()
    };
    let of_events = |place: usize| -> Option<Edit> {
        let (one, other) = (elements(view, place)?, elements(view, place + 1)?);
        let splice = Splice(one.1, one.1, format!(",{}", &other.0));
        let rewrite = vec![Rewrite { event: view.number(place), splices: vec![splice] }];
        Some(Edit::Merge { remove: view.remove(place + 1..place + 2).removed().to_vec(), rewrite })
    };
    let events = (0..view.len().saturating_sub(1)).filter_map(of_events);
    (0..view.len()).flat_map(of_event).chain(events)
}

/// Returns the splice that makes two neighbouring arrays one, or `None` if one of them is no array, or empty.
fn between(one: &Site, other: &Site) -> Option<Splice> {
    let filled = |site: &Site| site.kind == Kind::Array && site.span.len() > 2;
    (filled(one) && filled(other)).then(|| Splice(one.span.end - 1, other.span.start + 1, ",".to_owned()))
}

/// If the event at `place` is an array with elements, returns them as text, and where they end.
fn elements(view: &dyn View, place: usize) -> Option<(String, usize)> {
    let text = view.text(place).filter(|_| place < view.len())?;
    let sites = sites(&text);
    let site = sites.first().filter(|site| site.kind == Kind::Array && sites.len() > 1)?;
    let inside = site.span.start + 1..site.span.end - 1;
    Some((text[inside.clone()].trim().to_owned(), inside.end))
}
