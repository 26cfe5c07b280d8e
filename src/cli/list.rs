//! `cargo perfgate list`.

use clap::Args;

use super::args::{Common, ListFormat, ProjectOptions};
use super::output::print;
use super::ui::Ui;
use crate::flow::list::{Listed, list};
use crate::flow::{FlowError, Progress};
use crate::model::ExitCode;
use crate::report;

#[derive(Debug, Args)]
pub struct ListOptions {
    #[command(flatten)]
    project: ProjectOptions,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: ListFormat,
}

pub fn execute(options: ListOptions, common: &Common, ui: &mut Ui) -> Result<ExitCode, FlowError> {
    let listing = list(options.project.request(common)?, ui)?;
    match options.format {
        ListFormat::Json => {
            print(&report::json::document(&listing).map_err(|e| super::usage(e.to_string()))?)?;
        }
        ListFormat::Human => {
            let line = |listed: &Listed| {
                let id = report::visible(&listed.benchmark.to_string());
                let cost = listed.cost.map(|cost| format!("\tabout {:.1} s", cost / 1e9)).unwrap_or_default();
                let how = if listed.timed { "" } else { "\tcounted, not timed" };
                format!("{id}{cost}{how}\n")
            };
            print(&listing.benchmarks.iter().map(line).collect::<String>())?;
            for left in &listing.skipped {
                ui.status("Skipped", &format!("{}: {}", report::visible(&left.what), left.reason));
            }
            if listing.benchmarks.is_empty() {
                ui.status("Empty", "no benchmark was found, or none has an id that the filter matches");
            }
        }
    }
    Ok(if listing.benchmarks.is_empty() { ExitCode::NothingCompared } else { ExitCode::Passed })
}
