//! A report as OpenMetrics text: numbers for GitLab's metrics reports, and for whatever else collects such.

use std::fmt::Write as _;

use super::view::View;
use crate::model::{Evidence, Report, Row, Verdict};

/// The metrics of `report`. Values are in the unit that their label says, changes and limits plain ratios.
pub fn render(report: &Report) -> String {
    let view = View::new(report);
    let mut out = String::new();
    family(&mut out, "perfgate_outcome", "info", "how the gate run ended");
    sample(&mut out, "perfgate_outcome_info", &[("outcome", report.outcome.as_str())], 1.0);
    family(&mut out, "perfgate_exit_code", "gauge", "the exit code of the gate run");
    sample(&mut out, "perfgate_exit_code", &[], f64::from(report.exit_code));
    family(&mut out, "perfgate_rows", "gauge", "rows with a verdict");
    for verdict in Verdict::ALL {
        let count = report.rows.iter().filter(|row| row.verdict == verdict).count();
        sample(&mut out, "perfgate_rows", &[("verdict", verdict.as_str())], count as f64);
    }
    let labels: Vec<Labels> = report.rows.iter().map(|row| Labels::new(&view, row)).collect();
    let rows = || report.rows.iter().zip(&labels);
    family(&mut out, "perfgate_verdict", "info", "the verdict of a row and what decided it");
    for (row, labels) in rows() {
        let evidence = row.evidence.map_or("", Evidence::as_str);
        let own = [("verdict", row.verdict.as_str()), ("evidence", evidence)];
        sample(&mut out, "perfgate_verdict_info", &labels.and(&own), 1.0);
    }
    for (name, help, value) in GAUGES {
        family(&mut out, name, "gauge", help);
        for (row, labels) in rows() {
            if let Some(value) = value(row).filter(|value| value.is_finite()) {
                sample(&mut out, name, &labels.and(&[("unit", labels.unit_of(name))]), value);
            }
        }
    }
    out + "# EOF\n"
}

type Gauge = (&'static str, &'static str, fn(&Row) -> Option<f64>);

/// What a row has of numbers: the name of each, its help, and where it stands.
const GAUGES: [Gauge; 6] = [
    ("perfgate_base", "the value of base", |row| row.base),
    ("perfgate_head", "the value of head", |row| row.head),
    ("perfgate_change", "(head - base) / base", |row| row.change),
    ("perfgate_change_low", "the lower end of the 95 % interval of the change", |row| Some(row.interval?.low)),
    ("perfgate_change_high", "the upper end of the 95 % interval of the change", |row| Some(row.interval?.high)),
    ("perfgate_limit", "the change that is too much", |row| Some(row.limit)),
];

struct Labels {
    benchmark: String,
    metric: String,
    unit: &'static str,
}

impl Labels {
    fn new(view: &View<'_>, row: &Row) -> Self {
        Self { benchmark: view.full_id(row), metric: row.metric.to_string(), unit: row.unit.as_str() }
    }

    fn and<'a>(&'a self, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        [("benchmark", self.benchmark.as_str()), ("metric", self.metric.as_str())]
            .into_iter()
            .chain(more.iter().copied())
            .collect()
    }

    /// Both sides' values have the row's unit, what compares them is a ratio.
    fn unit_of(&self, name: &str) -> &'static str {
        if matches!(name, "perfgate_base" | "perfgate_head") { self.unit } else { "ratio" }
    }
}

// Writing to a string cannot fail.
fn family(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# TYPE {name} {kind}\n# HELP {name} {help}");
}

fn sample(out: &mut String, name: &str, labels: &[(&str, &str)], value: f64) {
    let escaped = |text: &str| text.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
    let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
    let _ = writeln!(out, "{name}{labels} {value}");
}
