//! `cargo perfgate check`.

use super::args::{CheckOptions, Common, PinOption};
use super::output::{write_file, write_report};
use super::planned;
use super::surroundings::ci_event;
use super::ui::Ui;
use super::usage;
use crate::flow::check::{CheckRequest, check};
use crate::flow::{FlowError, Pin, ProjectRequest};
use crate::model::ExitCode;
use crate::report;

pub fn execute(options: CheckOptions, common: &Common, ui: &mut Ui) -> Result<ExitCode, FlowError> {
    if let Some(word) = options.project.filter().filter(|word| planned::is_command(word)) {
        return Err(usage(format!(
            "`{word}` is not supported by this version of cargo-perfgate\nhelp: if a filter is meant: cargo perfgate check {word}"
        )));
    }
    let pinned = |what| options.pin.contains(&what);
    let pin = Pin { toolchain: pinned(PinOption::Toolchain), lock: pinned(PinOption::Lock) };
    let checked = check(
        CheckRequest {
            project: ProjectRequest { pin, partition: options.partition, ..options.project.request(common)? },
            base: options.base,
            event: ci_event(),
            method: options.method.into(),
            fetch: !options.no_fetch,
            policy: options.policy.into(),
            store: !options.no_store,
            affected: options.affected,
        },
        ui,
    )?;
    ui.finished();
    let result = checked.report;
    write_report(&result, &options.output, ui)?;
    write_file(&checked.last, &report::json::render(&result))?;
    checked.not_stored.map_or(Ok(result.outcome.exit_code()), Err)
}
