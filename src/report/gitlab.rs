//! A report for GitLab's merge requests: Code Quality, a list of findings in JSON.

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::json::document;
use super::view::{Standing, View};
use crate::model::{Report, Row, Verdict, hexadecimal};

#[derive(Serialize)]
struct Finding {
    description: String,
    check_name: String,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
}

/// The findings of `report`, the worst first: what the gate fails by, and what it leaves open.
pub fn render(report: &Report) -> String {
    let view = View::new(report);
    let found = |row: &&&Row| view.standing(row) != Standing::Sound && row.verdict != Verdict::Added;
    let mut rows: Vec<&Row> = view.rows.iter().filter(found).copied().collect();
    rows.sort_by_key(|row| view.standing(row));
    let findings: Vec<Finding> = rows.into_iter().map(|row| finding(&view, row)).collect();
    document(&findings).expect("findings are plain data")
}

fn finding(view: &View<'_>, row: &Row) -> Finding {
    let line = view.line(row);
    let verdict = line.verdict.to_string();
    let parts = [verdict, line.numbers(), line.reasoning(), line.counted.clone().unwrap_or_default()];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    // Without a place in the source the target is named: GitLab shows findings by their path.
    let target = || view.full_id(row).split('/').next().unwrap_or_default().to_owned();
    let (path, begin) = view.source(row).unwrap_or_else(|| (target(), None));
    let severity = match view.standing(row) {
        Standing::Failed | Standing::Broken => "critical",
        Standing::Open | Standing::Sound => "minor",
    };
    Finding {
        description: format!("{}: {}", line.id, parts.join("; ")),
        check_name: format!("{} {}", row.metric, line.verdict),
        fingerprint: fingerprint(row),
        severity,
        location: Location { path, lines: Lines { begin: begin.unwrap_or(1) } },
    }
}

/// The same in every run that says this of this benchmark: by it GitLab tells what is new.
fn fingerprint(row: &Row) -> String {
    let mut hash = Sha256::new();
    for part in [row.benchmark.to_string(), row.metric.to_string(), row.verdict.to_string()] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hexadecimal(&hash.finalize())
}
