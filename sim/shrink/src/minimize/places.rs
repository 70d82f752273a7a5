//! The pass that removes what lies in a place, and lowers the numbers that refer to later places.

use std::collections::{BTreeMap, BTreeSet};

use super::edit::{Edit, Rewrite, Splice};
use super::pass::{Pass, View};
use super::sites::{Kind, Site, members, sites, take_away};

/// The most events of a trace, and the most elements of an array, in which this pass tries anything.
const MANY: usize = 64;

/// Tries to remove each element of an array and each event, the last one first, and to lower by one all numbers of one
/// field that are greater than its place. Places are counted from 0.
///
/// In a list whose elements name each other by place, hardly any element can be removed without this.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    /// How many edits of the verified trace were tried and rejected.
    tried: usize,
}

impl Pass for Places {
    fn name(&self) -> &'static str {
        "place"
    }

    fn propose(&mut self, view: &dyn View) -> Option<Edit> {
        let of_events = (view.len() <= MANY).then(|| of_events(view));
        let of_elements = (0..view.len()).flat_map(|place| of_elements(view, place));
        of_events.into_iter().flatten().chain(of_elements).nth(self.tried)
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

/// A number that may refer to a place.
struct Reference {
    /// The index of the event that has it.
    event: usize,
    site: Site,
    place: usize,
}

/// Returns the references of each field. A field whose numbers are not all places of a list with `len` elements refers
/// to something else.
fn references<'t>(texts: impl Iterator<Item = (usize, &'t str, Site)>, len: usize) -> Vec<Vec<Reference>> {
    let mut fields: BTreeMap<String, Option<Vec<Reference>>> = BTreeMap::new();
    for (event, text, site) in texts.filter(|(_, _, site)| site.kind == Kind::Number) {
        let field = fields.entry(site.path.clone()).or_insert_with(|| Some(Vec::new()));
        match text[site.span.clone()].parse().ok().filter(|place| *place <= len) {
            Some(place) => {
                field.iter_mut().for_each(|field| field.push(Reference { event, site: site.clone(), place }))
            }
            None => *field = None,
        }
    }
    fields.into_values().flatten().collect()
}

/// Returns the splices that lower the references to places after `place`, each with its event.
fn lowered(field: &[Reference], place: usize) -> impl Iterator<Item = (usize, Splice)> {
    let later = field.iter().filter(move |reference| reference.place > place);
    later.map(|Reference { event, site, place }| {
        (*event, Splice(site.span.start, site.span.end, (place - 1).to_string()))
    })
}

/// Returns the edits that remove an element of an array of the event at `event`.
fn of_elements(view: &dyn View, event: usize) -> Vec<Edit> {
    let text = view.text(event).unwrap_or_default();
    let sites = sites(&text);
    let members = members(&sites);
    let mut edits = Vec::new();
    for (array, elements) in members.iter().enumerate().filter(|(_, elements)| (2..=MANY).contains(&elements.len())) {
        let around = sites[array].span.clone();
        if sites[array].kind != Kind::Array {
            continue;
        }
        let inside = sites.iter().filter(|site| around.start < site.span.start && site.span.end < around.end);
        for field in references(inside.map(|site| (event, &*text, site.clone())), elements.len()) {
            for (place, element) in elements.iter().enumerate().rev() {
                let gone = sites[*element].span.clone();
                let stays = |(_, splice): &(usize, Splice)| splice.1 <= gone.start || gone.end <= splice.0;
                let mut splices: Vec<_> = lowered(&field, place).filter(stays).map(|(_, splice)| splice).collect();
                if !splices.is_empty() {
                    splices.extend(take_away(&sites, |site| *site == sites[*element]));
                    splices.sort_by_key(|splice| splice.0);
                    edits.push(Edit::Rewrite(vec![Rewrite { event: view.number(event), splices }]));
                }
            }
        }
    }
    edits
}

/// Returns the edits that remove an event.
fn of_events(view: &dyn View) -> Vec<Edit> {
    let texts: Vec<_> = (0..view.len()).map(|place| view.text(place).unwrap_or_default()).collect();
    let all = texts
        .iter()
        .enumerate()
        .flat_map(|(event, text)| sites(text).into_iter().map(move |site| (event, &**text, site)));
    let mut edits = Vec::new();
    for field in references(all, view.len()) {
        // A list of places has one in each event.
        let events: BTreeSet<_> = field.iter().map(|reference| reference.event).collect();
        if events.len() < view.len() {
            continue;
        }
        for place in (0..view.len()).rev() {
            let mut rewrites: Vec<Rewrite> = Vec::new();
            for (event, splice) in lowered(&field, place).filter(|(event, _)| *event != place) {
                match rewrites.last_mut().filter(|rewrite| rewrite.event == view.number(event)) {
                    Some(rewrite) => rewrite.splices.push(splice),
                    None => rewrites.push(Rewrite { event: view.number(event), splices: vec![splice] }),
                }
            }
            if !rewrites.is_empty() {
                let remove = view.remove(place..place + 1).removed().to_vec();
                edits.push(Edit::Merge { remove, rewrite: rewrites });
            }
        }
    }
    edits
}
