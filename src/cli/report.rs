//! `cargo perfgate report`.

use super::args::ReportOptions;
use super::output::write_report;
use super::ui::Ui;
use super::usage;
use crate::flow::merge::merge;
use crate::flow::{FlowError, saved};
use crate::model::{ExitCode, Outcome};

pub fn execute(options: &ReportOptions, ui: &mut Ui) -> Result<ExitCode, FlowError> {
    let mut reports: Vec<_> = options.files.iter().map(|file| saved::read(file)).collect::<Result<_, _>>()?;
    if reports.iter().any(|report| report.shard.is_some()) {
        let names = options.files.iter().map(|file| file.display().to_string());
        reports = vec![merge(names.zip(reports).collect())?];
    }
    if reports.len() > 1 && options.output.names_files() {
        return Err(usage(
            "several results do not fit into one file\nhelp: render them one by one, or to standard output".into(),
        ));
    }
    for report in &reports {
        write_report(report, &options.output, ui)?;
    }
    // As `check` would end on all of these rows.
    let worst = [Outcome::Failed, Outcome::CouldNotComplete, Outcome::Inconclusive, Outcome::NothingCompared];
    let outcome = worst.into_iter().find(|outcome| reports.iter().any(|report| report.outcome == *outcome));
    Ok(outcome.map_or(ExitCode::Passed, Outcome::exit_code))
}
