//! The page's pictures, as SVG with presentation attributes: they can be read without any style. Each has a text for those
//! who cannot see it.

use std::fmt::Write as _;

use super::colour;
use crate::model::{Report, Row, SideSamples};
use crate::report::units;
use crate::report::view::View;
use crate::stats::{quantile, sorted};

const BASE: &str = "#7a828b";
const HEAD: &str = "#2f7fd1";
/// Of lines that mark a limit.
const LIMIT: &str = "#d1383d";

/// A scale from values to places.
struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Scale {
    /// Over all `values`, with some room around them; what is no number, and what lies beyond, stands at an end. `None`
    /// where there is nothing to span.
    fn over(values: impl IntoIterator<Item = f64>, from: f64, to: f64) -> Option<Self> {
        let values = sorted(values);
        let (low, high) = (*values.first()?, *values.last()?);
        let margin = ((high - low) * 0.06).max(high.abs().max(low.abs()) * 1e-3);
        let (low, high) = (low - margin, high + margin);
        (low < high && (high - low).is_finite()).then_some(Self { low, high, from, to })
    }

    fn at(&self, value: f64) -> f64 {
        let share = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        self.from + share * (self.to - self.from)
    }
}

/// The values of `sorted` but its outermost tenths on each side: a single one far away would leave no room for the others.
fn middle(sorted: &[f64]) -> [Option<f64>; 2] {
    [quantile(sorted, 0.1), quantile(sorted, 0.9)]
}

/// What the processes of both sides and the pairs of `row` show, as far as it is known.
pub(super) fn details(row: &Row) -> String {
    let pictures: String =
        [row.samples.as_ref().and_then(|samples| sides(row, samples)), pairs(row)].into_iter().flatten().collect();
    if pictures.is_empty() { pictures } else { format!("<div class=\"plots\">{pictures}</div>") }
}

/// One mark a value: a stroke down from `y`.
fn strokes(values: &[f64], scale: &Scale, y: f64, height: f64, colour: &str) -> String {
    let mut path = String::new();
    for value in values {
        // Writing to a string cannot fail.
        let _ = write!(path, "M{:.1} {y}v{height}", scale.at(*value));
    }
    format!("<path d=\"{path}\" stroke=\"{colour}\" stroke-width=\"2\" stroke-opacity=\"0.7\" fill=\"none\"/>")
}

fn words(x: f64, y: f64, anchor: &str, text: &str) -> String {
    format!("<text x=\"{x:.1}\" y=\"{y}\" text-anchor=\"{anchor}\">{text}</text>")
}

fn picture(height: usize, told: &str, content: &str) -> String {
    format!(
        "<figure><figcaption>{told}</figcaption><svg viewBox=\"0 0 360 {height}\" width=\"360\" height=\"{height}\" \
         role=\"img\" aria-label=\"{told}\" font-size=\"11\" font-family=\"sans-serif\" fill=\"currentColor\">{content}\
         </svg></figure>"
    )
}

/// Both sides' values, one above the other on one scale, with the median of each.
fn sides(row: &Row, samples: &SideSamples) -> Option<String> {
    let both = [(&samples.base, "base", BASE, 4.0), (&samples.head, "head", HEAD, 30.0)];
    if both.iter().any(|(values, ..)| values.is_empty()) {
        return None;
    }
    let ends = both.iter().flat_map(|(values, ..)| middle(&sorted(values.iter().copied())));
    let scale = Scale::over(ends.flatten(), 40.0, 350.0)?;
    let mut content = String::new();
    for (values, name, colour, y) in both {
        content.push_str(&words(0.0, y + 15.0, "start", name));
        content.push_str(&strokes(values, &scale, y, 20.0, colour));
        if let Some(median) = quantile(&sorted(values.iter().copied()), 0.5) {
            let x = scale.at(median);
            let _ = write!(content, "<path d=\"M{x:.1} {}v24\" stroke=\"{colour}\" stroke-width=\"4\"/>", y - 2.0);
        }
    }
    let (low, high) = units::pair(row.unit, Some(scale.low), Some(scale.high));
    content.push_str("<path d=\"M40 56h310\" stroke=\"currentColor\" stroke-opacity=\"0.4\"/>");
    content.push_str(&words(40.0, 70.0, "start", &low?));
    content.push_str(&words(350.0, 70.0, "end", &high?));
    let told = "processes of each side";
    Some(picture(74, told, &content))
}

/// What the pairs show, with the change that was estimated of them, its interval, and the limit.
fn pairs(row: &Row) -> Option<String> {
    let interval = row.interval?;
    let change = row.change?;
    let ends = middle(&sorted(row.distribution.iter().copied())).into_iter().flatten();
    let scale = Scale::over(ends.chain([0.0, row.limit, interval.low, interval.high]), 10.0, 350.0)?;
    let mut content = strokes(&row.distribution, &scale, 4.0, 20.0, HEAD);
    let (low, high, at) = (scale.at(interval.low), scale.at(interval.high), scale.at(change));
    let _ = write!(
        content,
        "<path d=\"M{low:.1} 40H{high:.1}M{low:.1} 35v10M{high:.1} 35v10\" stroke=\"currentColor\" stroke-width=\"2\" \
         fill=\"none\"/><circle cx=\"{at:.1}\" cy=\"40\" r=\"4\"/>"
    );
    content.push_str("<path d=\"M10 56h340\" stroke=\"currentColor\" stroke-opacity=\"0.4\"/>");
    let zero = scale.at(0.0);
    let limit = scale.at(row.limit);
    let _ = write!(
        content,
        "<path d=\"M{zero:.1} 0v58\" stroke=\"currentColor\" stroke-opacity=\"0.6\"/>\
         <path d=\"M{limit:.1} 0v58\" stroke=\"{LIMIT}\" stroke-dasharray=\"4 3\"/>"
    );
    // Side by side where there is room for both.
    content.push_str(&words(zero.clamp(10.0, 340.0), 70.0, "middle", "0"));
    if (limit - zero).abs() > 30.0 {
        let text = format!("limit {}", units::limit(row.limit));
        content.push_str(&words(limit.clamp(30.0, 320.0), 70.0, "middle", &text));
    }
    let (change, interval) =
        (units::change(change, row.limit), units::interval(interval.low, interval.high, row.limit));
    let told = match row.distribution.len() {
        0 => format!("change {change} {interval}"),
        _ => format!("{}: {change} {interval}", units::counted(row.pairs, "pair")),
    };
    Some(picture(74, &told, &content))
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 220.0;

/// The changes of all rows with their intervals, in order; nothing where there is but one.
pub(super) fn intervals(view: &View<'_>, report: &Report) -> String {
    let finite = |row: &&Row| row.interval.is_some_and(|i| (i.high - i.low).is_finite()) && row.change.is_some();
    let mut rows: Vec<&Row> = report.rows.iter().filter(finite).collect();
    let change = |row: &Row| row.change.unwrap_or_default();
    rows.sort_by(|a, b| change(a).total_cmp(&change(b)));
    let limit = report.policy.max_regression;
    let ends = rows.iter().filter_map(|row| row.interval).flat_map(|interval| [interval.low, interval.high]);
    let ends = sorted(ends);
    // One row far away must not flatten all others.
    let outer = [quantile(&ends, 0.01), quantile(&ends, 0.99)].into_iter().flatten();
    let mid = sorted(rows.iter().map(|row| change(row)));
    let worst = [mid.first(), mid.last()].into_iter().flatten().map(|change| change.clamp(-1.0, 1.0));
    let spanned = outer.map(|end| end.clamp(-1.0, 1.0)).chain(worst).chain([0.0, limit, -limit]);
    let Some(y) = Scale::over(spanned, HEIGHT - 8.0, 8.0).filter(|_| rows.len() > 1) else { return String::new() };

    let step = (WIDTH - 70.0) / rows.len() as f64;
    let mut paths: Vec<(&str, String, String)> = Vec::new();
    for (i, row) in rows.iter().enumerate() {
        let colour = colour(view, row);
        let index = paths.iter().position(|(known, ..)| *known == colour).unwrap_or_else(|| {
            paths.push((colour, String::new(), String::new()));
            paths.len() - 1
        });
        let x = 60.0 + (i as f64 + 0.5) * step;
        let (_, bars, dots) = &mut paths[index];
        if let Some(interval) = row.interval {
            let _ = write!(bars, "M{x:.1} {:.1}V{:.1}", y.at(interval.low), y.at(interval.high));
        }
        let _ = write!(dots, "M{x:.1} {:.1}h0", y.at(change(row)));
    }
    let mut content = String::new();
    for (value, colour, dashes) in [(limit, LIMIT, "6 4"), (0.0, "currentColor", ""), (-limit, "currentColor", "2 4")] {
        let place = y.at(value);
        let dashes = if dashes.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dashes}\"") };
        let _ =
            write!(content, "<path d=\"M56 {place:.1}H{WIDTH}\" stroke=\"{colour}\" stroke-opacity=\"0.7\"{dashes}/>");
        content.push_str(&words(50.0, place.round() + 4.0, "end", &units::change(value, limit)));
    }
    let (thin, thick) = (step.clamp(0.6, 3.0), (step * 1.6).clamp(1.5, 7.0));
    for (colour, bars, dots) in paths {
        let _ = write!(
            content,
            "<path d=\"{bars}\" stroke=\"{colour}\" stroke-width=\"{thin:.1}\" stroke-opacity=\"0.6\" fill=\"none\"/>\
             <path d=\"{dots}\" stroke=\"{colour}\" stroke-width=\"{thick:.1}\" stroke-linecap=\"round\" fill=\"none\"/>"
        );
    }
    let told = format!(
        "{} with their 95 % intervals, in order; the dashed line is the limit",
        units::counted(rows.len(), "change")
    );
    format!(
        "<section>\n<h2>All changes</h2>\n<figure class=\"all\"><figcaption>{told}</figcaption>\
         <svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" role=\"img\" aria-label=\"{told}\" \
         font-size=\"11\" font-family=\"sans-serif\" fill=\"currentColor\">{content}</svg></figure>\n</section>\n"
    )
}
