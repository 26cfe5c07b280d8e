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

/// Writes what is known of `revision` in `environment` (that of its newest run, if not given) to `file`.
pub fn export_run(
    directory: &Path,
    revision: &str,
    environment: Option<&str>,
    file: &Path,
) -> Result<PathBuf, FlowError> {
    let repository = Repository::discover(directory)?;
    let commit = repository.resolve(revision)?;
    let loaded = Store::open(repository.root())?.load(&commit)?;
    let newest = loaded.newest().map(|stored| stored.run.environment.key.clone());
    let key = environment.map(str::to_owned).or(newest);
    let Some(run) = key.and_then(|key| loaded.together(&key)) else {
        return Err(FlowError::Usage(format!(
            "no baseline of {revision} ({}) of that environment can be read\nhelp: `cargo perfgate baseline show {revision}` names what there is",
            short(&commit)
        )));
    };
    let path = directory.join(file);
    export(&run, &path)?;
    Ok(path)
}
