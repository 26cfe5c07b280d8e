//! `baseline`: what is stored: listed, shown, exported, imported, deleted, pruned, verified.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::FlowError;
use crate::model::{Run, Skipped, is_commit_id, short};
use crate::store::{Entry, Listing, NAMESPACE, RecordId, Store, export, read_exported};
use crate::vcs::{Repository, VcsError};

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

/// What is stored.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Stored {
    /// What was measured last stands first.
    pub baselines: Vec<Listed>,
    /// What lies among the records and is none, or cannot be read.
    pub skipped: Vec<Skipped>,
}

/// The records of one commit in one environment.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Listed {
    /// Full commit id.
    pub commit: String,
    /// When its newest run began, RFC 3339 in UTC.
    pub measured: String,
    /// Environment key.
    pub environment: String,
    /// So many runs, readable or not.
    pub runs: usize,
    /// So many benchmarks have a measurement in the readable ones.
    pub benchmarks: usize,
}

/// Everything that is stored, by commit and environment.
pub fn list(directory: &Path) -> Result<Stored, FlowError> {
    let store = Store::open(Repository::discover(directory)?.root())?;
    let Listing { mut entries, mut skipped } = store.list()?;
    let newest = |entry: &Entry| entry.records.last().map(RecordId::started);
    entries.sort_by_key(|entry| Reverse(newest(entry)));
    let mut baselines = Vec::new();
    for entry in entries {
        let loaded = store.find(&entry.commit, &entry.environment)?;
        let known = loaded.runs.iter().flat_map(|stored| &stored.run.measurements).map(|m| &m.benchmark);
        baselines.push(Listed {
            measured: newest(&entry).map(|started| started.to_string()).unwrap_or_default(),
            runs: entry.records.len(),
            benchmarks: known.collect::<BTreeSet<_>>().len(),
            commit: entry.commit,
            environment: entry.environment,
        });
        skipped.extend(loaded.skipped);
    }
    skipped.sort();
    skipped.dedup();
    Ok(Stored { baselines, skipped })
}

/// The runs of the commit that `revision` names.
pub fn show(directory: &Path, revision: &str) -> Result<Shown, FlowError> {
    let repository = Repository::discover(directory)?;
    let commit = commit(&repository, revision)?;
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
    let commit = commit(&repository, revision)?;
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

/// A file that was imported.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The record that it is now.
    pub id: RecordId,
    /// Whether this clone has its commit.
    pub commit_is_here: bool,
}

/// Stores the run in an exported file as a baseline of its commit.
pub fn import_run(directory: &Path, file: &Path) -> Result<Imported, FlowError> {
    let repository = Repository::discover(directory)?;
    let run = read_exported(&directory.join(file))?;
    let id = Store::open(repository.root())?.add(&run)?;
    let commit_is_here = repository.resolve(id.commit()).is_ok();
    Ok(Imported { id, commit_is_here })
}

/// Deletes what is stored of `revision`, in one environment or in all; gives the commit and how many runs there were.
pub fn delete(directory: &Path, revision: &str, environment: Option<&str>) -> Result<(String, usize), FlowError> {
    let repository = Repository::discover(directory)?;
    let commit = commit(&repository, revision)?;
    let deleted = Store::open(repository.root())?.delete(&commit, environment)?;
    if deleted == 0 {
        let place = environment.map(|key| format!(" in environment {key}")).unwrap_or_default();
        return Err(FlowError::Usage(format!(
            "no baseline of {revision} ({}) is stored{place}, and none was deleted\nhelp: `cargo perfgate baseline list` shows what is",
            short(&commit)
        )));
    }
    Ok((commit, deleted))
}

/// What reading everything found.
#[derive(Clone, Debug, Default)]
pub struct Verified {
    /// Commits with a readable record.
    pub commits: usize,
    /// Readable records.
    pub records: usize,
    /// What could not be read, or is no record.
    pub broken: Vec<Skipped>,
}

/// Reads every record, and checks that its content is what its name says.
pub fn verify(directory: &Path) -> Result<Verified, FlowError> {
    let store = Store::open(Repository::discover(directory)?.root())?;
    let listing = store.list()?;
    let mut verified = Verified { broken: listing.skipped, ..Verified::default() };
    let commits: BTreeSet<String> = listing.entries.into_iter().map(|entry| entry.commit).collect();
    for commit in commits {
        let loaded = store.load(&commit)?;
        verified.commits += usize::from(!loaded.runs.is_empty());
        verified.records += loaded.runs.len();
        verified.broken.extend(loaded.skipped);
    }
    verified.broken.sort();
    verified.broken.dedup();
    Ok(verified)
}

/// Deletes what is stored of commits that nothing in this clone reaches any longer, other than baselines; gives these
/// commits, each with the id that its ref pointed to. What a remote has stays there.
pub fn prune(directory: &Path, dry_run: bool) -> Result<Vec<(String, String)>, FlowError> {
    let repository = Repository::discover(directory)?;
    let store = Store::open(repository.root())?;
    // In this order: what is committed and stored meanwhile is not among them.
    let tips = store.tips()?;
    let used = repository.reachable(NAMESPACE)?;
    let mut pruned = Vec::new();
    for (commit, tip) in tips.into_iter().filter(|(commit, _)| !used.contains(commit)) {
        if dry_run || store.forget(&commit, &tip)? {
            pruned.push((commit, tip));
        }
    }
    Ok(pruned)
}

/// The commit that `revision` names. A full id needs no commit here: baselines outlive branches.
pub(super) fn commit(repository: &Repository, revision: &str) -> Result<String, VcsError> {
    if is_commit_id(revision) { Ok(revision.to_owned()) } else { repository.resolve(revision) }
}
