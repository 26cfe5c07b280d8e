//! Floor 4: baselines, kept in the repository's own git objects and keyed by commit and environment.
//!
//! Each commit that has baselines has a ref below [`BASELINES`], named by its full id. It points to a commit whose tree
//! holds records and nothing else: `<environment key>/<started>-<digest>.json`. Index, work tree, HEAD, branches, stash,
//! worktree list and hooks are never touched.
//!
//! # Why a ref for each commit
//! Three layouts were filled with the same 10,000 commits of 100 benchmarks each (36 kB a record), packed, and
//! compared on a machine with 2 cores:
//!
//! | | a ref for each commit | one ref, one sharded tree | one ref of notes |
//! | --- | --: | --: | --: |
//! | one baseline fetched by a colleague | 0.1 s, below 0.2 MB | 43 s, 110 MB | 35 s, 108 MB |
//! | all fetched | 29 s, 148 MB | 43 s, 110 MB | 35 s, 108 MB |
//! | one commit looked up by the git program | 3 ms | 7 ms | 13 ms |
//! | all listed by the git program | 0.14 s | 0.25 s | 0.11 s |
//! | adding | two small trees, no one else's ref | three trees, everybody's ref | a tree of 256, everybody's ref |
//! | two jobs push at once | nothing to merge | each a merge | each a merge |
//!
//! A filter without blobs makes the sharded tree bearable (4 s, 7 MB), not cheap. The price is a line in `packed-refs` for
//! each commit, 1 MB for 10,000. What the first versions stored as a sharded tree is moved by `first_layout`.
//!
//! Here: what callers may ask of the store. The form of a record is `record`'s business, names and paths are `id`'s,
//! reading a tree is `layout`'s, moving a ref `update`'s and `lock`'s, what comes from other clones `merge`'s, single files
//! `export`'s. The network is not touched here: what the git program fetched is in the repository when it is merged, and
//! `vcs` runs that program.

mod error;
mod export;
mod first_layout;
mod id;
mod layout;
mod lock;
mod merge;
mod open;
mod record;
mod update;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use git2::Repository;

use crate::model::{CountedRun, Measurement, Run, Skipped, short};
use crate::report::system;

pub use error::{RecordError, StoreError};
pub use export::{export, read_exported, write_whole};
pub use id::{ParseRecordIdError, RecordId};
pub use merge::{Merged, Standing};
pub use record::{MAX_BYTES, decode, encode};
pub use update::{BASELINES, NAMESPACE, commit_of, ref_of};

use layout::Reader;

/// The baselines of one repository.
///
/// Any number of processes and threads may each open their own and use them at once.
pub struct Store {
    repo: Repository,
    /// What messages call the repository.
    root: PathBuf,
}

/// One stored run.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// Where it is stored.
    pub id: RecordId,
    /// What is stored.
    pub run: Run,
}

/// What was found for a commit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loaded {
    /// The readable runs in the order in which they were measured: newest last.
    pub runs: Vec<Stored>,
    /// Records that could not be read. They stay in the store as they are.
    pub skipped: Vec<Skipped>,
}

impl Loaded {
    /// The run that was measured last.
    pub fn newest(&self) -> Option<&Stored> {
        self.runs.last()
    }

    /// What is known of the commit in one environment: its newest run, with what older ones measured besides.
    pub fn together(&self, environment: &str) -> Option<Run> {
        let mut runs =
            self.runs.iter().rev().map(|stored| &stored.run).filter(|run| run.environment.key == environment);
        let mut all = runs.next()?.clone();
        for older in runs {
            let key = |m: &Measurement| (m.benchmark.clone(), m.metric);
            let known: BTreeSet<_> = all.measurements.iter().map(key).collect();
            all.measurements.extend(older.measurements.iter().filter(|m| !known.contains(&key(m))).cloned());
            all.whole |= older.whole;
            all.controls = all.controls.and(older.controls);
            match (&mut all.counted, &older.counted) {
                (Some(counted), Some(older)) => counted.add_older(older),
                (counted @ None, older) => counted.clone_from(older),
                (Some(_), None) => {}
            }
        }
        Some(all)
    }

    /// What is known of the commit in each environment, that of the newest run first.
    pub fn by_environment(&self) -> Vec<Run> {
        let mut all: Vec<Run> = Vec::new();
        for stored in self.runs.iter().rev() {
            let key = &stored.run.environment.key;
            if !all.iter().any(|run| run.environment.key == *key) {
                all.extend(self.together(key));
            }
        }
        all
    }

    /// What was counted of the commit, in whatever environment: one entry for all that was counted under the same conditions,
    /// the newest first.
    pub fn counted(&self) -> Vec<CountedRun> {
        let mut all: Vec<CountedRun> = Vec::new();
        for older in self.runs.iter().rev().filter_map(|stored| stored.run.counted.as_ref()) {
            match all.iter_mut().find(|newer| newer.conditions == older.conditions) {
                Some(newer) => newer.add_older(older),
                None => all.push(older.clone()),
            }
        }
        all
    }
}

/// The records of one commit in one environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Full commit id.
    pub commit: String,
    /// Environment key.
    pub environment: String,
    /// The records in the order in which they were measured: newest last, never empty. They were not read yet, so
    /// some may turn out to be unreadable.
    pub records: Vec<RecordId>,
}

/// Everything in the store, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// In the order of commit ids and environment keys.
    pub entries: Vec<Entry>,
    /// What lies in the tree and is no record.
    pub skipped: Vec<Skipped>,
}

impl Store {
    /// Opens the store of the repository that holds `path`: a work tree, a linked work tree, a folder in one, or a bare
    /// repository. Nothing is created before the first [`Store::add`]; what the first layout holds is moved.
    ///
    /// # Errors
    /// Where there is no repository, or one that cannot be read: another user's, or of a format that is not known.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let repo = open::open(path)?;
        // libgit2 ends folders with a slash, which nobody would write.
        let root: PathBuf = repo.workdir().unwrap_or_else(|| repo.path()).components().collect();
        first_layout::migrate(&repo).map_err(|failure| StoreError::Read {
            repository: root.clone(),
            cause: format!("they could not be moved to a ref for each commit: {failure}"),
        })?;
        Ok(Self { repo, root })
    }

    /// The work tree that the store was opened from, or the git folder of a bare repository.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Stores a run as a baseline of its commit. Once this returns, the record survives whatever is killed.
    ///
    /// The id depends on nothing but the run: the same run stored twice is one record, different runs never meet.
    ///
    /// # Errors
    /// Refuses runs of a dirty tree, runs that could not be read back, and ids and keys of another form than the model
    /// says. Fails where the repository cannot be written, or another git program blocks the ref.
    pub fn add(&self, run: &Run) -> Result<RecordId, StoreError> {
        let commit = &run.revision.commit;
        let refuse = |reason: String| StoreError::refused(commit, &self.root, reason);
        if run.revision.dirty {
            return Err(StoreError::Dirty { commit: error::printable(short(commit)), repository: self.root.clone() });
        }
        id::check_commit_id(commit).map_err(refuse)?;
        id::check_environment_key(&run.environment.key).map_err(refuse)?;
        let bytes = record::encode(run).map_err(|e| refuse(e.to_string()))?;
        let written = self.repo.blob(&bytes).map_err(|e| {
            let forgotten = e.class() == git2::ErrorClass::None;
            let why = forgotten.then(|| self.unwritable(&bytes)).flatten().map(update::Failure::Other);
            self.write_error("store", commit, why.unwrap_or_else(|| e.into()))
        })?;
        let id = RecordId::new(commit, &run.environment.key, &run.started, &written.to_string()).map_err(refuse)?;
        let message = format!("Store the baseline of {commit}\n\nEnvironment: {}\n", id.environment());
        update::update(&self.repo, commit, &message, |root| {
            layout::edit(&self.repo, root, &[(id.clone(), written)].into(), &BTreeSet::new())
        })
        .map_err(|e| self.write_error("store", commit, e))?;
        Ok(id)
    }

    /// Removes the records of a commit, in one environment or in all; gives how many there were. The ref's history keeps
    /// them, so that nothing is lost: git forgets them no sooner than it forgets that history.
    ///
    /// # Errors
    /// Where the repository cannot be written, or another git program blocks the ref.
    pub fn delete(&self, commit: &str, environment_key: Option<&str>) -> Result<usize, StoreError> {
        let wanted = |key: &str| environment_key.is_none_or(|wanted| wanted == key);
        let found = self.reader().and_then(|mut reader| reader.entries_of(commit)).map_err(|e| self.read_error(&e))?;
        let found: Vec<_> = found.into_iter().filter(|entry| wanted(&entry.environment)).collect();
        if found.is_empty() {
            return Ok(0);
        }
        let message = format!("Delete the baseline of {commit}\n");
        update::update(&self.repo, commit, &message, |root| layout::remove(&self.repo, root, environment_key))
            .map_err(|e| self.write_error("delete", commit, e))?;
        Ok(found.iter().map(|entry| entry.records.len()).sum())
    }

    /// Deletes the ref of a commit, and with it all that is stored of it and its history, if it points to the id `tip`; gives
    /// whether it did. Git keeps the objects for some weeks.
    ///
    /// # Errors
    /// Where the repository cannot be written, or another git program blocks the ref.
    pub fn forget(&self, commit: &str, tip: &str) -> Result<bool, StoreError> {
        update::forget(&self.repo, commit, tip).map_err(|e| self.write_error("prune", commit, e))
    }

    /// All records of a commit, whatever the environment.
    ///
    /// # Errors
    /// Where the commit's ref or the top of its tree cannot be read. A record that cannot be read is no error: see
    /// [`Loaded::skipped`].
    pub fn load(&self, commit: &str) -> Result<Loaded, StoreError> {
        self.load_where(commit, |_| true)
    }

    /// All records of a commit in one environment.
    ///
    /// # Errors
    /// As [`Store::load`].
    pub fn find(&self, commit: &str, environment_key: &str) -> Result<Loaded, StoreError> {
        self.load_where(commit, |key| key == environment_key)
    }

    fn load_where(&self, commit: &str, wanted: impl Fn(&str) -> bool) -> Result<Loaded, StoreError> {
        let mut reader = self.reader().map_err(|e| self.read_error(&e))?;
        let mut runs = Vec::new();
        for entry in reader.entries_of(commit).map_err(|e| self.read_error(&e))? {
            if wanted(&entry.environment) {
                for (id, blob) in entry.records {
                    if let Some(run) = reader.run(&id, blob) {
                        runs.push(Stored { id, run });
                    }
                }
            }
        }
        runs.sort_by(|a, b| a.id.started().cmp(&b.id.started()).then_with(|| a.id.cmp(&b.id)));
        Ok(Loaded { runs, skipped: reader.into_skipped() })
    }

    /// What is stored, without reading the records: a look at every folder, no more.
    ///
    /// # Errors
    /// Where git's refs cannot be read. What is wrong with one of them is no error: see [`Listing::skipped`].
    pub fn list(&self) -> Result<Listing, StoreError> {
        let mut reader = self.reader().map_err(|e| self.read_error(&e))?;
        let entries = reader
            .all_entries()
            .map_err(|e| self.read_error(&e))?
            .into_iter()
            .map(|found| Entry {
                commit: found.commit,
                environment: found.environment,
                records: found.records.into_iter().map(|(id, _)| id).collect(),
            })
            .collect();
        Ok(Listing { entries, skipped: reader.into_skipped() })
    }

    fn reader(&self) -> Result<Reader<'_>, update::Failure> {
        Reader::new(&self.repo)
    }

    fn read_error(&self, failure: &update::Failure) -> StoreError {
        StoreError::Read { repository: self.root.clone(), cause: failure.to_string() }
    }

    /// Why so many bytes cannot be written into the repository: libgit2 forgets that where they are more than its buffer holds.
    fn unwritable(&self, bytes: &[u8]) -> Option<String> {
        let tried = tempfile::tempfile_in(self.repo.commondir()).and_then(|mut file| file.write_all(bytes));
        tried.err().map(|e| system(&e))
    }

    fn write_error(&self, what: &'static str, commit: &str, failure: update::Failure) -> StoreError {
        let (commit, repository) = (error::printable(short(commit)), self.root.clone());
        match failure {
            update::Failure::Locked(lock) => StoreError::Locked { what, commit, repository, lock },
            update::Failure::Other(cause) => StoreError::Write { what, commit, repository, cause },
        }
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("root", &self.root).finish_non_exhaustive()
    }
}
