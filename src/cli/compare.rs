//! `cargo perfgate compare`.

use super::args::{Common, CompareOptions};
use super::output::write_report;
use super::surroundings::current_directory;
use super::ui::Ui;
use crate::flow::FlowError;
use crate::flow::compare::{CompareRequest, compare};
use crate::model::ExitCode;

pub fn execute(options: CompareOptions, _common: &Common, ui: &mut Ui) -> Result<ExitCode, FlowError> {
    let directory = current_directory()?;
    let config = options.config.map(|path| directory.join(path));
    let overrides = options.environment.overrides();
    let report = compare(&CompareRequest { directory, config, overrides, base: options.base, head: options.head })?;
    write_report(&report, &options.output, ui)?;
    Ok(report.outcome.exit_code())
}
