//! Moving a ref: read it, build the next commit, swap it in if nobody was faster, else start over. What the commit's
//! tree holds is the caller's business.

use std::fmt;
use std::path::PathBuf;

use git2::{Commit, ErrorCode, ObjectType, Oid, ReferenceType, Repository, Signature, Tree};

use super::error::printable;
use super::lock::{RefLock, Turn};
use crate::model::is_commit_id;

/// Below it lies everything of this program.
pub const NAMESPACE: &str = "refs/perfgate";
/// Below it each commit that has baselines has a ref, named by its full id.
pub const BASELINES: &str = "refs/perfgate/commits";

/// The ref of a commit's baselines.
pub fn ref_of(commit: &str) -> String {
    format!("{BASELINES}/{commit}")
}

/// The commit of a ref; `None` where it is no ref of a commit's baselines.
pub fn commit_of(name: &str) -> Option<&str> {
    name.strip_prefix(BASELINES)?.strip_prefix('/').filter(|id| is_commit_id(id))
}

/// Why a ref could not be read or moved.
#[derive(Debug)]
pub(super) enum Failure {
    /// git's lock file stood in the way for too long.
    Locked(PathBuf),
    /// In words.
    Other(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Locked(path) => write!(f, "another git program holds {}", path.display()),
            Self::Other(cause) => f.write_str(cause),
        }
    }
}

impl From<git2::Error> for Failure {
    fn from(error: git2::Error) -> Self {
        Self::Other(printable(error.message()))
    }
}

/// The commit that a ref points to; `None` if there is no such ref.
pub(super) fn tip<'r>(repo: &'r Repository, name: &str) -> Result<Option<Commit<'r>>, Failure> {
    let reference = match repo.find_reference(name) {
        Ok(reference) => reference,
        Err(e) if e.code() == ErrorCode::NotFound => return Ok(None),
        Err(e) => return Err(Failure::Other(format!("{name}: {}", printable(e.message())))),
    };
    // Through a symbolic ref an update would move, or replace, something that is not ours.
    let id = match (reference.kind(), reference.target()) {
        (Some(ReferenceType::Direct), Some(id)) => id,
        _ => return Err(Failure::Other(format!("{name} is a symbolic ref; baselines are never kept in one"))),
    };
    let commit = repo.find_commit(id).map_err(|e| {
        Failure::Other(format!("{name} points to {id}, which is no commit here: {}", printable(e.message())))
    })?;
    Ok(Some(commit))
}

/// Replaces the tree of a commit's ref by what `edit` makes of it; `edit` is called again whenever somebody else was
/// faster. When this returns, the ref has moved (or the tree was as wanted already) and all that it reaches is written.
pub(super) fn update(
    repo: &Repository,
    commit: &str,
    message: &str,
    mut edit: impl FnMut(Option<&Tree<'_>>) -> Result<Oid, Failure>,
) -> Result<(), Failure> {
    swap(repo, commit, message, |tip| {
        let tree = tip.map(Commit::tree).transpose()?;
        let edited = edit(tree.as_ref())?;
        if tree.is_some_and(|tree| tree.id() == edited) {
            return Ok(None);
        }
        write_commit(repo, message, edited, tip.as_slice()).map(Some)
    })
}

/// Moves a commit's ref to what `next` makes of its tip, if anything; `next` is called again whenever somebody else was
/// faster. When this returns, the ref stands where the last call wanted it.
pub(super) fn swap(
    repo: &Repository,
    commit: &str,
    message: &str,
    mut next: impl FnMut(Option<&Commit<'_>>) -> Result<Option<Oid>, Failure>,
) -> Result<(), Failure> {
    let name = ref_of(commit);
    let mut turn = Turn::wait(repo.commondir()).map_err(Failure::Other)?;
    let mut ref_lock = RefLock::new(repo.commondir(), &name);
    loop {
        let tip = tip(repo, &name)?;
        let Some(wanted) = next(tip.as_ref())? else { return Ok(()) };
        let expected = tip.map_or(Oid::ZERO_SHA1, |tip| tip.id());
        // All zeros: there must be no ref yet. Creating without force would look before it locks.
        match turn.noted(&name, || repo.reference_matching(&name, wanted, true, expected, message).map(drop)) {
            Ok(()) => return Ok(()),
            Err(e) => match e.code() {
                ErrorCode::Modified | ErrorCode::Exists => {}
                // Not found: someone tidied away an empty folder between two steps.
                ErrorCode::Locked | ErrorCode::NotFound => ref_lock.in_the_way().map_err(Failure::Locked)?,
                _ => return Err(e.into()),
            },
        }
    }
}

/// Deletes a commit's ref, if it points to the id `expected`; gives whether it did.
pub(super) fn forget(repo: &Repository, commit: &str, expected: &str) -> Result<bool, Failure> {
    let name = ref_of(commit);
    let mut turn = Turn::wait(repo.commondir()).map_err(Failure::Other)?;
    let mut ref_lock = RefLock::new(repo.commondir(), &name);
    loop {
        let is_expected = |id: Oid| id.to_string() == expected;
        if !tip(repo, &name)?.is_some_and(|tip| is_expected(tip.id())) {
            return Ok(false);
        }
        let mut found = repo.find_reference(&name)?;
        if !found.target().is_some_and(is_expected) {
            return Ok(false);
        }
        // Only what was found is deleted: what others have moved since is another one.
        match turn.noted(&name, || found.delete()) {
            Ok(()) => return Ok(true),
            Err(e) => match e.code() {
                ErrorCode::Modified => {}
                ErrorCode::Locked | ErrorCode::NotFound => ref_lock.in_the_way().map_err(Failure::Locked)?,
                _ => return Err(e.into()),
            },
        }
    }
}

/// The author is the program: machines that measure often have no `user.name`, and nobody answers for these commits.
pub(super) fn write_commit(
    repo: &Repository,
    message: &str,
    tree: Oid,
    parents: &[&Commit<'_>],
) -> Result<Oid, Failure> {
    let author = Signature::now("cargo-perfgate", "cargo-perfgate@localhost")?;
    // Two steps: in one, libgit2 gives the id of a commit that it could not write as if all were well.
    let commit = repo.commit_create_buffer(&author, &author, message, &repo.find_tree(tree)?, parents)?;
    Ok(repo.odb()?.write(ObjectType::Commit, &commit)?)
}
