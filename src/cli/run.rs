//! `cargo perfgate run`.

use std::path::PathBuf;

use clap::Args;

use super::args::{BudgetOption, Common, ProjectOptions};
use super::output::print;
use super::ui::Ui;
use crate::flow::run::run;
use crate::flow::{FlowError, Progress, ProjectRequest};
use crate::model::{ExitCode, Partition};
use crate::report;
use crate::store::export;

#[derive(Debug, Args)]
pub struct RunOptions {
    #[command(flatten)]
    project: ProjectOptions,
    #[command(flatten)]
    budget: BudgetOption,
    /// Do not store the result
    #[arg(long)]
    no_store: bool,
    /// Measure the K-th of N shares of the benchmarks
    #[arg(long, value_name = "hash:K/N")]
    partition: Option<Partition>,
    /// Write the run as JSON, as `baseline export` does
    #[arg(long, value_name = "FILE")]
    save_result: Option<PathBuf>,
}

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
