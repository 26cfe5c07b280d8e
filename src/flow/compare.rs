//! `compare`: two stored commits, or exported files; measures nothing.

use std::path::{Path, PathBuf};

use super::FlowError;
use super::assemble::Frame;
use super::project::short;
use super::stored::{described, stored_report};
use crate::config;
use crate::model::{BaseSide, HeadSide, Report, Run};
use crate::store::{Loaded, Store, read_exported};
use crate::vcs::Repository;
use crate::workspace;

/// What `compare` is asked for.
#[derive(Clone, Debug, Default)]
pub struct CompareRequest {
    /// Where the user stands.
    pub directory: PathBuf,
    /// `--config`.
    pub config: Option<PathBuf>,
    /// A name of a commit, or the path of an exported file.
    pub base: String,
    /// Likewise.
    pub head: String,
}

/// Either a run, or the runs of a commit among which the environment decides.
enum Found {
    File(Box<Run>),
    Commit { id: String, loaded: Loaded },
}

/// Compares two stored runs.
pub fn compare(request: &CompareRequest) -> Result<Report, FlowError> {
    let root = workspace::locate(&request.directory, None).map(|(_, root)| root);
    let root = root.unwrap_or_else(|_| request.directory.clone());
    let config = config::load(&root, request.config.as_deref())?;
    let base = find(&request.directory, &request.base)?;
    let head = find(&request.directory, &request.head)?;
    let mut warnings = Vec::new();
    for found in [&base, &head] {
        if let Found::Commit { loaded, .. } = found {
            warnings.extend(loaded.skipped.iter().map(described));
        }
    }
    let (base_run, head_run) = pair(&base, &head)?;
    if base_run.environment.key != head_run.environment.key {
        return Err(FlowError::Usage(format!(
            "could not compare {} with {}: they were measured in different environments ({} on {}, {} on {}), and times of one say nothing of the other\nhelp: measure both on one machine with `cargo perfgate run`",
            request.base,
            request.head,
            base_run.environment.key,
            base_run.environment.cpu,
            head_run.environment.key,
            head_run.environment.cpu,
        )));
    }
    let frame = Frame {
        base: Some(BaseSide { commit: Some(base_run.revision.commit.clone()), reason: request.base.clone() }),
        head: HeadSide { commit: Some(head_run.revision.commit.clone()), dirty: head_run.revision.dirty },
        environment: Some(head_run.environment.clone()),
        skipped: Vec::new(),
        warnings,
    };
    Ok(stored_report(base_run, head_run, frame, &config.policy))
}

fn find(directory: &Path, name: &str) -> Result<Found, FlowError> {
    let path = directory.join(name);
    if path.is_file() {
        return Ok(Found::File(Box::new(read_exported(&path)?)));
    }
    let repository = Repository::discover(directory)?;
    let id = repository.resolve(name)?;
    let loaded = Store::open(repository.root())?.load(&id)?;
    if loaded.runs.is_empty() {
        let skipped: Vec<String> = loaded.skipped.iter().map(|s| format!("\n  {}", described(s))).collect();
        return Err(FlowError::Usage(format!(
            "no baseline of {name} ({}) can be read{}\nhelp: `cargo perfgate baseline list` shows what is stored; check the commit out and `cargo perfgate run` stores one",
            short(&id),
            skipped.concat(),
        )));
    }
    Ok(Found::Commit { id, loaded })
}

/// The newest runs of both that share an environment; where none do, the newest ones.
fn pair<'a>(base: &'a Found, head: &'a Found) -> Result<(&'a Run, &'a Run), FlowError> {
    let newest = |found: &'a Found| match found {
        Found::File(run) => Ok(&**run),
        Found::Commit { id, loaded } => loaded
            .newest()
            .map(|stored| &stored.run)
            .ok_or_else(|| FlowError::Usage(format!("no baseline of {} can be read", short(id)))),
    };
    let in_environment = |found: &'a Found, key: &str| match found {
        Found::File(run) => (run.environment.key == key).then_some(&**run),
        Found::Commit { loaded, .. } => loaded.newest_in(key).map(|stored| &stored.run),
    };
    let keys: Vec<&str> = match head {
        Found::File(run) => vec![&run.environment.key],
        Found::Commit { loaded, .. } => loaded.runs.iter().rev().map(|stored| &*stored.run.environment.key).collect(),
    };
    for key in keys {
        if let (Some(base), Some(head)) = (in_environment(base, key), in_environment(head, key)) {
            return Ok((base, head));
        }
    }
    Ok((newest(base)?, newest(head)?))
}
