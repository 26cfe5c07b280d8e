//! `cargo perfgate list`.

use super::args::{Common, ListFormat, ListOptions};
use super::output::print;
use super::ui::Ui;
use crate::flow::list::list;
use crate::flow::{FlowError, Progress};
use crate::model::ExitCode;
use crate::report;

pub fn execute(options: ListOptions, common: &Common, ui: &mut Ui) -> Result<ExitCode, FlowError> {
    let listing = list(options.project.request(common)?, ui)?;
    match options.format {
        ListFormat::Json => {
            let text = serde_json::to_string_pretty(&listing).map_err(|e| super::usage(e.to_string()))?;
            print(&format!("{text}\n"))?;
        }
        ListFormat::Human => {
            let lines: Vec<String> =
                listing.benchmarks.iter().map(|id| format!("{}\n", report::visible(&id.to_string()))).collect();
            print(&lines.concat())?;
            for left in &listing.skipped {
                ui.status("Skipped", &format!("{}: {}", report::visible(&left.what), left.reason));
            }
        }
    }
    Ok(if listing.benchmarks.is_empty() { ExitCode::NothingCompared } else { ExitCode::Passed })
}
