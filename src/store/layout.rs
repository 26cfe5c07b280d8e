//! The tree of records: reading it with suspicion, and adding to it. Which ref points to it is not known here.
//!
//! The tree may come from someone else's push. Whatever does not look like a record is skipped with a reason and left
//! where it is.

use git2::{ErrorCode, FileMode, ObjectType, Odb, Oid, Repository, Tree, TreeEntry};

use crate::model::{Run, Skipped};

use super::error::{RecordError, printable};
use super::id::{RecordId, fan_out, is_commit_id, is_environment_key, is_fan_out};
use super::record;
use super::update::{BASELINES_REF, Failure};

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
    root: Oid,
    skipped: Vec<Skipped>,
}

impl<'r> Reader<'r> {
    /// The error is that the root itself cannot be read: then nothing can.
    pub fn new(repo: &'r Repository, root: Oid) -> Result<Self, Failure> {
        let reader = Self { repo, odb: repo.odb()?, root, skipped: Vec::new() };
        let unreadable = |reason| Failure::Other(format!("{BASELINES_REF} has an unreadable tree: {reason}"));
        reader.read_tree(root).map_err(unreadable)?;
        Ok(reader)
    }

    pub fn into_skipped(self) -> Vec<Skipped> {
        self.skipped
    }

    /// Everything in the tree, in the order of commits and environments.
    pub fn all_entries(&mut self) -> Vec<Found> {
        let mut found = Vec::new();
        for (prefix, folder) in self.folders("", self.root, is_fan_out) {
            for (commit, folder) in self.folders(&prefix, folder, |name| is_commit_id(name) && fan_out(name) == prefix)
            {
                found.extend(self.environments(&commit, folder));
            }
        }
        found
    }

    /// What is stored of one commit; reads three trees and those of its environments.
    pub fn entries_of(&mut self, commit: &str) -> Vec<Found> {
        if !is_commit_id(commit) {
            return Vec::new();
        }
        let prefix = fan_out(commit);
        let folder = self.folder("", self.root, prefix).and_then(|folder| self.folder(prefix, folder, commit));
        folder.map(|folder| self.environments(commit, folder)).unwrap_or_default()
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

    fn environments(&mut self, commit: &str, folder: Oid) -> Vec<Found> {
        let path = format!("{}/{commit}", fan_out(commit));
        let mut all = Vec::new();
        for (environment, folder) in self.folders(&path, folder, is_environment_key) {
            let records = self.records(commit, &environment, folder);
            if !records.is_empty() {
                all.push(Found { commit: commit.to_owned(), environment, records });
            }
        }
        all
    }

    fn records(&mut self, commit: &str, environment: &str, folder: Oid) -> Vec<(RecordId, Oid)> {
        let path = format!("{}/{commit}/{environment}", fan_out(commit));
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

    /// One folder in a folder; `None` if it is absent or was skipped.
    fn folder(&mut self, path: &str, folder: Oid, name: &str) -> Option<Oid> {
        let tree = self.tree(path, folder)?;
        let entry = tree.get_name(name)?;
        if is_folder(&entry) {
            return Some(entry.id());
        }
        self.skip_entry(path, &entry, "no folder");
        None
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
        let what = if folder.is_empty() { name.into_owned() } else { format!("{folder}/{name}") };
        self.skip(&what, reason.to_owned());
    }

    fn skip(&mut self, what: &str, reason: String) {
        self.skipped.push(Skipped { what: printable(what), reason });
    }
}

/// Writes the trees that a new record changes, from its folder up to the root, and returns the new root.
pub(super) fn insert(repo: &Repository, root: Option<&Tree<'_>>, id: &RecordId, blob: Oid) -> Result<Oid, Failure> {
    let path = id.path();
    insert_at(repo, root, &path, 0, blob)
}

fn insert_at(
    repo: &Repository,
    tree: Option<&Tree<'_>>,
    path: &[String],
    depth: usize,
    blob: Oid,
) -> Result<Oid, Failure> {
    let name = &path[depth];
    let mut builder = repo.treebuilder(tree)?;
    if depth + 1 == path.len() {
        builder.insert(name, blob, FileMode::Blob.into())?;
        return Ok(builder.write()?);
    }
    let below = match tree.and_then(|tree| tree.get_name(name)) {
        Some(entry) if is_folder(&entry) => Some(repo.find_tree(entry.id())?),
        // Replacing it would lose what someone put there.
        Some(_) => {
            let place = path[..=depth].join("/");
            return Err(Failure::Other(format!("the stored tree has something else where folder {place} should be")));
        }
        None => None,
    };
    let below = insert_at(repo, below.as_ref(), path, depth + 1, blob)?;
    builder.insert(name, below, FileMode::Tree.into())?;
    Ok(builder.write()?)
}

/// Writes the trees without the records of a commit, in one environment or in all, and returns the new root. Folders that
/// hold nothing else go, too.
pub(super) fn remove(
    repo: &Repository,
    root: Option<&Tree<'_>>,
    commit: &str,
    environment: Option<&str>,
) -> Result<Oid, Failure> {
    let mut path = vec![fan_out(commit), commit];
    path.extend(environment);
    match remove_at(repo, root, &path)? {
        Some(root) => Ok(root),
        // The ref stays, and points to nothing.
        None => Ok(repo.treebuilder(None)?.write()?),
    }
}

/// `None` where nothing is left.
fn remove_at(repo: &Repository, tree: Option<&Tree<'_>>, path: &[&str]) -> Result<Option<Oid>, Failure> {
    let Some(tree) = tree else { return Ok(None) };
    let mut builder = repo.treebuilder(Some(tree))?;
    if let Some(entry) = tree.get_name(path[0]) {
        let below = match &path[1..] {
            [] => None,
            rest if is_folder(&entry) => remove_at(repo, Some(&repo.find_tree(entry.id())?), rest)?,
            // What is no folder is none of ours.
            _ => return Ok(Some(tree.id())),
        };
        match below {
            Some(below) => builder.insert(path[0], below, FileMode::Tree.into()).map(drop)?,
            None => builder.remove(path[0])?,
        }
    }
    if builder.is_empty() { Ok(None) } else { Ok(Some(builder.write()?)) }
}

fn is_folder(entry: &TreeEntry<'_>) -> bool {
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
