//! `cargo perfgate doctor`.

use super::args::{Common, DoctorOptions, ListFormat};
use super::output::print;
use super::ui::Ui;
use crate::flow::doctor::doctor;
use crate::flow::{FlowError, Progress, ProjectRequest};
use crate::model::ExitCode;
use crate::report;

pub fn execute(options: DoctorOptions, common: &Common, ui: &mut Ui) -> Result<ExitCode, FlowError> {
    let effort = options.budget.effort();
    let diagnosis = doctor(ProjectRequest { effort, ..options.project.request(common)? }, ui)?;
    ui.finished();
    match options.format {
        ListFormat::Json => {
            print(&report::json::document(&diagnosis).map_err(|e| super::usage(e.to_string()))?)?;
        }
        ListFormat::Human => {
            print(&report::diagnosis::render(&diagnosis))?;
            for left in &diagnosis.skipped {
                ui.status("Skipped", &format!("{}: {}", report::visible(&left.what), left.reason));
            }
        }
    }
    Ok(ExitCode::Passed)
}
