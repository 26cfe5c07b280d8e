//! `cargo perfgate clean`.

use std::path::PathBuf;

use clap::Args;

use super::surroundings::{current_directory, default_builds};
use super::ui::Ui;
use crate::flow::clean::{CleanRequest, clean};
use crate::flow::{FlowError, Progress};
use crate::model::ExitCode;
use crate::report::bytes;
use crate::workspace::Removal;

#[derive(Debug, Args)]
pub struct CleanOptions {
    /// Path to Cargo.toml
    #[arg(long, value_name = "PATH")]
    manifest_path: Option<PathBuf>,
    /// Folder for both sides' check-outs and builds [default: one in the user's cache folder]
    #[arg(long, value_name = "DIRECTORY", env = "PERFGATE_TARGET_DIR")]
    target_dir: Option<PathBuf>,
    /// The builds of all projects
    #[arg(long)]
    all: bool,
    /// Only say what would be removed
    #[arg(short = 'n', long)]
    dry_run: bool,
}

pub fn execute(options: CleanOptions, ui: &mut Ui) -> Result<ExitCode, FlowError> {
    let directory = current_directory()?;
    let builds = options.target_dir.map_or_else(default_builds, |path| directory.join(path));
    let (all, dry_run) = (options.all, options.dry_run);
    let removals = clean(&CleanRequest { directory, manifest_path: options.manifest_path, builds, all, dry_run })?;
    let verb = if dry_run { "Would remove" } else { "Removed" };
    for removal in &removals {
        match removal {
            Removal::Done { folder, bytes: size } => {
                ui.status(verb, &format!("{} ({})", folder.display(), bytes(*size)));
            }
            Removal::Busy { folder } => {
                ui.warning(&format!("{} is in use by another process, and stays", folder.display()));
            }
        }
    }
    if removals.is_empty() {
        ui.status("Clean", "there are no builds to remove");
    }
    Ok(ExitCode::Passed)
}
