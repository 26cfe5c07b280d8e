//! A report for GitHub: a comment on a pull request, or a step's summary. How either is posted is not known here.
//!
//! All foreign text passes through `escape`; whatever it holds, the markup is ours alone.

use super::escape::{code, entities, prose, visible};
use super::title::Part;
use super::units;
use super::view::{Line, View, reproduce};
use crate::model::{Report, Row, short};

/// Bytes of a comment at most. GitHub refuses more than 65,536 characters.
pub const MAX_BYTES: usize = 65_000;
/// Bytes of a step's summary at most. GitHub drops all of one that is larger than 1 MiB.
pub const MAX_SUMMARY_BYTES: usize = 900 * 1024;
/// Kept free for the sentences that say what was left out, and for closing what was opened.
const RESERVE: usize = 500;
/// Bytes of the reproducing commands, of what was skipped and of the warnings at most, each.
const LIST: usize = 6_000;

/// The markdown of `report`, as a comment: at most [`MAX_BYTES`].
pub fn render(report: &Report) -> String {
    render_within(report, MAX_BYTES)
}

/// The markdown of `report` in at most `max` bytes, but in no less than 25,000: cut between rows, with a count of the rows
/// that are missing.
pub fn render_within(report: &Report, max: usize) -> String {
    let view = View::new(report);
    let mut out = format!("### {}{}\n\n{}\n", view.title.outcome, marked(&view.title.rest), view.summary);
    let commands = commands(&view);
    let end = end(&view);
    let mut room = max.saturating_sub(out.len() + commands.len() + end.len() + RESERVE);

    let (rows, missing) = table(&view, &view.rows, &mut room);
    out.push_str(&rows);
    if missing > 0 {
        out.push_str(&format!("\n… and {}\n", units::counted(missing, "more row")));
    }
    out.push_str(&commands);
    if !view.unchanged.is_empty() {
        out.push_str(&format!("\n<details><summary>{} unchanged</summary>\n", units::count(view.unchanged.len())));
        let (rows, missing) = table(&view, &view.unchanged, &mut room);
        out.push_str(&rows);
        if missing > 0 {
            out.push_str(&format!("\n… and {}\n", units::counted(missing, "more row")));
        }
        out.push_str("\n</details>\n");
    }
    out + &end
}

/// What a comment says where the check of `commit` left no result; `page` is the address at which its log can be read.
pub fn without_result(commit: Option<&str>, page: Option<&str>) -> String {
    let of = commit.map(|commit| format!(" of {}", code(&visible(short(commit))))).unwrap_or_default();
    // Whatever else could be an address is none that is worth a link.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/:".contains(&byte);
    let page = page.filter(|page| page.starts_with("http") && page.bytes().all(plain));
    let log = page.map_or("Its log".to_owned(), |page| format!("[Its log]({page})"));
    format!("### no result\n\nThe check{of} ended without one, and nothing is known of the change. {log} says why.\n")
}

/// A table of as many `rows` as there is `room` for, with the number of those that are missing.
fn table(view: &View<'_>, rows: &[&Row], room: &mut usize) -> (String, usize) {
    let mut out = String::new();
    let mut written = 0;
    for row in rows {
        let text = line(&view.line(row), view.metrics);
        let head = if written == 0 { head(view.metrics) } else { "" };
        if text.len() + head.len() > *room {
            break;
        }
        *room -= text.len() + head.len();
        out.push_str(head);
        out.push_str(&text);
        written += 1;
    }
    (out, rows.len() - written)
}

fn head(metrics: bool) -> &'static str {
    if metrics {
        "\n| benchmark | metric | base | head | change | limit | evidence | verdict |\n\
         | --- | --- | ---: | ---: | ---: | ---: | --- | --- |\n"
    } else {
        "\n| benchmark | base | head | change | limit | evidence | verdict |\n\
         | --- | ---: | ---: | ---: | ---: | --- | --- |\n"
    }
}

fn line(line: &Line, metrics: bool) -> String {
    let metric = if metrics { format!(" {} |", line.metric) } else { String::new() };
    let interval = if line.interval.is_empty() { String::new() } else { format!(" {}", line.interval) };
    let bold = |text: &str| if line.fails && text != "-" { format!("**{text}**") } else { text.to_owned() };
    let pairs = line.pairs.as_ref().map(|pairs| format!(" ({pairs})")).unwrap_or_default();
    let reason =
        if line.needs_reason() { format!("<br><sub>{}{pairs}</sub>", prose(&line.reason)) } else { String::new() };
    let counted = line.counted.as_ref().map(|text| format!("<br><sub>{}</sub>", prose(text))).unwrap_or_default();
    format!(
        "| {} |{metric} {} | {} | {}{interval} | {} | {} | {}{reason}{counted} |\n",
        code(&line.id),
        line.base,
        line.head,
        bold(&line.change),
        line.limit,
        line.evidence,
        bold(line.verdict.as_str()),
    )
}

/// The commands that reproduce failing rows, in a block of HTML: a fence could be closed by what it holds.
fn commands(view: &View<'_>) -> String {
    let rows = view.rows.iter().filter(|row| view.fails(row) && row.reproduce.is_some());
    let mut block = String::new();
    let (mut written, mut total) = (0, 0);
    for row in rows {
        total += 1;
        // Escaping makes nothing shorter, so what has no room as it is need not be escaped to know it.
        if row.reproduce.as_ref().is_none_or(|command| block.len() + command.len() >= LIST) {
            continue;
        }
        let text = entities(&reproduce(row).unwrap_or_default());
        if block.len() + text.len() < LIST {
            block.push_str(&text);
            block.push('\n');
            written += 1;
        }
    }
    let mut out = String::new();
    if written > 0 {
        out.push_str(&format!("\nTo reproduce:\n\n<pre><code>{}</code></pre>\n", block.trim_end_matches('\n')));
    }
    if written < total {
        out.push_str(&format!("\n… and {}\n", units::counted(total - written, "more command")));
    }
    out
}

/// What was compared, where, under which policy; what was left out; warnings.
fn end(view: &View<'_>) -> String {
    let mut out = String::from("\n");
    for (label, parts) in &view.facts {
        out.push_str(&format!("- {label}: {}\n", marked(parts)));
    }
    list(&mut out, "skipped", view.skipped.iter().map(|(what, reason)| format!("{}: {}", code(what), prose(reason))));
    list(&mut out, "warning", view.warnings.iter().map(|warning| prose(warning)));
    out
}

fn list(out: &mut String, label: &str, items: impl ExactSizeIterator<Item = String>) {
    let start = out.len();
    let total = items.len();
    for (written, item) in items.enumerate() {
        if out.len() - start + item.len() > LIST {
            out.push_str(&format!("- … and {} more {label}\n", units::count(total - written)));
            return;
        }
        out.push_str(&format!("- {label}: {item}\n"));
    }
}

fn marked(parts: &[Part]) -> String {
    parts
        .iter()
        .map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Name(text) | Part::Code(text) => code(text),
            Part::Prose(text) => prose(text),
        })
        .collect()
}
