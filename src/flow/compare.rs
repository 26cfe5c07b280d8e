//! `compare`: two stored commits, or exported files; measures nothing.

use std::path::{Path, PathBuf};

use super::FlowError;
use super::assemble::Frame;
use super::project::short;
use super::stored::{described, stored_report};
use crate::config::{self, Overrides};
use crate::model::{BaseSide, Controls, HeadSide, Report, Run};
use crate::store::{Store, read_exported};
use crate::vcs::Repository;
use crate::workspace;

/// What `compare` is asked for.
#[derive(Clone, Debug, Default)]
pub struct CompareRequest {
    /// Where the user stands.
    pub directory: PathBuf,
    /// `--config`.
    pub config: Option<PathBuf>,
    /// What is laid over the configuration.
    pub overrides: Overrides,
    /// A name of a commit, or the path of an exported file.
    pub base: String,
    /// Likewise.
    pub head: String,
}

/// Compares two stored runs.
pub fn compare(request: &CompareRequest) -> Result<Report, FlowError> {
    let root = workspace::locate(&request.directory, None).map(|(_, root)| root);
    let root = root.unwrap_or_else(|_| request.directory.clone());
    let config = config::load(&root, request.config.as_deref(), &request.overrides)?;
    let mut warnings = Vec::new();
    let bases = find(&request.directory, &request.base, &mut warnings)?;
    let heads = find(&request.directory, &request.head, &mut warnings)?;
    let same = |head: &Run| bases.iter().find(|base| base.environment.key == head.environment.key).cloned();
    let Some((base, head)) = heads.iter().find_map(|head| Some((same(head)?, head.clone()))) else {
        let places = |runs: &[Run]| {
            let places = runs.iter().map(|run| format!("{} ({})", run.environment.key, run.environment.cpu));
            places.collect::<Vec<_>>().join(", ")
        };
        return Err(FlowError::Usage(format!(
            "could not compare {} with {}: they were measured in different environments, {} and {}, and times of one say nothing of the other\nhelp: measure both on one machine with `cargo perfgate run`",
            request.base,
            request.head,
            places(&bases),
            places(&heads),
        )));
    };
    let frame = Frame {
        base: Some(BaseSide { commit: Some(base.revision.commit.clone()), reason: request.base.clone() }),
        head: HeadSide { commit: Some(head.revision.commit.clone()), dirty: head.revision.dirty },
        environment: Some(head.environment.clone()),
        skipped: Vec::new(),
        warnings,
        controls: Controls::default(),
    };
    Ok(stored_report(&base, &head, frame, &config.policy))
}

/// What is known of a commit or stands in a file: at least one run, one for each environment, the newest first.
fn find(directory: &Path, name: &str, warnings: &mut Vec<String>) -> Result<Vec<Run>, FlowError> {
    let path = directory.join(name);
    if path.is_file() {
        return Ok(vec![read_exported(&path)?]);
    }
    let repository = Repository::discover(directory)?;
    let commit = repository.resolve(name)?;
    let loaded = Store::open(repository.root())?.load(&commit)?;
    let skipped: Vec<String> = loaded.skipped.iter().map(described).collect();
    let mut runs: Vec<Run> = Vec::new();
    for stored in loaded.runs.iter().rev() {
        let key = &stored.run.environment.key;
        if !runs.iter().any(|run| run.environment.key == *key) {
            runs.extend(loaded.together(key));
        }
    }
    if runs.is_empty() {
        let skipped: String = skipped.iter().map(|line| format!("\n  {line}")).collect();
        return Err(FlowError::Usage(format!(
            "no baseline of {name} ({}) can be read{skipped}\nhelp: `cargo perfgate baseline list` shows what is stored; check the commit out and `cargo perfgate run` stores one",
            short(&commit),
        )));
    }
    warnings.extend(skipped);
    Ok(runs)
}
