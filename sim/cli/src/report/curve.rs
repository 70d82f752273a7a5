//! The curve of a shrink: the size of the candidates over the runs, drawn as an SVG.

use std::fmt::Write;

use afresh_shrink::minimize::Verdict;

/// The size of the drawing and of the margin for its axes, in units of the SVG.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 260.0;
const MARGIN: f64 = 44.0;

/// The most runs that are drawn as dots. If there are more, only the line is drawn.
const DOTS_MAX: usize = 5000;

/// The size and the verdict of each candidate, in the order of the runs.
#[derive(Debug)]
pub(crate) struct Curve {
    before: usize,
    runs: Vec<(usize, &'static str)>,
}

/// Returns the class of a verdict in the style sheet of the page.
pub(crate) fn class(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Same { .. } => "same",
        Verdict::Other { .. } => "other",
        Verdict::Passed => "passed",
        Verdict::Unresolved(_) => "unresolved",
    }
}

impl Curve {
    /// Returns the curve of a search that begins with `before` items.
    pub(crate) fn new(before: usize) -> Self {
        Self { before, runs: Vec::new() }
    }

    /// Adds the run of a candidate with `items` items. A run that is open does not decide about the candidate, and is
    /// drawn as if the bug were gone.
    pub(crate) fn add(&mut self, items: usize, verdict: &Verdict, is_open: bool) {
        self.runs.push((items, class(if is_open { &Verdict::Passed } else { verdict })));
    }

    /// Returns the drawing. Sizes are on a logarithmic scale, since a search goes from many items to few.
    pub(crate) fn svg(&self) -> String {
        let scale = Scale { runs: self.runs.len().max(1) as f64, most: (self.before.max(1) as f64 + 1.0).ln() };
        let mut svg = format!(r#"<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="size over runs">"#);
        scale.axes(self.before, self.runs.len(), &mut svg);
        if self.runs.len() <= DOTS_MAX {
            for (place, (items, class)) in self.runs.iter().enumerate() {
                let (x, y) = (scale.x(place + 1), scale.y(*items));
                // Writing to a string cannot fail.
                let _ = write!(svg, r#"<circle class="{class}" cx="{x:.1}" cy="{y:.1}" r="2.5"/>"#);
            }
        }
        let mut path = format!("M{:.1} {:.1}", scale.x(0), scale.y(self.before));
        for (place, (items, _)) in self.runs.iter().enumerate().filter(|(_, (_, class))| *class == "same") {
            let _ = write!(path, "H{:.1}V{:.1}", scale.x(place + 1), scale.y(*items));
        }
        let _ = write!(svg, r#"<path d="{path}H{:.1}"/></svg>"#, scale.x(self.runs.len()));
        svg
    }
}

struct Scale {
    runs: f64,
    most: f64,
}

impl Scale {
    fn x(&self, run: usize) -> f64 {
        MARGIN + run as f64 / self.runs * (WIDTH - 2.0 * MARGIN)
    }

    fn y(&self, items: usize) -> f64 {
        HEIGHT - MARGIN - (items as f64 + 1.0).ln() / self.most * (HEIGHT - 2.0 * MARGIN)
    }

    fn axes(&self, before: usize, runs: usize, svg: &mut String) {
        let sizes = std::iter::successors(Some(1), |size| Some(size * 10)).take_while(|size| *size < before);
        for size in sizes.chain([before]) {
            let (y, left, right) = (self.y(size), self.x(0), self.x(runs));
            let _ = write!(svg, r#"<line x1="{left:.1}" x2="{right:.1}" y1="{y:.1}" y2="{y:.1}"/>"#);
            let _ = write!(svg, r#"<text class="size" x="{:.1}" y="{:.1}">{size}</text>"#, left - 6.0, y + 4.0);
        }
        let _ = write!(svg, r#"<text class="runs" x="{:.1}" y="{:.1}">run {runs}</text>"#, self.x(runs), HEIGHT - 14.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_goes_down_where_the_bug_was_there() {
        let mut curve = Curve::new(100);
        curve.add(0, &Verdict::Passed, false);
        curve.add(50, &Verdict::SAME, false);
        let svg = curve.svg();
        assert_eq!(svg.matches("<circle").count(), 2);
        assert!(svg.contains(r#"<path d="M44.0 44.0H676.0V69.5H676.0"/>"#), "{svg}");
        assert!(!Curve::new(0).svg().contains("NaN"));
    }
}
