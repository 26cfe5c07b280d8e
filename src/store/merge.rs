//! What is stored elsewhere of a commit, merged into what is stored here: a union of records, keyed by commit, environment
//! and record. Its objects are in this repository already; how they came is not known here.
//!
//! A record that was deleted on one side stays deleted, because the ref's history has it: where both sides come from a
//! commit that had it, and one of them has it no more, neither has their merge. Both histories are kept. What is no
//! record never comes in.

use std::collections::{BTreeMap, BTreeSet};

use git2::{Commit, ErrorCode, Oid, Repository};

use super::error::printable;
use super::id::RecordId;
use super::layout::{self, Reader};
use super::update::{self, Failure, commit_of, ref_of, write_commit};
use super::{BASELINES, Store, StoreError};
use crate::model::Skipped;

/// What a merge did to the records that are stored here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// So many came.
    pub added: usize,
    /// So many went, because they were deleted there.
    pub removed: usize,
    /// What is there and no record. It stays there.
    pub skipped: Vec<Skipped>,
}

/// How what is stored here of a commit stands to what is stored elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Both have the same records.
    Same,
    /// All that was ever stored there is part of the history here, and here the records differ.
    Ahead {
        /// Full id of the commit that the ref here points to.
        tip: String,
        /// Records that are missing there.
        added: usize,
        /// Records that were deleted here.
        removed: usize,
    },
    /// Something is there that has yet to be merged.
    Apart,
}

type Records = BTreeMap<RecordId, Oid>;

impl Store {
    /// Where the refs point to: full ids of commits that have baselines, with the ids that their refs have.
    ///
    /// # Errors
    /// Where git's refs cannot be read.
    pub fn tips(&self) -> Result<BTreeMap<String, String>, StoreError> {
        let read = || -> Result<_, git2::Error> {
            let mut tips = BTreeMap::new();
            for reference in self.repo.references_glob(&format!("{BASELINES}/*"))? {
                let Ok(reference) = reference else { continue };
                if let (Some(commit), Some(id)) = (reference.name().ok().and_then(commit_of), reference.target()) {
                    tips.insert(commit.to_owned(), id.to_string());
                }
            }
            Ok(tips)
        };
        read().map_err(|e| self.read_error(&e.into()))
    }

    /// How what is stored of a commit stands to another store, whose ref of that commit has the id `theirs`, if there is one.
    ///
    /// # Errors
    /// Where what is stored here cannot be read.
    pub fn standing(&self, commit: &str, theirs: Option<&str>) -> Result<Standing, StoreError> {
        self.compare(commit, theirs).map_err(|e| self.read_error(&e))
    }

    fn compare(&self, commit: &str, theirs: Option<&str>) -> Result<Standing, Failure> {
        let repo = &self.repo;
        repo.odb()?.refresh()?;
        let theirs = theirs.map(Oid::from_str).transpose()?;
        let Some(own) = update::tip(repo, &ref_of(commit))? else {
            return Ok(if theirs.is_some() { Standing::Apart } else { Standing::Same });
        };
        if Some(own.id()) == theirs {
            return Ok(Standing::Same);
        }
        let mine = records(repo, commit, &own)?;
        let has = match theirs {
            Some(theirs) if !is_before(repo, theirs, own.id())? => return Ok(Standing::Apart),
            Some(theirs) => records(repo, commit, &repo.find_commit(theirs)?)?,
            None => Records::new(),
        };
        let added = mine.keys().filter(|id| !has.contains_key(id)).count();
        let removed = has.keys().filter(|id| !mine.contains_key(id)).count();
        if added + removed == 0 {
            return Ok(Standing::Same);
        }
        Ok(Standing::Ahead { tip: own.id().to_string(), added, removed })
    }

    /// Merges what the commit `theirs` holds of `commit` into what is stored here of it.
    ///
    /// # Errors
    /// Where the repository cannot be written, or what is stored here cannot be read. What is wrong with `theirs` is no
    /// error: see [`Merged::skipped`].
    pub fn merge(&self, commit: &str, theirs: &str) -> Result<Merged, StoreError> {
        let message = format!("Merge the baselines of {commit}\n");
        let failed = |e| self.write_error("merge", commit, e);
        self.repo.odb().and_then(|odb| odb.refresh()).map_err(|e| failed(e.into()))?;
        let theirs = match Theirs::read(&self.repo, commit, theirs) {
            Ok(theirs) => theirs,
            Err(reason) => {
                let skipped = vec![Skipped { what: ref_of(commit), reason }];
                return Ok(Merged { skipped, ..Merged::default() });
            }
        };
        let mut merged = Merged::default();
        update::swap(&self.repo, commit, &message, |own| {
            let (next, added, removed) = theirs.onto(&self.repo, commit, own, &message)?;
            merged = Merged { added, removed, skipped: theirs.skipped.clone() };
            Ok(next)
        })
        .map_err(failed)?;
        Ok(merged)
    }

    /// How many of a commit's records are known here by name alone: a partial clone left them out.
    ///
    /// # Errors
    /// Where what is stored of it cannot be read.
    pub fn left_out(&self, commit: &str) -> Result<usize, StoreError> {
        let count = || -> Result<usize, Failure> {
            let odb = self.repo.odb()?;
            let Some(tip) = update::tip(&self.repo, &ref_of(commit))? else { return Ok(0) };
            Ok(records(&self.repo, commit, &tip)?.values().filter(|blob| !odb.exists(**blob)).count())
        };
        count().map_err(|e| self.read_error(&e))
    }
}

/// A commit from elsewhere, looked at with suspicion.
struct Theirs<'r> {
    tip: Commit<'r>,
    records: Records,
    skipped: Vec<Skipped>,
}

impl<'r> Theirs<'r> {
    /// The error is the reason why nothing can be taken from it.
    fn read(repo: &'r Repository, commit: &str, theirs: &str) -> Result<Self, String> {
        let read = || {
            let tip = repo.find_commit(Oid::from_str(theirs)?)?;
            Ok((Reader::new(repo)?, tip))
        };
        let (mut reader, tip) = read()
            .map_err(|e: Failure| format!("there it points to {}, which is no commit here: {e}", printable(theirs)))?;
        let records =
            reader.sound(commit, tip.tree_id()).map_err(|reason| format!("its tree there cannot be read: {reason}"))?;
        Ok(Self { tip, records, skipped: reader.into_skipped() })
    }

    /// The commit that `own` becomes, if another one; how many records come, and how many go.
    fn onto(
        &self,
        repo: &Repository,
        commit: &str,
        own: Option<&Commit<'_>>,
        message: &str,
    ) -> Result<(Option<Oid>, usize, usize), Failure> {
        let mine = own.map_or(Ok(Records::new()), |own| records(repo, commit, own))?;
        let before = match own {
            Some(own) if is_before(repo, self.tip.id(), own.id())? => return Ok((None, 0, 0)),
            Some(own) => self.common(repo, commit, own)?,
            None => BTreeSet::new(),
        };
        let new = |(id, _): &(&RecordId, &Oid)| !mine.contains_key(id) && !before.contains(id);
        let added: Records = self.records.iter().filter(new).map(|(id, blob)| (id.clone(), *blob)).collect();
        let gone = |id: &&RecordId| !self.records.contains_key(id) && before.contains(*id);
        let removed: BTreeSet<RecordId> = mine.keys().filter(gone).cloned().collect();
        if own.is_none() && self.records.is_empty() && !self.skipped.is_empty() {
            return Ok((None, 0, 0));
        }
        let ahead = own.map_or(Ok(true), |own| is_before(repo, own.id(), self.tip.id()))?;
        let next = if ahead && self.skipped.is_empty() {
            self.tip.id()
        } else {
            let tree = own.map(Commit::tree).transpose()?;
            let tree = layout::edit(repo, tree.as_ref(), &added, &removed)?;
            let parents: Vec<&Commit<'_>> = own.into_iter().chain([&self.tip]).collect();
            write_commit(repo, message, tree, &parents)?
        };
        Ok((Some(next), added.len(), removed.len()))
    }

    /// The records that were there when both sides were last one. Where that is not one commit, those that all of them had:
    /// rather is a deleted record brought back than a stored one lost.
    fn common(&self, repo: &Repository, commit: &str, own: &Commit<'_>) -> Result<BTreeSet<RecordId>, Failure> {
        let bases = match repo.merge_bases(own.id(), self.tip.id()) {
            Ok(bases) => bases,
            Err(e) if e.code() == ErrorCode::NotFound => return Ok(BTreeSet::new()),
            Err(e) => return Err(e.into()),
        };
        let mut common: Option<BTreeSet<RecordId>> = None;
        for base in bases.iter() {
            let had = records(repo, commit, &repo.find_commit(*base)?)?;
            common = Some(match common {
                Some(common) => common.into_iter().filter(|id| had.contains_key(id)).collect(),
                None => had.into_keys().collect(),
            });
        }
        Ok(common.unwrap_or_default())
    }
}

fn records(repo: &Repository, commit: &str, tip: &Commit<'_>) -> Result<Records, Failure> {
    let unreadable = |reason| Failure::Other(format!("{} has an unreadable tree: {reason}", ref_of(commit)));
    Reader::new(repo)?.sound(commit, tip.tree_id()).map_err(unreadable)
}

/// Whether the commit `earlier` is the other one, or in its history. One that is not here is in no history.
fn is_before(repo: &Repository, earlier: Oid, later: Oid) -> Result<bool, Failure> {
    Ok(earlier == later || (repo.odb()?.exists(earlier) && repo.graph_descendant_of(later, earlier)?))
}
