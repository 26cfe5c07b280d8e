//! Annotations on GitHub: workflow commands, which a runner reads from standard output. A step's summary is `markdown`'s.

use super::escape::{command_message, command_property};
use super::units;
use super::view::{Standing, View};
use crate::model::{ExitCode, Metric, Report, Row, Verdict};

/// Annotations at most: GitHub shows no more of a step.
const MOST: usize = 10;

/// The commands for `report`, a line each and the worst first; none where nothing needs a reader.
pub fn render(report: &Report) -> String {
    let view = View::new(report);
    let mut rows: Vec<(&str, &Row)> = view.rows.iter().filter_map(|row| Some((level(&view, row)?, *row))).collect();
    rows.sort_by_key(|(_, row)| view.standing(row));
    let mut commands = Vec::new();
    let told = rows.iter().any(|(level, _)| *level == ERROR);
    if report.outcome.exit_code() != ExitCode::Passed && !told {
        commands.push(command(ERROR, &[("title", "cargo perfgate")], &view.sentence()));
    }
    let room = MOST - commands.len();
    let shown = if rows.len() > room { room - 1 } else { rows.len() };
    commands.extend(rows[..shown].iter().map(|(level, row)| annotation(&view, level, row)));
    if shown < rows.len() {
        let text = format!("and {}", units::counted(rows.len() - shown, "more row"));
        commands.push(command(NOTICE, &[("title", "cargo perfgate")], &text));
    }
    commands.concat()
}

const ERROR: &str = "error";
const NOTICE: &str = "notice";

/// Which command tells of `row`; `None` for what needs no reader.
fn level(view: &View<'_>, row: &Row) -> Option<&'static str> {
    match view.standing(row) {
        Standing::Failed | Standing::Broken => Some(ERROR),
        Standing::Open if row.verdict != Verdict::Added => Some("warning"),
        _ => (row.verdict == Verdict::Improved).then_some(NOTICE),
    }
}

fn annotation(view: &View<'_>, level: &str, row: &Row) -> String {
    let line = view.line(row);
    let metric = if row.metric == Metric::WallTime { String::new() } else { format!(", {}", row.metric) };
    let title = format!("{}{metric}: {}", line.id, line.verdict);
    let reproduce = line.reproduce.as_ref().map(|command| format!("reproduce: {command}"));
    let parts = [Some(line.numbers()), Some(line.reasoning()), line.counted.clone(), reproduce];
    let parts: Vec<String> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    let (file, number) = view.source(row).unzip();
    let number = number.flatten().map(|number| number.to_string());
    let mut properties = vec![("title", title.as_str())];
    properties.extend(file.as_deref().map(|file| ("file", file)));
    properties.extend(number.as_deref().map(|number| ("line", number)));
    command(level, &properties, &parts.join("\n"))
}

fn command(level: &str, properties: &[(&str, &str)], message: &str) -> String {
    let properties: Vec<String> =
        properties.iter().map(|(name, value)| format!("{name}={}", command_property(value))).collect();
    // A command without a message is none.
    let message = if message.is_empty() { "-" } else { message };
    format!("::{level} {}::{}\n", properties.join(","), command_message(message))
}
