//! `cargo perfgate report`.

use std::path::PathBuf;

use clap::Args;

use super::args::OutputOptions;
use super::output::write_report;
use super::ui::Ui;
use super::usage;
use crate::flow::FlowError;
use crate::flow::merge::read_all;
use crate::model::{ExitCode, Outcome};

#[derive(Debug, Args)]
pub struct ReportOptions {
    /// Results that `--save-result` or `--format json=FILE` wrote; shards of one run are put together
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    output: OutputOptions,
}

pub fn execute(options: &ReportOptions, ui: &mut Ui) -> Result<ExitCode, FlowError> {
    let reports = read_all(&options.files)?;
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
