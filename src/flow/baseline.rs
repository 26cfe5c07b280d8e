//! `baseline`: what is stored, listed, shown and exported.

use std::path::{Path, PathBuf};

use super::FlowError;
use super::project::short;
use crate::model::{Run, Skipped};
use crate::store::{Listing, Store, export};
use crate::vcs::Repository;

/// The runs of one commit.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Full commit id.
    pub commit: String,
    /// The readable runs, newest last.
    pub runs: Vec<Run>,
    /// Records that could not be read.
    pub skipped: Vec<Skipped>,
}

/// Everything that is stored, by commit and environment.
pub fn list(directory: &Path) -> Result<Listing, FlowError> {
    Ok(Store::open(Repository::discover(directory)?.root())?.list()?)
}

/// The runs of the commit that `revision` names.
pub fn show(directory: &Path, revision: &str) -> Result<Shown, FlowError> {
    let repository = Repository::discover(directory)?;
    let commit = repository.resolve(revision)?;
    let loaded = Store::open(repository.root())?.load(&commit)?;
    let runs: Vec<Run> = loaded.runs.into_iter().map(|stored| stored.run).collect();
    if runs.is_empty() && loaded.skipped.is_empty() {
        return Err(FlowError::Usage(format!(
            "no baseline of {revision} ({}) is stored\nhelp: `cargo perfgate baseline list` shows what is; check the commit out and `cargo perfgate run` stores one",
            short(&commit)
        )));
    }
    Ok(Shown { commit, runs, skipped: loaded.skipped })
}

/// Writes the newest run of `revision` (of `environment`, if given) to `file`.
pub fn export_run(
    directory: &Path,
    revision: &str,
    environment: Option<&str>,
    file: &Path,
) -> Result<PathBuf, FlowError> {
    let shown = show(directory, revision)?;
    let run = shown.runs.iter().rev().find(|run| environment.is_none_or(|key| run.environment.key == key));
    let Some(run) = run else {
        return Err(FlowError::Usage(format!(
            "no baseline of {revision} of that environment can be read\nhelp: `cargo perfgate baseline show {revision}` names the environments"
        )));
    };
    let path = directory.join(file);
    export(run, &path)?;
    Ok(path)
}
