//! `cargo perfgate doctor`.

use clap::Args;

use super::args::{BudgetOption, Common, ListFormat, ProjectOptions};
use super::output::print;
use super::ui::Ui;
use crate::flow::doctor::doctor;
use crate::flow::{FlowError, Progress, ProjectRequest};
use crate::model::ExitCode;
use crate::report;

#[derive(Debug, Args)]
pub struct DoctorOptions {
    #[command(flatten)]
    project: ProjectOptions,
    #[command(flatten)]
    budget: BudgetOption,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: ListFormat,
}

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
