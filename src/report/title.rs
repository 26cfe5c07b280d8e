//! The first sentence of a report and its summary: the outcome, its worst cause, how many rows have which verdict.

use std::collections::BTreeSet;

use super::units;
use super::view::{Failing, Ids, unseen};
use crate::gate::summarise;
use crate::model::{BenchmarkId, Evidence, Metric, Outcome, Report, Row, Verdict};

/// A piece of a sentence; renderers differ in how they mark foreign text.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    /// Our own words and numbers.
    Text(String),
    /// The id of a benchmark within a sentence.
    Name(String),
    /// A foreign identifier, e.g. of a commit.
    Code(String),
    /// Foreign words.
    Prose(String),
}

/// As a terminal has it: no markup.
pub(super) fn plain(parts: &[Part]) -> String {
    parts
        .iter()
        .map(|part| match part {
            Part::Text(text) | Part::Code(text) | Part::Prose(text) => text.clone(),
            Part::Name(name) => format!("`{name}`"),
        })
        .collect()
}

/// The first sentence.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Title {
    /// The outcome in words, e.g. `failed`.
    pub outcome: &'static str,
    /// What follows it, from the colon or comma on.
    pub rest: Vec<Part>,
}

/// The first sentence of `report`, whose rows are `sorted` in the order of reports.
pub(super) fn title(report: &Report, sorted: &[&Row], ids: &Ids<'_>, failing: Failing) -> Title {
    let (outcome, rest) = match report.outcome {
        // Where nothing at all is known, nobody should read that it is well.
        Outcome::PassedWithUndecided if all_undecided(sorted) => ("inconclusive", passed(sorted)),
        Outcome::Passed | Outcome::PassedWithUndecided => ("passed", passed(sorted)),
        Outcome::Failed => ("failed", failed(sorted, ids, failing)),
        Outcome::Inconclusive => ("inconclusive", inconclusive(sorted, ids)),
        Outcome::NothingCompared => ("nothing compared", vec![Part::Text(nothing_compared(report, sorted))]),
        Outcome::CouldNotComplete => ("could not complete", could_not_complete(sorted)),
    };
    Title { outcome, rest }
}

/// `2 regressed, 1 inconclusive, 57 unchanged`; the words are the verdicts as every format spells them.
pub(super) fn summary(report: &Report) -> String {
    let counts: Vec<String> = summarise(&report.rows)
        .into_iter()
        .map(|(verdict, number)| format!("{} {verdict}", units::count(number)))
        .collect();
    if counts.is_empty() { "no rows".to_owned() } else { counts.join(", ") }
}

/// Whether every row that was judged was by such evidence, and there is one.
pub(super) fn all_by<'r>(rows: impl IntoIterator<Item = &'r Row>, evidence: &[Evidence]) -> bool {
    let mut judged = rows.into_iter().filter(|row| row.verdict.is_judged()).peekable();
    judged.peek().is_some() && judged.all(|row| row.evidence.is_some_and(|own| evidence.contains(&own)))
}

/// Whether identity of the executables settled every row that was judged; not where others could not be compared, as these
/// are of executables that differ.
pub(super) fn all_same_executable(rows: &[Row]) -> bool {
    all_by(rows, &[Evidence::SameExecutable]) && rows.iter().all(|row| row.verdict != Verdict::BenchChanged)
}

/// That in words.
pub(super) const SAME_EXECUTABLE: &str = "nothing to measure: base and head build to the same executables";

/// The same of executables that differ.
const SAME_CODE_EXECUTED: &str = "nothing to measure: no benchmark executes code that differs";

/// The counts of some verdicts as a list, e.g. `1 crashed, 2 timed out`.
fn counts(rows: &[&Row], verdicts: &[(Verdict, &str)]) -> Vec<String> {
    verdicts
        .iter()
        .map(|(verdict, word)| (rows.iter().filter(|row| row.verdict == *verdict).count(), word))
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{} {word}", units::count(number)))
        .collect()
}

fn undecided(rows: &[&Row]) -> Option<String> {
    let undecided = rows.iter().filter(|row| row.verdict == Verdict::Inconclusive).count();
    let judged = rows.iter().filter(|row| row.verdict.is_judged()).count();
    (undecided > 0).then(|| format!("{} of {} undecided", units::count(undecided), units::count(judged)))
}

fn all_undecided(rows: &[&Row]) -> bool {
    rows.iter().filter(|row| row.verdict.is_judged()).all(|row| row.verdict == Verdict::Inconclusive)
}

fn passed(rows: &[&Row]) -> Vec<Part> {
    let suite = BenchmarkId::suite();
    let judged = rows.iter().filter(|row| row.verdict.is_judged() && row.benchmark != suite);
    let judged = judged.map(|row| &row.benchmark).collect::<BTreeSet<_>>().len();
    let mut remarks = Vec::new();
    if judged == 0 {
        remarks.push("nothing compared".to_owned());
    }
    remarks.extend(undecided(rows));
    let lost = [
        (Verdict::Accepted, "accepted"),
        (Verdict::Crashed, "crashed"),
        (Verdict::TimedOut, "timed out"),
        (Verdict::Removed, "removed"),
        (Verdict::BenchChanged, "bench-changed"),
    ];
    remarks.extend(counts(rows, &lost));
    let text = if !remarks.is_empty() {
        format!(", {}", remarks.join(", "))
    } else if all_by(rows.iter().copied(), &[Evidence::SameExecutable]) {
        format!(", {SAME_EXECUTABLE}")
    } else if all_by(rows.iter().copied(), &[Evidence::SameExecutable, Evidence::SameCodeExecuted]) {
        format!(", {SAME_CODE_EXECUTED}")
    } else {
        let none = if judged == 1 { "not slower than its limit" } else { "none slower than its limit" };
        format!(": {}, {none}", units::counted(judged, "benchmark"))
    };
    vec![Part::Text(text)]
}

fn failed(rows: &[&Row], ids: &Ids<'_>, failing: Failing) -> Vec<Part> {
    let failing: Vec<&Row> = rows.iter().filter(|row| failing.by(row)).copied().collect();
    let Some((worst, others)) = failing.split_first() else {
        return Vec::new();
    };
    let mut rest = vec![Part::Text(": ".to_owned()), Part::Name(ids.short(worst)), Part::Text(cause(worst))];
    if !others.is_empty() {
        rest.push(Part::Text(format!(", and {} more", units::count(others.len()))));
    }
    rest
}

/// What a failing row did, to follow its id.
fn cause(row: &Row) -> String {
    let limit = match row.accepted {
        Some(accepted) => format!("accepted up to {}", units::limit(accepted)),
        None => format!("limit {}", units::limit(row.limit)),
    };
    if let Some((does, what)) = doing(row.metric) {
        let (base, head) = units::pair(row.unit, row.base, row.head);
        let (base, head) = (base.unwrap_or_default(), head.unwrap_or_default());
        match (row.verdict, row.change, row.budget) {
            (Verdict::Regressed, Some(_), _) if row.base == Some(0.0) => {
                return format!(" {does} {head}{what}, and {base} on base");
            }
            (Verdict::Regressed, Some(change), _) => {
                let more = units::size(change, row.limit);
                return format!(" {does} {head}{what}, {more} more ({limit})");
            }
            (Verdict::OverBudget, _, Some(budget)) => {
                return format!(" {does} {head}{what} (budget {})", units::round(row.unit, budget));
            }
            _ => {}
        }
    }
    match (row.verdict, row.change, row.head, row.budget) {
        (Verdict::Regressed, Some(change), ..) => {
            let size = units::size(change, row.limit);
            if change < row.limit {
                // Proved slower than tolerated and nearer to the limit than to that: without both it reads like a mistake.
                format!(" is {size} slower (tolerated {}, {limit})", units::limit(row.tolerate))
            } else {
                format!(" is {size} slower ({limit})")
            }
        }
        (Verdict::TailRegressed, Some(change), ..) => {
            format!(" is {} slower in its slowest tenth ({limit})", units::size(change, row.limit))
        }
        (Verdict::OverBudget, _, Some(head), Some(budget)) => {
            let head = units::pair(row.unit, None, Some(head)).1.unwrap_or_default();
            format!(" takes {head} (budget {})", units::round(row.unit, budget))
        }
        (Verdict::OverBudget, ..) => " is over its budget".to_owned(),
        (Verdict::Removed, ..) => " was removed".to_owned(),
        (Verdict::Crashed, ..) => " crashed".to_owned(),
        (Verdict::TimedOut, ..) => " timed out".to_owned(),
        _ => format!(" is slower than its limit of {}", units::limit(row.limit)),
    }
}

/// What a benchmark does to be counted so: words around the number.
fn doing(metric: Metric) -> Option<(&'static str, &'static str)> {
    match metric {
        Metric::WallTime | Metric::WallTimeTail => None,
        Metric::Instructions => Some(("executes", " instructions")),
        Metric::ColdInstructions => Some(("executes", " instructions in its first iteration")),
        Metric::Allocations => Some(("makes", " allocations")),
        Metric::AllocatedBytes => Some(("allocates", "")),
        Metric::PeakBytes => Some(("holds", " at once")),
        Metric::LeakedBytes => Some(("leaks", "")),
    }
}

fn inconclusive(rows: &[&Row], ids: &Ids<'_>) -> Vec<Part> {
    let mut rest = vec![Part::Text(format!(": {}", undecided(rows).unwrap_or_else(|| "too few rows decided".into())))];
    let blindest = rows
        .iter()
        .filter(|row| row.verdict == Verdict::Inconclusive)
        .filter_map(|row| Some((row, row.smallest_visible_change?)))
        .max_by(|a, b| a.1.total_cmp(&b.1));
    if let Some((row, visible)) = blindest {
        rest.push(Part::Text("; in ".to_owned()));
        rest.push(Part::Name(ids.short(row)));
        let visible = units::size(visible, row.limit);
        rest.push(Part::Text(format!(" {} would not have been seen", unseen(row, &visible))));
    }
    rest
}

fn nothing_compared(report: &Report, rows: &[&Row]) -> String {
    let benchmarks = units::counted(rows.len(), "benchmark");
    if rows.is_empty() && !report.skipped.is_empty() {
        format!(": no benchmark could be measured, {} skipped", units::count(report.skipped.len()))
    } else if report.base.is_none() {
        let what = if rows.is_empty() { String::new() } else { format!("{benchmarks} ") };
        format!(": no base to compare {what}with")
    } else if rows.is_empty() {
        ": no benchmark was selected".to_owned()
    } else if rows.iter().all(|row| row.verdict == Verdict::Added) {
        format!(
            ": {}",
            if rows.len() == 1 { "the only benchmark is new".into() } else { format!("all {benchmarks} are new") }
        )
    } else {
        format!(": {benchmarks}, none with both a base and a head")
    }
}

fn could_not_complete(rows: &[&Row]) -> Vec<Part> {
    let mut causes = counts(rows, &[(Verdict::Crashed, "crashed"), (Verdict::TimedOut, "timed out")]);
    if let Some(first) = causes.first_mut()
        && let Some((number, word)) = first.clone().split_once(' ')
    {
        let thing = if number == "1" { "benchmark" } else { "benchmarks" };
        *first = format!("{number} {thing} {word}");
    }
    if causes.is_empty() { Vec::new() } else { vec![Part::Text(format!(": {}", causes.join(", ")))] }
}
