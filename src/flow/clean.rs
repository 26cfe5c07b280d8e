//! `clean`: check-outs and builds, and copies that killed processes left behind. Baselines and reports stay.

use std::path::{Path, PathBuf};

use super::FlowError;
use crate::instrument::remove_abandoned_copies;
use crate::vcs::Repository;
use crate::workspace::{self, Removal, remove_builds};

/// What `clean` is asked for.
#[derive(Clone, Debug, Default)]
pub struct CleanRequest {
    /// Where the user stands.
    pub directory: PathBuf,
    /// `--manifest-path`.
    pub manifest_path: Option<PathBuf>,
    /// The folder for check-outs and builds.
    pub builds: PathBuf,
    /// All projects' builds, not this one's alone.
    pub all: bool,
    /// Only say what would be removed.
    pub dry_run: bool,
}

/// Removes what can be made again. What another process works in is left, and named.
pub fn clean(request: &CleanRequest) -> Result<Vec<Removal>, FlowError> {
    let root = if request.all { None } else { Some(root(&request.directory, request.manifest_path.as_deref())?) };
    let removals = remove_builds(&request.builds, root.as_deref(), request.dry_run)?;
    if !request.dry_run {
        remove_abandoned_copies();
    }
    Ok(removals)
}

fn root(directory: &Path, manifest_path: Option<&Path>) -> Result<PathBuf, FlowError> {
    let (_, workspace_root) = workspace::locate(directory, manifest_path)?;
    Ok(Repository::discover(&workspace_root)?.root().to_owned())
}
