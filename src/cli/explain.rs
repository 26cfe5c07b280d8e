//! `cargo perfgate explain`.

use std::path::PathBuf;

use clap::Args;

use super::args::{Common, ListFormat, ProjectOptions};
use super::output::{WIDTH, print};
use super::profile::write_picture;
use super::surroundings::terminal_width;
use super::ui::Ui;
use crate::flow::explain::{ExplainRequest, explain};
use crate::flow::{FlowError, Progress};
use crate::model::ExitCode;
use crate::report;

#[derive(Debug, Args)]
pub struct ExplainOptions {
    #[command(flatten)]
    project: ProjectOptions,
    /// Commit, branch or tag to compare with [default: as for `check`]
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: ListFormat,
    /// Write a flame graph of both sides: as wide as head, red where it executes more than base, blue where less
    #[arg(long, value_name = "FILE.svg")]
    flamegraph: Option<PathBuf>,
}

pub fn execute(options: ExplainOptions, common: &Common, ui: &mut Ui) -> Result<ExitCode, FlowError> {
    let request = ExplainRequest { project: options.project.request(common)?, base: options.base };
    let (explanation, stacks) = explain(request, ui)?;
    ui.finished();
    if let Some(file) = &options.flamegraph {
        write_picture(file, report::flamegraph::render_difference(&stacks, "instructions, base and head"), ui)?;
    }
    match options.format {
        ListFormat::Json => {
            print(&report::json::document(&explanation).map_err(|e| super::usage(e.to_string()))?)?;
        }
        ListFormat::Human => {
            let width = terminal_width().unwrap_or(WIDTH);
            print(&report::explanation::render(&explanation, width, common.verbose > 0))?;
            for warning in &explanation.warnings {
                ui.warning(warning);
            }
            for left in &explanation.skipped {
                ui.status("Skipped", &format!("{}: {}", report::visible(&left.what), report::visible(&left.reason)));
            }
            if explanation.benchmarks.is_empty() {
                ui.status(
                    "Empty",
                    "nothing was counted: no benchmark that both sides have was selected, or each was skipped",
                );
            }
        }
    }
    Ok(if explanation.benchmarks.is_empty() { ExitCode::NothingCompared } else { ExitCode::Passed })
}
