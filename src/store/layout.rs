//! The tree of a commit's records, `<environment key>/<record>`: reading it with suspicion, and adding to it.
//!
//! The tree may come from someone else's push. Whatever does not look like a record is skipped with a reason and left
//! where it is.

use std::collections::{BTreeMap, BTreeSet};

use git2::{ErrorCode, FileMode, ObjectType, Odb, Oid, Repository, Tree, TreeEntry};

use crate::model::{Run, Skipped, is_commit_id};

use super::error::{RecordError, printable};
use super::id::{RecordId, is_environment_key};
use super::record;
use super::update::{self, BASELINES, Failure, commit_of, ref_of};

/// The records of one commit and environment, oldest first, each with the object that holds it.
pub(super) struct Found {
    pub commit: String,
    pub environment: String,
    pub records: Vec<(RecordId, Oid)>,
}

/// Reads trees and records, and collects what it had to skip.
pub(super) struct Reader<'r> {
    repo: &'r Repository,
    odb: Odb<'r>,
    skipped: Vec<Skipped>,
}

impl<'r> Reader<'r> {
    pub fn new(repo: &'r Repository) -> Result<Self, Failure> {
        Ok(Self { repo, odb: repo.odb()?, skipped: Vec::new() })
    }

    pub fn into_skipped(self) -> Vec<Skipped> {
        self.skipped
    }

    /// Everything that is stored, in the order of commits and environments.
    pub fn all_entries(&mut self) -> Result<Vec<Found>, Failure> {
        let mut names = Vec::new();
        let mut references = self.repo.references_glob(&format!("{BASELINES}/*"))?;
        for name in references.names() {
            match name {
                Ok(name) => names.push(name.to_owned()),
                Err(e) => self.skipped.push(Skipped { what: BASELINES.to_owned(), reason: printable(e.message()) }),
            }
        }
        names.sort_unstable();
        let mut found = Vec::new();
        for name in names {
            let Some(commit) = commit_of(&name) else {
                self.skip(&name, "no ref that belongs here".to_owned());
                continue;
            };
            match self.entries_of(commit) {
                Ok(own) => found.extend(own),
                Err(failure) => self.skip(&name, failure.to_string()),
            }
        }
        Ok(found)
    }

    /// What is stored of one commit. The error is that the top of it cannot be read: then nothing of it can.
    pub fn entries_of(&mut self, commit: &str) -> Result<Vec<Found>, Failure> {
        if !is_commit_id(commit) {
            return Ok(Vec::new());
        }
        let name = ref_of(commit);
        let Some(tip) = update::tip(self.repo, &name)? else { return Ok(Vec::new()) };
        let unreadable = |reason| Failure::Other(format!("{name} has an unreadable tree: {reason}"));
        let root = self.read_tree(tip.tree_id()).map_err(unreadable)?.id();
        Ok(self.environments(commit, root))
    }

    /// Reads one record; `None` if it was skipped.
    pub fn run(&mut self, id: &RecordId, blob: Oid) -> Option<Run> {
        match self.read(id, blob) {
            Ok(run) => Some(run),
            Err(reason) => {
                self.skip(&id.to_string(), reason);
                None
            }
        }
    }

    fn read(&self, id: &RecordId, blob: Oid) -> Result<Run, String> {
        self.check_object(blob, ObjectType::Blob)?;
        if blob.to_string() != id.digest() {
            return Err("its content is not what its name says".into());
        }
        let blob = self.repo.find_blob(blob).map_err(|e| cause(&e))?;
        let run = record::decode(blob.content()).map_err(|e| e.to_string())?;
        if run.revision.commit != id.commit() || run.environment.key != id.environment() {
            return Err("it holds the run of another commit or environment".into());
        }
        if run.revision.dirty {
            return Err("it holds the run of a dirty work tree".into());
        }
        Ok(run)
    }

    /// The records in a tree from elsewhere that are what their names say, as far as can be told without reading them. What
    /// is not here is taken at its word.
    pub fn sound(&mut self, commit: &str, root: Oid) -> Result<BTreeMap<RecordId, Oid>, String> {
        let root = self.read_tree(root)?.id();
        let found = self.environments(commit, root).into_iter().flat_map(|found| found.records);
        let mut sound = BTreeMap::new();
        for (id, blob) in found {
            let known = if self.odb.exists(blob) { self.check_object(blob, ObjectType::Blob) } else { Ok(()) };
            match known {
                Ok(()) if blob.to_string() == id.digest() => drop(sound.insert(id, blob)),
                Ok(()) => self.skip(&id.to_string(), "its content is not what its name says".to_owned()),
                Err(reason) => self.skip(&id.to_string(), reason),
            }
        }
        Ok(sound)
    }

    fn environments(&mut self, commit: &str, root: Oid) -> Vec<Found> {
        let mut all = Vec::new();
        for (environment, folder) in self.folders(commit, root, is_environment_key) {
            let records = self.records(commit, &environment, folder);
            if !records.is_empty() {
                all.push(Found { commit: commit.to_owned(), environment, records });
            }
        }
        all
    }

    fn records(&mut self, commit: &str, environment: &str, folder: Oid) -> Vec<(RecordId, Oid)> {
        let path = format!("{commit}/{environment}");
        let Some(tree) = self.tree(&path, folder) else { return Vec::new() };
        let mut records = Vec::new();
        for entry in &tree {
            let id = entry.name().ok().and_then(|name| RecordId::from_file_name(commit, environment, name));
            match id {
                Some(id) if is_file(&entry) => records.push((id, entry.id())),
                Some(_) => self.skip_entry(&path, &entry, "no file"),
                None => self.skip_entry(&path, &entry, "no name of a record"),
            }
        }
        records.sort();
        // git forbids the same name twice, a hostile tree does not.
        records.dedup_by(|a, b| a.0 == b.0);
        records
    }

    /// The folders in a folder whose names fit, in the tree's order.
    fn folders(&mut self, path: &str, folder: Oid, fits: impl Fn(&str) -> bool) -> Vec<(String, Oid)> {
        let Some(tree) = self.tree(path, folder) else { return Vec::new() };
        let mut folders = Vec::new();
        for entry in &tree {
            match entry.name().ok().filter(|name| fits(name)) {
                Some(name) if is_folder(&entry) => folders.push((name.to_owned(), entry.id())),
                Some(_) => self.skip_entry(path, &entry, "no folder"),
                None => self.skip_entry(path, &entry, "no name that belongs here"),
            }
        }
        folders
    }

    fn tree(&mut self, path: &str, id: Oid) -> Option<Tree<'r>> {
        self.read_tree(id).map_err(|reason| self.skip(path, reason)).ok()
    }

    fn read_tree(&self, id: Oid) -> Result<Tree<'r>, String> {
        self.check_object(id, ObjectType::Tree)?;
        self.repo.find_tree(id).map_err(|e| cause(&e))
    }

    /// The header alone says kind and size, so that what is absurdly large is never unpacked.
    fn check_object(&self, id: Oid, expected: ObjectType) -> Result<(), String> {
        let (size, kind) = self.odb.read_header(id).map_err(|e| cause(&e))?;
        if kind != expected {
            return Err(format!("it is a {kind}, not a {expected}"));
        }
        if size > record::MAX_BYTES { Err(RecordError::TooLarge.to_string()) } else { Ok(()) }
    }

    fn skip_entry(&mut self, folder: &str, entry: &TreeEntry<'_>, reason: &str) {
        let name = String::from_utf8_lossy(entry.name_bytes());
        self.skip(&format!("{folder}/{name}"), reason.to_owned());
    }

    fn skip(&mut self, what: &str, reason: String) {
        self.skipped.push(Skipped { what: printable(what), reason });
    }
}

/// Writes the trees with some records more and some less, and returns the new root.
pub(super) fn edit(
    repo: &Repository,
    root: Option<&Tree<'_>>,
    added: &BTreeMap<RecordId, Oid>,
    removed: &BTreeSet<RecordId>,
) -> Result<Oid, Failure> {
    let mut environments = repo.treebuilder(root)?;
    let touched: BTreeSet<&str> = added.keys().chain(removed).map(RecordId::environment).collect();
    for environment in touched {
        let in_it = |id: &RecordId| id.environment() == environment;
        let folder = match root.and_then(|root| root.get_name(environment)) {
            Some(entry) if is_folder(&entry) => Some(repo.find_tree(entry.id())?),
            // Replacing it would lose what someone put there.
            Some(_) => {
                let place = added.keys().chain(removed).find(|id| in_it(id)).map(|id| ref_of(id.commit()));
                let place = format!("{}/{environment}", place.unwrap_or_default());
                return Err(Failure::Other(format!(
                    "the stored tree has something else where folder {place} should be"
                )));
            }
            None => None,
        };
        let mut records = repo.treebuilder(folder.as_ref())?;
        for (id, blob) in added.iter().filter(|(id, _)| in_it(id)) {
            records.insert(&id.path()[1], *blob, FileMode::Blob.into())?;
        }
        for id in removed.iter().filter(|id| in_it(id)) {
            records.remove(&id.path()[1])?;
        }
        if !records.is_empty() {
            environments.insert(environment, records.write()?, FileMode::Tree.into())?;
        } else if folder.is_some() {
            environments.remove(environment)?;
        }
    }
    Ok(environments.write()?)
}

/// Writes the tree without the records of an environment, or of all, and returns it. The ref stays, and may point to
/// nothing.
pub(super) fn remove(repo: &Repository, root: Option<&Tree<'_>>, environment: Option<&str>) -> Result<Oid, Failure> {
    let mut environments = repo.treebuilder(if environment.is_some() { root } else { None })?;
    if let Some(environment) = environment
        && environments.get(environment)?.is_some()
    {
        environments.remove(environment)?;
    }
    Ok(environments.write()?)
}

/// The records of both trees. Where a name stands for different things in them, that of `own` stays.
pub(super) fn union(repo: &Repository, own: Option<&Tree<'_>>, other: &Tree<'_>) -> Result<Oid, Failure> {
    let mut builder = repo.treebuilder(own)?;
    for entry in other {
        let known = own.and_then(|own| own.get_name_bytes(entry.name_bytes()));
        let wanted = match known {
            None => entry.id(),
            Some(known) if is_folder(&known) && is_folder(&entry) && known.id() != entry.id() => {
                union(repo, Some(&repo.find_tree(known.id())?), &repo.find_tree(entry.id())?)?
            }
            Some(_) => continue,
        };
        // A name that no tree may hold is refused, and is no record's.
        let _ = builder.insert(entry.name_bytes(), wanted, entry.filemode());
    }
    Ok(builder.write()?)
}

pub(super) fn is_folder(entry: &TreeEntry<'_>) -> bool {
    entry.filemode() == i32::from(FileMode::Tree)
}

fn is_file(entry: &TreeEntry<'_>) -> bool {
    entry.filemode() == i32::from(FileMode::Blob)
}

fn cause(error: &git2::Error) -> String {
    match error.code() {
        // A clone without blobs that fetched the ref only.
        ErrorCode::NotFound => "its object is missing in this clone; fetch the baselines without a filter".into(),
        _ => printable(error.message()),
    }
}
