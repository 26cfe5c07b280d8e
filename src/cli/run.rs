//! `cargo perfgate run`.

use super::args::{Common, RunOptions};
use super::output::print;
use super::ui::Ui;
use crate::flow::run::run;
use crate::flow::{FlowError, Progress, ProjectRequest};
use crate::model::ExitCode;
use crate::report;
use crate::store::export;

pub fn execute(options: RunOptions, common: &Common, ui: &mut Ui) -> Result<ExitCode, FlowError> {
    let effort = options.budget.effort();
    let request = ProjectRequest { effort, partition: options.partition, ..options.project.request(common)? };
    let result = run(request, !options.no_store, ui)?;
    ui.finished();
    print(&report::run::render(&result.run))?;
    for left in &result.skipped {
        ui.status("Skipped", &format!("{}: {}", left.what, left.reason));
    }
    for failed in &result.failed {
        ui.warning(&format!("{}: {}", failed.what, failed.reason));
    }
    if !result.stored && result.run.revision.dirty {
        ui.warning("the work tree has uncommitted changes: measured, and stored as no commit's baseline");
    }
    if let Some(file) = &options.save_result {
        export(&result.run, file)?;
    }
    if let Some(e) = result.not_stored {
        return Err(e);
    }
    Ok(if !result.failed.is_empty() {
        ExitCode::CouldNotComplete
    } else if result.run.measurements.is_empty() && !result.share {
        ExitCode::NothingCompared
    } else {
        ExitCode::Passed
    })
}
