//! `cargo perfgate check`.

use super::args::{CheckOptions, Common, OutputOptions, PinOption};
use super::output::write_report;
use super::planned;
use super::surroundings::ci_event;
use super::ui::Ui;
use super::usage;
use crate::flow::check::{CheckRequest, Checked, check};
use crate::flow::{FlowError, Pin, ProjectRequest, write_file};
use crate::model::ExitCode;
use crate::report;

pub fn execute(options: CheckOptions, common: &Common, ui: &mut Ui) -> Result<ExitCode, FlowError> {
    if let Some(word) = options.project.filter().filter(|word| planned::is_command(word)) {
        return Err(usage(format!(
            "`{word}` is not supported by this version of cargo-perfgate\nhelp: if a filter is meant: cargo perfgate check {word}"
        )));
    }
    let (request, output) = requested(options, common)?;
    let checked = check(CheckRequest { event: ci_event(), ..request }, ui)?;
    tell(checked, &output, ui)
}

/// The request that these options make, and what is left of them.
pub fn requested(options: CheckOptions, common: &Common) -> Result<(CheckRequest, OutputOptions), FlowError> {
    let pinned = |what| options.pin.contains(&what);
    let effort = options.budget.effort();
    let pin = Pin { toolchain: pinned(PinOption::Toolchain), lock: pinned(PinOption::Lock) };
    let request = CheckRequest {
        project: ProjectRequest { effort, pin, partition: options.partition, ..options.project.request(common)? },
        head: None,
        base: options.base,
        event: None,
        method: options.method.into(),
        fetch: !options.no_fetch,
        policy: options.policy.into(),
        store: !options.no_store,
        affected: options.affected,
        usual_budget: None,
    };
    Ok((request, options.output))
}

/// Writes what was found, and gives the exit code that belongs to it.
pub fn tell(checked: Checked, output: &OutputOptions, ui: &mut Ui) -> Result<ExitCode, FlowError> {
    ui.finished();
    let result = checked.report;
    write_report(&result, output, ui)?;
    write_file(&checked.last, &report::json::render(&result))?;
    checked.not_stored.map_or(Ok(result.outcome.exit_code()), Err)
}
