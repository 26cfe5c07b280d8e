//! `cargo perfgate baseline`.

use super::args::{BaselineCommand, BaselineOptions};
use super::output::print;
use super::surroundings::current_directory;
use super::ui::Ui;
use crate::flow::baseline::{export_run, list, show};
use crate::flow::{FlowError, Progress};
use crate::model::ExitCode;
use crate::report;

pub fn execute(options: BaselineOptions, ui: &mut Ui) -> Result<ExitCode, FlowError> {
    let directory = current_directory()?;
    match options.command {
        BaselineCommand::List => {
            let listing = list(&directory)?;
            let lines: Vec<String> = listing
                .entries
                .iter()
                .map(|entry| {
                    format!("{}  environment {}  runs {}\n", entry.commit, entry.environment, entry.records.len())
                })
                .collect();
            print(&lines.concat())?;
            for left in &listing.skipped {
                ui.warning(&format!("{}: {}", report::visible(&left.what), left.reason));
            }
            if listing.entries.is_empty() {
                ui.status("Empty", "no baseline is stored; `cargo perfgate run` stores one");
            }
        }
        BaselineCommand::Show { revision } => {
            let shown = show(&directory, &revision)?;
            for run in &shown.runs {
                print(&report::run::render(run))?;
            }
            for left in &shown.skipped {
                ui.warning(&format!("{}: {}", report::visible(&left.what), left.reason));
            }
        }
        BaselineCommand::Export { revision, file, environment } => {
            let path = export_run(&directory, &revision, environment.as_deref(), &file)?;
            ui.status("Exported", &format!("{revision} to {}", path.display()));
        }
    }
    Ok(ExitCode::Passed)
}
