//! Opening the repository: finding it, making its writes durable, and saying why it cannot be opened.

use std::io::Write;
use std::path::{Path, PathBuf};

use git2::{ConfigLevel, ErrorCode, Repository, RepositoryOpenFlags};

use super::error::{StoreError, printable};
use crate::report::system;

pub(super) fn open(path: &Path) -> Result<Repository, StoreError> {
    // Not `discover`, which takes the wrong folder for the work tree where git's own lies apart.
    let flags = RepositoryOpenFlags::CROSS_FS;
    let repo = Repository::open_ext(path, flags, [] as [&Path; 0]).map_err(|e| explain(path, &e))?;
    make_durable(&repo, path)?;
    Ok(repo)
}

/// Makes libgit2 flush objects and the ref to the disk before it renames them into place, as git does with refs.
///
/// The setting is `core.fsyncObjectFiles`, which libgit2 heeds for both. It is given as a configuration of this
/// process: the repository's own stays as it is. (libgit2's global switch for this is not reachable from git2.)
fn make_durable(repo: &Repository, path: &Path) -> Result<(), StoreError> {
    let file = tempfile::NamedTempFile::new().and_then(|mut file| {
        file.write_all(b"[core]\n\tfsyncObjectFiles = true\n")?;
        Ok(file)
    });
    let file = file.map_err(|e| {
        let (path, folder) = (path.to_owned(), std::env::temp_dir());
        StoreError::Temporary { path, folder, cause: system(&e) }
    })?;
    let apply = || {
        // The handle shares the repository's own configuration object. Opening the object database reads the value,
        // and it is remembered: the file is not needed any longer.
        repo.config()?.add_file(file.path(), ConfigLevel::App, true)?;
        repo.odb().map(drop)
    };
    let failed = |e: git2::Error| StoreError::Open { path: path.to_owned(), cause: printable(e.message()) };
    apply().map_err(failed)
}

fn explain(path: &Path, error: &git2::Error) -> StoreError {
    let path = path.to_owned();
    let message = error.message();
    match error.code() {
        ErrorCode::NotFound => StoreError::NoRepository { path },
        ErrorCode::Owner => StoreError::Owner { path: root_around(&path) },
        _ => {
            let (what, help) = if message.contains("refstorage") {
                ("the reftable format for refs", "check in a clone of it: `git clone --ref-format=files . COPY`")
            } else if message.contains("object format") || message.contains("objectformat") {
                ("SHA-256 object ids", "baselines can be kept in repositories with SHA-1 ids only")
            } else if message.contains("unsupported extension") {
                let help = "see `git config --get-regexp extensions`; a full clone without it works";
                let what = format!("an extension of git ({})", printable(message));
                return StoreError::UnknownFormat { path, what, help };
            } else {
                return StoreError::Open { path, cause: printable(message) };
            };
            StoreError::UnknownFormat { path, what: what.into(), help }
        }
    }
}

/// The folder that has to be trusted: the root of the work tree, even where it is the folder `.git` that is another's.
fn root_around(path: &Path) -> PathBuf {
    let path = path.canonicalize().unwrap_or(path.to_owned());
    path.ancestors().find(|above| above.join(".git").exists()).unwrap_or(&path).to_owned()
}
