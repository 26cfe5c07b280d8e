//! `cargo perfgate profile`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Args;

use super::args::{Common, ListFormat, ProjectOptions};
use super::output::{WIDTH, print};
use super::surroundings::{current_directory, terminal_width};
use super::ui::Ui;
use crate::flow::profile::{ProfileRequest, ProgramRequest, profile, profile_program};
use crate::flow::{FlowError, Progress, file_error, write_file};
use crate::model::ExitCode;
use crate::report::{self, flamegraph, hotspots};

#[derive(Debug, Args)]
pub struct ProfileOptions {
    #[command(flatten)]
    project: ProjectOptions,
    /// Profile this commit, branch or tag [default: the work tree]
    #[arg(long, value_name = "REV")]
    rev: Option<String>,
    /// Only benchmarks of which an iteration took longer when it was last measured here, such as 100ms
    #[arg(long, value_name = "TIME", value_parser = crate::config::time)]
    over: Option<f64>,
    /// Functions to show of each benchmark [default: 20; with -v, and as JSON, all]
    #[arg(long, value_name = "NUMBER")]
    limit: Option<usize>,
    /// Write a flame graph
    #[arg(long, value_name = "FILE.svg")]
    flamegraph: Option<PathBuf>,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: ListFormat,
    /// Profile a whole program instead, without what it starts; its input is empty
    #[arg(
        last = true,
        value_name = "COMMAND",
        conflicts_with_all = [
            "filter", "manifest_path", "package", "workspace", "exclude", "bench", "features", "all_features",
            "no_default_features", "profile", "target", "locked", "offline", "rev", "over",
        ]
    )]
    command: Vec<OsString>,
}

pub fn execute(options: ProfileOptions, common: &Common, ui: &mut Ui) -> Result<ExitCode, FlowError> {
    let (mut hotspots, stacks) = match options.command.split_first() {
        Some((program, arguments)) => {
            let (program, arguments) = (program.clone(), arguments.to_vec());
            profile_program(&ProgramRequest { directory: current_directory()?, program, arguments }, ui)?
        }
        None => {
            let project = options.project.request(common)?;
            profile(ProfileRequest { project, revision: options.rev, over: options.over }, ui)?
        }
    };
    ui.finished();
    if let Some(file) = &options.flamegraph {
        write_picture(file, flamegraph::render(&stacks, "instructions"), ui)?;
    }
    if let (Some(limit), ListFormat::Json) = (options.limit, options.format) {
        hotspots.profiles.iter_mut().for_each(|hot| hot.functions.truncate(limit));
    }
    match options.format {
        ListFormat::Json => {
            print(&report::json::document(&hotspots).map_err(|e| super::usage(e.to_string()))?)?;
        }
        ListFormat::Human => {
            let all = if common.verbose > 0 { usize::MAX } else { hotspots::MOST };
            let width = terminal_width().unwrap_or(WIDTH);
            print(&hotspots::render(&hotspots, width, options.limit.unwrap_or(all)))?;
            for warning in &hotspots.warnings {
                ui.warning(warning);
            }
            for left in &hotspots.skipped {
                ui.status("Skipped", &format!("{}: {}", report::visible(&left.what), report::visible(&left.reason)));
            }
            if hotspots.profiles.is_empty() {
                ui.status("Empty", "nothing was counted: no benchmark was selected, or each was skipped");
            }
        }
    }
    Ok(if hotspots.profiles.is_empty() { ExitCode::NothingCompared } else { ExitCode::Passed })
}

/// Writes a picture, and says so; where there is nothing to be seen on it, that.
pub fn write_picture(file: &Path, picture: std::io::Result<Option<String>>, ui: &mut Ui) -> Result<(), FlowError> {
    match picture.map_err(|e| file_error("draw", file, e))? {
        Some(picture) => {
            write_file(file, &picture)?;
            ui.status("Wrote", &file.display().to_string());
        }
        None => ui.warning(&format!("{} was not written: nothing was counted", file.display())),
    }
    Ok(())
}
