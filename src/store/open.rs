//! Opening the repository: finding it, making its writes durable, and saying why it cannot be opened.

use std::io::Write;
use std::path::{Path, PathBuf};

use git2::{ConfigLevel, ErrorCode, Repository};

use super::error::{StoreError, printable};

pub(super) fn open(path: &Path) -> Result<Repository, StoreError> {
    let repo = Repository::discover(path).map_err(|e| explain(path, &e))?;
    make_durable(&repo).map_err(|cause| StoreError::Open { path: path.to_owned(), cause })?;
    Ok(repo)
}

/// Makes libgit2 flush objects and the ref to the disk before it renames them into place, as git does with refs.
///
/// The setting is `core.fsyncObjectFiles`, which libgit2 heeds for both. It is given as a configuration of this
/// process: the repository's own stays as it is. (libgit2's global switch for this is not reachable from git2.)
fn make_durable(repo: &Repository) -> Result<(), String> {
    let mut file = tempfile::NamedTempFile::new().map_err(|e| format!("could not make a temporary file: {e}"))?;
    file.write_all(b"[core]\n\tfsyncObjectFiles = true\n")
        .map_err(|e| format!("could not write {}: {e}", file.path().display()))?;
    let apply = || {
        // The handle shares the repository's own configuration object. Opening the object database reads the value,
        // and it is remembered: the file is not needed any longer.
        repo.config()?.add_file(file.path(), ConfigLevel::App, true)?;
        repo.odb().map(drop)
    };
    apply().map_err(|e: git2::Error| printable(e.message()))
}

fn explain(path: &Path, error: &git2::Error) -> StoreError {
    let path = path.to_owned();
    let message = error.message();
    match error.code() {
        ErrorCode::NotFound => StoreError::NoRepository { path },
        ErrorCode::Owner => StoreError::Owner { path: quoted(message).map_or(path, PathBuf::from) },
        _ => {
            let (what, hint) = if message.contains("refstorage") {
                ("the reftable format for refs", "`git refs migrate --ref-format=files` converts it")
            } else if message.contains("object format") || message.contains("objectformat") {
                ("SHA-256 object ids", "baselines can be kept in repositories with SHA-1 ids only")
            } else if message.contains("unsupported extension") {
                let hint = "see `git config --get-regexp extensions`; a full clone without it works";
                let what = format!("an extension of git ({})", printable(message));
                return StoreError::UnknownFormat { path, what, hint };
            } else {
                return StoreError::Open { path, cause: printable(message) };
            };
            StoreError::UnknownFormat { path, what: what.into(), hint }
        }
    }
}

/// What stands in single quotes in a message of libgit2.
fn quoted(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once('\'')?;
    rest.rsplit_once('\'').map(|(inside, _)| inside)
}
