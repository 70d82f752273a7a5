//! The pass that changes two numbers at once, for a failure that depends on their difference or their sum.

use super::edit::{Edit, Rewrite, Splice};
use super::pass::{Pass, View};
use super::sites::{Kind, sites};

/// The most numbers of a trace on which this pass tries anything: it tries every two of them.
const MANY: usize = 32;

/// Tries to move two numbers by the same distance, which is found by bisection: both toward 0, or the one toward 0 and
/// the other one away from it. The one way keeps their difference, the other one their sum. Also tries to move the
/// greater number below the smaller one, by as much as it is above it.
#[derive(Clone, Debug, Default)]
pub(super) struct Shift {
    /// How many of the pairs and ways were tried.
    tried: usize,
    /// The search for the greatest distance, if one has begun.
    distance: Option<Distance>,
    /// How many pairs were tried to mirror, once all ways were tried.
    mirrored: usize,
}

/// A pair of numbers, by their indices among all numbers, and the directions in which they move.
type Way = [(usize, i128); 2];

/// A bisection for the greatest distance by which two numbers can be moved.
#[derive(Clone, Debug)]
struct Distance {
    way: Way,
    /// The two numbers before they are moved.
    from: [i128; 2],
    /// The greatest distance that is enough, and the smallest that is too far.
    bounds: (i128, i128),
    /// The greatest distance that makes sense.
    most: i128,
    proposed: i128,
}

/// A number of a trace.
struct Number {
    event: u64,
    from: usize,
    to: usize,
    value: i128,
}

impl Pass for Shift {
    fn name(&self) -> &'static str {
        "shift"
    }

    fn propose(&mut self, view: &dyn View) -> Option<Edit> {
        let numbers = numbers(view)?;
        loop {
            if let Some(distance) = &mut self.distance {
                if let Some(step) = distance.next() {
                    let moved = |nth: usize| {
                        let (place, direction) = distance.way[nth];
                        Some((numbers.get(place)?, distance.from[nth] + direction * step))
                    };
                    let (one, other) = (moved(0)?, moved(1)?);
                    // Two numbers that only change places are no smaller.
                    let is_swap = one.1 == other.0.value && other.1 == one.0.value;
                    return Some(if is_swap { Edit::Rewrite(Vec::new()) } else { rewrite([one, other]) });
                }
                self.tried += 1;
            }
            let Some(way) = ways(&numbers).get(self.tried).copied() else {
                self.distance = None;
                let edit = mirrors(&numbers).nth(self.mirrored)?;
                self.mirrored += 1;
                return Some(edit);
            };
            let from = way.map(|(place, _)| numbers[place].value);
            let shrinks = |nth: usize| from[nth].signum() == -way[nth].1;
            let most = (0..2).filter(|nth| shrinks(*nth)).map(|nth| from[nth].abs()).min()?;
            self.distance = Some(Distance { way, from, bounds: (0, most + 1), most, proposed: 0 });
        }
    }

    fn judged(&mut self, accepted: bool) {
        if let Some(Distance { bounds: (enough, too_far), proposed, .. }) = &mut self.distance {
            *if accepted { enough } else { too_far } = *proposed;
        }
    }
}

impl Distance {
    /// Returns the next distance to try: the greatest one, then one that leaves a digit, then 1. Once one is enough,
    /// bisects.
    fn next(&mut self) -> Option<i128> {
        self.proposed = match self.bounds {
            (enough, too_far) if too_far - enough <= 1 => return None,
            (0, too_far) => {
                // Fewer digits always make the trace smaller.
                let fewer = [self.most, self.most - 9].into_iter().filter(|distance| *distance > 1);
                { fewer }.find(|distance| *distance < too_far).unwrap_or(1)
            }
            (enough, too_far) => enough + (too_far - enough) / 2,
        };
        Some(self.proposed)
    }
}

/// Returns the ways to try: for every two numbers, first both toward 0. Numbers that are no more than 1 were made as
/// small as possible one by one, unless two of them add up to 0.
fn ways(numbers: &[Number]) -> Vec<Way> {
    let mut ways = Vec::new();
    for (place, one) in numbers.iter().enumerate() {
        for (other_place, other) in numbers.iter().enumerate().skip(place + 1) {
            let (down, other_down) = (-one.value.signum(), -other.value.signum());
            let least = one.value.abs().min(other.value.abs());
            if least > 1 || least == 1 && one.value == -other.value {
                ways.push([(place, down), (other_place, other_down)]);
            }
            if least > 1 && down == other_down {
                ways.push([(place, down), (other_place, -down)]);
                ways.push([(place, -down), (other_place, down)]);
            }
        }
    }
    ways
}

/// Returns the edits that move the greater of two numbers to the other side of the smaller one.
fn mirrors(numbers: &[Number]) -> impl Iterator<Item = Edit> {
    let pairs =
        numbers.iter().enumerate().flat_map(|(place, one)| numbers[place + 1..].iter().map(move |other| (one, other)));
    pairs.filter_map(|(one, other)| {
        let (less, more) = if one.value.abs() < other.value.abs() { (one, other) } else { (other, one) };
        let mirrored = less.value - (more.value - less.value);
        let is_smaller = less.value.abs() > 1 && mirrored.signum() == less.value.signum() && mirrored != less.value;
        is_smaller.then(|| rewrite([(less, less.value), (more, mirrored)]))
    })
}

/// Returns all numbers of a trace, or `None` if there are too many.
fn numbers(view: &dyn View) -> Option<Vec<Number>> {
    let mut numbers = Vec::new();
    for place in 0..view.len() {
        let Some(text) = view.text(place) else { continue };
        for site in sites(&text).into_iter().filter(|site| site.kind == Kind::Number) {
            if let Ok(value) = text[site.span.clone()].parse::<i64>() {
                let value = value.into();
                numbers.push(Number { event: view.number(place), from: site.span.start, to: site.span.end, value });
            }
        }
        if numbers.len() > MANY {
            return None;
        }
    }
    Some(numbers)
}

/// Returns the edit that gives two numbers these values.
fn rewrite(mut moved: [(&Number, i128); 2]) -> Edit {
    moved.sort_by_key(|(number, _)| (number.event, number.from));
    let mut rewrites: Vec<Rewrite> = Vec::new();
    for (Number { event, from, to, .. }, value) in moved {
        let splice = Splice(*from, *to, value.to_string());
        match rewrites.last_mut().filter(|rewrite| rewrite.event == *event) {
            Some(rewrite) => rewrite.splices.push(splice),
            None => rewrites.push(Rewrite { event: *event, splices: vec![splice] }),
        }
    }
    Edit::Rewrite(rewrites)
}
