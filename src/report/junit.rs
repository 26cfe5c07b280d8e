//! A report as JUnit's XML, which every CI server reads: a suite a bench target, a test case a row.

use std::collections::BTreeMap;

use quick_junit::{NonSuccessKind, Report as Document, TestCase, TestCaseStatus, TestSuite};

use super::view::{Standing, View};
use crate::model::{Metric, Report, Row};

/// The XML of `report`. What the gate fails by is a failure or, where it could not be measured, an error; what it leaves
/// open is skipped, and so is what was left out.
pub fn render(report: &Report) -> String {
    let view = View::new(report);
    let mut suites: BTreeMap<String, TestSuite> = BTreeMap::new();
    for row in &report.rows {
        let (class, case) = case(&view, row);
        let suite = suites.entry(class).or_insert_with_key(|class| TestSuite::new(class.as_str()));
        suite.add_test_case(case);
    }
    let mut left_out = TestSuite::new(LEFT_OUT);
    for (what, reason) in &view.skipped {
        let mut status = TestCaseStatus::skipped();
        status.set_message(reason.as_str());
        let mut case = TestCase::new(what.as_str(), status);
        case.set_classname(LEFT_OUT);
        left_out.add_test_case(case);
    }
    let mut document = Document::new("cargo perfgate");
    document.add_test_suites(suites.into_values());
    if !view.skipped.is_empty() {
        document.add_test_suite(left_out);
    }
    document.to_string().expect("text is written to memory")
}

/// The suite of what has no row.
const LEFT_OUT: &str = "left out";

/// The test case of `row`, and the class that it belongs to: its bench target.
fn case(view: &View<'_>, row: &Row) -> (String, TestCase) {
    let line = view.line(row);
    let said = [line.numbers(), line.reasoning(), line.counted.clone().unwrap_or_default()];
    let said: Vec<String> = said.into_iter().filter(|text| !text.is_empty()).collect();
    let mut status = match view.standing(row) {
        Standing::Failed => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Standing::Broken => TestCaseStatus::non_success(NonSuccessKind::Error),
        Standing::Open => TestCaseStatus::skipped(),
        Standing::Sound => TestCaseStatus::success(),
    };
    let message = said.first().map_or(line.verdict.to_string(), |first| format!("{}: {first}", line.verdict));
    status.set_message(match view.standing(row) {
        Standing::Open if !line.reason.is_empty() => format!("{}: {}", line.verdict, line.reason),
        _ => message,
    });
    status.set_type(line.verdict.as_str());
    if let Some(command) = &line.reproduce {
        status.set_description(format!("reproduce: {command}"));
    }
    let id = view.full_id(row);
    let (class, name) = match id.split_once("::").and_then(|(package, rest)| Some((package, rest.split_once('/')?))) {
        Some((package, (target, name))) => (format!("{package}::{target}"), name.to_owned()),
        None => (String::new(), id),
    };
    let metric = if row.metric == Metric::WallTime { String::new() } else { format!(" ({})", row.metric) };
    let mut case = TestCase::new(format!("{name}{metric}"), status);
    case.set_classname(class.as_str());
    case.set_system_out(format!("{}: {}", line.verdict, said.join("\n")));
    if let Some((file, number)) = view.source(row) {
        case.extra.insert("file".into(), file.into());
        case.extra.extend(number.map(|number| ("line".into(), number.to_string().into())));
    }
    (class, case)
}
