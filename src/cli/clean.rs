//! `cargo perfgate clean`.

use super::args::CleanOptions;
use super::surroundings::{current_directory, default_builds};
use super::ui::Ui;
use crate::flow::clean::{CleanRequest, clean};
use crate::flow::{FlowError, Progress};
use crate::model::ExitCode;
use crate::report::bytes;
use crate::workspace::Removal;

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
