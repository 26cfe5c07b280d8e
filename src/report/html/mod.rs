//! A report as one page of HTML that needs nothing else: no network, and neither its style nor its script to be read. The
//! pictures are `plot`'s.
//!
//! The page forbids everything but the style and the script that are written into it here, by their hashes: whatever a
//! name might smuggle in would not run.

mod plot;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::escape::html as text;
use super::title::Part;
use super::units;
use super::view::{Line, Standing, View};
use crate::model::{Metric, Report, Row, Verdict};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// Bytes of a page at most.
pub const MAX_BYTES: usize = 5_000_000;
/// Kept free for the sentences that say what was left out.
const RESERVE: usize = 10_000;
/// Bytes of what was left out, and of the warnings, at most.
const LIST: usize = 100_000;
/// Rows with pictures at most: nobody looks at more, and a browser has to draw them.
const MOST_DRAWN: usize = 200;

/// The page of `report`: at most [`MAX_BYTES`], cut between rows, with a count of the rows that are missing.
pub fn render(report: &Report) -> String {
    let view = View::new(report);
    let mut out = head(&view);
    let plot = plot::intervals(&view, report);
    let end = end(&view, report);
    let mut room = MAX_BYTES.saturating_sub(out.len() + plot.len() + end.len() + RESERVE);

    if !view.rows.is_empty() {
        out.push_str("<section>\n<h2>What needs a reader</h2>\n");
        out.push_str(&table(&view.rows, "rows", "", &mut room, |i, row| reader_row(&view, row, i < MOST_DRAWN)));
        out.push_str("</section>\n");
    }
    if !view.unchanged.is_empty() {
        let count = units::count(view.unchanged.len());
        out.push_str(&format!("<details>\n<summary>{count} unchanged</summary>\n"));
        out.push_str(&table(&view.unchanged, "unchanged", "tbody", &mut room, |_, row| plain_row(&view, row)));
        out.push_str("</details>\n");
    }
    out + &plot + &end
}

fn head(view: &View<'_>) -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    );
    let outcome = if view.outcome.exit_code().code() == 0 { "passes" } else { "fails" };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{}</title>\n<style>{STYLE}</style>\n<script>{SCRIPT}</script>\n</head>\n<body>\n\
         <header class=\"{outcome}\">\n<h1><strong>{}</strong>{}</h1>\n<ul class=\"summary\">{}</ul>\n</header>\n",
        text(&view.sentence()),
        text(view.title.outcome),
        marked(&view.title.rest),
        summary(view),
    )
}

/// Rows per verdict; the script makes switches of them.
fn summary(view: &View<'_>) -> String {
    let all = || view.rows.iter().chain(&view.unchanged);
    let count = |verdict: Verdict| all().filter(|row| row.verdict == verdict).count();
    let counts = Verdict::ALL.into_iter().map(|verdict| (verdict, count(verdict))).filter(|(_, count)| *count > 0);
    let items: Vec<String> = counts
        .map(|(verdict, count)| {
            format!("<li class=\"{verdict}\" data-verdict=\"{verdict}\">{} {verdict}</li>", units::count(count))
        })
        .collect();
    if items.is_empty() { "<li>no rows</li>".to_owned() } else { items.join(" ") }
}

/// A table of as many `rows` as there is `room` for, and how many are missing. Its rows are elements of their own, or
/// stand in a `body` that they share.
fn table(rows: &[&Row], id: &str, body: &str, room: &mut usize, write: impl Fn(usize, &Row) -> String) -> String {
    let (open, close) = if body.is_empty() { ("", "") } else { ("<tbody>\n", "</tbody>\n") };
    let mut out = format!(
        "<table id=\"{id}\">\n<thead><tr><th scope=\"col\">benchmark</th><th scope=\"col\">base</th>\
         <th scope=\"col\">head</th><th scope=\"col\">change</th><th scope=\"col\">limit</th>\
         <th scope=\"col\">evidence</th><th scope=\"col\">verdict</th></tr></thead>\n{open}"
    );
    let mut written = 0;
    for (i, row) in rows.iter().enumerate() {
        let row = write(i, row);
        if row.len() > *room {
            break;
        }
        *room -= row.len();
        out.push_str(&row);
        written += 1;
    }
    out.push_str(close);
    out.push_str("</table>\n");
    if written < rows.len() {
        out.push_str(&format!("<p>… and {}</p>\n", units::counted(rows.len() - written, "more row")));
    }
    out
}

/// A row that needs a reader, with all that is known of it.
fn reader_row(view: &View<'_>, row: &Row, drawn: bool) -> String {
    let line = view.line(row);
    let fails = if line.fails { " fails" } else { "" };
    let mut more = String::new();
    let source = view.source(row).map(|(file, number)| {
        let number = number.map(|number| format!(":{number}")).unwrap_or_default();
        format!(" {}", code(&format!("{file}{number}")))
    });
    let why = format!("{}{}", text(&line.reasoning()), source.unwrap_or_default());
    let sentences = [Some(why), line.counted.as_deref().map(text)].into_iter().flatten();
    for sentence in sentences.filter(|sentence| !sentence.is_empty()) {
        more.push_str(&format!("<p>{sentence}</p>"));
    }
    if drawn {
        more.push_str(&plot::details(row));
    }
    if let Some(command) = &line.reproduce {
        more.push_str(&format!("<pre>{}</pre>", code(command)));
    }
    if !more.is_empty() {
        more = format!("<tr class=\"more\"><td colspan=\"7\">{more}</td></tr>\n");
    }
    format!("<tbody class=\"{}{fails}\">\n<tr>{}</tr>\n{more}</tbody>\n", line.verdict, cells(&line, row))
}

fn plain_row(view: &View<'_>, row: &Row) -> String {
    format!("<tr>{}</tr>\n", cells(&view.line(row), row))
}

/// The cells of a row; what they are sorted by is kept beside numbers in other units.
fn cells(line: &Line, row: &Row) -> String {
    let raw = |value: Option<f64>| value.map(|value| format!(" data-v=\"{value:.5e}\"")).unwrap_or_default();
    let metric = if row.metric == Metric::WallTime { String::new() } else { format!(" <small>{}</small>", row.metric) };
    let interval = if line.interval.is_empty() { String::new() } else { format!(" <i>{}</i>", line.interval) };
    format!(
        "<th scope=\"row\">{}{metric}</th><td{}>{}</td><td{}>{}</td><td{}><b>{}</b>{interval}</td><td>{}</td><td>{}</td>\
         <td><span>{}</span></td>",
        code(&line.id),
        raw(row.base),
        line.base,
        raw(row.head),
        line.head,
        raw(row.change),
        line.change,
        line.limit,
        line.evidence,
        line.verdict,
    )
}

/// What was compared, where, under which policy; what was left out; warnings.
fn end(view: &View<'_>, report: &Report) -> String {
    let mut out = "<section>\n<h2>What was compared</h2>\n<dl>\n".to_owned();
    for (label, parts) in &view.facts {
        out.push_str(&format!("<dt>{label}</dt><dd>{}</dd>\n", marked(parts)));
    }
    out.push_str("</dl>\n</section>\n");
    let skipped = view.skipped.iter().map(|(what, reason)| format!("{}: {}", code(what), text(reason)));
    list(&mut out, "What was left out", skipped);
    list(&mut out, "Warnings", view.warnings.iter().map(|warning| text(warning)));
    let tool = super::visible(&report.tool.chars().take(100).collect::<String>());
    out.push_str(&format!("<footer>{}</footer>\n</body>\n</html>\n", text(&tool)));
    out
}

fn list(out: &mut String, heading: &str, items: impl ExactSizeIterator<Item = String>) {
    let total = items.len();
    if total == 0 {
        return;
    }
    out.push_str(&format!("<section>\n<h2>{heading}</h2>\n<ul>\n"));
    let mut room = LIST;
    for (written, item) in items.enumerate() {
        if item.len() > room {
            out.push_str(&format!("<li>… and {} more</li>\n", units::count(total - written)));
            break;
        }
        room -= item.len();
        out.push_str(&format!("<li>{item}</li>\n"));
    }
    out.push_str("</ul>\n</section>\n");
}

/// A foreign name. Whatever direction its letters are read in, it does not turn what stands beside it.
fn code(name: &str) -> String {
    format!("<code dir=\"auto\">{}</code>", text(name))
}

fn marked(parts: &[Part]) -> String {
    parts
        .iter()
        .map(|part| match part {
            Part::Text(own) => text(own),
            Part::Name(name) | Part::Code(name) => code(name),
            Part::Prose(words) => format!("<bdi>{}</bdi>", text(words)),
        })
        .collect()
}

/// The colour of a row in pictures: seen on white and on black, where the style is blocked.
fn colour(view: &View<'_>, row: &Row) -> &'static str {
    match (view.standing(row), row.verdict) {
        (Standing::Failed | Standing::Broken, _) => "#d1383d",
        (_, Verdict::Improved) => "#2c974b",
        (Standing::Open, _) => "#b07d00",
        _ => "#8a929a",
    }
}
