//! `cargo perfgate check`.

use super::args::{CheckOptions, Common};
use super::output::{write_file, write_report};
use super::planned;
use super::surroundings::ci_event;
use super::ui::Ui;
use super::usage;
use crate::flow::FlowError;
use crate::flow::check::{CheckRequest, check};
use crate::model::ExitCode;
use crate::report;

pub fn execute(options: CheckOptions, common: &Common, ui: &mut Ui) -> Result<ExitCode, FlowError> {
    if let Some(word) = options.project.filter().filter(|word| planned::is_command(word)) {
        return Err(usage(format!(
            "`{word}` is not supported by this version of cargo-perfgate\nhelp: if a filter is meant: cargo perfgate check {word}"
        )));
    }
    let checked = check(
        CheckRequest {
            project: options.project.request(common)?,
            base: options.base,
            event: ci_event(),
            method: options.method.into(),
            fetch: !options.no_fetch,
            policy: options.policy.into(),
            store: !options.no_store,
        },
        ui,
    )?;
    let result = checked.report;
    write_report(&result, &options.output, ui)?;
    write_file(&checked.last, &report::json::render(&result))?;
    checked.not_stored.map_or(Ok(result.outcome.exit_code()), Err)
}
