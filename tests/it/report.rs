//! What a report looks like, from recorded values. The golden files beside this file are compared, never written.

mod documents;
mod explanation;
mod formats;
mod hotspots;
mod properties;
pub mod samples;
mod sentences;

use cargo_perfgate::model::Report;
use cargo_perfgate::report::{Style, markdown, terminal};
use snapbox::{assert_data_eq, file};

/// Without colour, as to a file.
fn plain(report: &Report, width: usize) -> String {
    terminal::render(report, Style { color: false, width, verbose: false })
}

#[test]
fn failed() {
    let report = samples::failed();
    assert_data_eq!(plain(&report, 40), file!["report/failed-40.txt"].raw());
    assert_data_eq!(plain(&report, 80), file!["report/failed-80.txt"].raw());
    assert_data_eq!(plain(&report, 200), file!["report/failed-200.txt"].raw());
    assert_data_eq!(markdown::render(&report), file!["report/failed.md"].raw());
}

#[test]
fn passed() {
    let report = samples::passed();
    assert_data_eq!(plain(&report, 80), file!["report/passed-80.txt"].raw());
    assert_data_eq!(markdown::render(&report), file!["report/passed.md"].raw());
}

#[test]
fn passed_with_undecided() {
    let report = samples::undecided();
    assert_data_eq!(plain(&report, 80), file!["report/undecided-80.txt"].raw());
    assert_data_eq!(plain(&report, 200), file!["report/undecided-200.txt"].raw());
    assert_data_eq!(markdown::render(&report), file!["report/undecided.md"].raw());
}

#[test]
fn nothing_compared() {
    let report = samples::nothing_compared();
    assert_data_eq!(plain(&report, 80), file!["report/nothing-compared-80.txt"].raw());
    assert_data_eq!(markdown::render(&report), file!["report/nothing-compared.md"].raw());
}

#[test]
fn crashed() {
    let report = samples::crashed();
    assert_data_eq!(plain(&report, 80), file!["report/crashed-80.txt"].raw());
    assert_data_eq!(markdown::render(&report), file!["report/crashed.md"].raw());
}

#[test]
fn same_executables() {
    let report = samples::same_executables();
    assert_data_eq!(plain(&report, 80), file!["report/same-executables-80.txt"].raw());
    assert_data_eq!(markdown::render(&report), file!["report/same-executables.md"].raw());
}

#[test]
fn hostile_ids_and_sentences() {
    let report = samples::hostile();
    assert_data_eq!(plain(&report, 80), file!["report/hostile-80.txt"].raw());
    assert_data_eq!(plain(&report, 200), file!["report/hostile-200.txt"].raw());
    assert_data_eq!(markdown::render(&report), file!["report/hostile.md"].raw());
}

#[test]
fn ids_that_look_alike_when_cut() {
    assert_data_eq!(plain(&samples::alike(), 80), file!["report/alike-80.txt"].raw());
}

#[test]
fn verbose_shows_unchanged_rows_and_every_reason() {
    let text = terminal::render(&samples::crashed(), Style { color: false, width: 120, verbose: true });
    assert_data_eq!(text, file!["report/crashed-verbose.txt"].raw());
}

#[test]
fn colours() {
    let text = terminal::render(&samples::failed(), Style { color: true, width: 80, verbose: false });
    assert_data_eq!(text, file!["report/failed-colour.txt"].raw());
}

#[test]
fn pairs_are_shown_as_bars() {
    // At a limit of 5 % a bar stands for 1.25 %: the one in the middle for no change, the fourth after it for the limit,
    // the last for all that is beyond.
    let mut row = samples::paired("parse", cargo_perfgate::model::Verdict::Regressed, 100.0, (5.0, 1.0), 20, "slower");
    row.distribution = [vec![0.0; 4], vec![0.05; 8], vec![0.9; 1]].concat();
    let report = samples::report(cargo_perfgate::model::Outcome::Failed, vec![row]);
    let text = plain(&report, 200);
    assert!(text.contains("        ▄   █   ▁"), "{text}");
    assert!(!plain(&report, 100).contains('█'), "there is no room for bars");
}
