//! What can go wrong with git, in the user's words.

use std::path::{Path, PathBuf};

use crate::report::shell_word;

/// What can go wrong with git, with what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum VcsError {
    /// No repository.
    #[error(
        "{0} is in no git repository, where commits and their baselines are\nhelp: run `git init` and commit; what was exported can be compared without: `cargo perfgate compare BASE.json HEAD.json`"
    )]
    NoRepository(PathBuf),
    /// A bare repository.
    #[error("the git repository {0} has no work tree\nhelp: run this in a check-out of it")]
    Bare(PathBuf),
    /// It belongs to another user, and git's configuration does not trust it.
    #[error(
        "could not open the git repository {}: another user owns it\nhelp: if you trust it, run `git config --global --add safe.directory {}`",
        path.display(),
        shell_word(&path.to_string_lossy())
    )]
    Owner {
        /// The root of its work tree.
        path: PathBuf,
    },
    /// A format of repositories that libgit2 does not read.
    #[error("could not open the git repository of {}: it {what}, which this version cannot read\nhelp: {help}", path.display())]
    Format {
        /// Where a repository was looked for.
        path: PathBuf,
        /// What it has, in words.
        what: String,
        /// What to do about it.
        help: &'static str,
    },
    /// A repository without a commit.
    #[error("could not look up HEAD in {0}: there is no commit yet\nhelp: commit something first")]
    Unborn(PathBuf),
    /// A name that stands for no commit.
    #[error("`{name}` names no commit in {path}: {cause}\nhelp: {help}")]
    NoSuchRevision {
        /// What was asked for.
        name: String,
        /// In which repository.
        path: PathBuf,
        /// libgit2's words.
        cause: String,
        /// What to do.
        help: String,
    },
    /// A clone that ends before what is needed.
    #[error("could not find the {what} in {path}: {cause}\nhelp: {help}")]
    OutOfReach {
        /// What was looked for.
        what: String,
        /// In which repository.
        path: PathBuf,
        /// Why it was not found.
        cause: String,
        /// What to do.
        help: String,
    },
    /// No remote to exchange baselines with.
    #[error("could not choose a remote for the baselines of {path}: {cause}\nhelp: {help}")]
    NoRemote {
        /// In which repository.
        path: PathBuf,
        /// Why there is none.
        cause: String,
        /// What to do.
        help: String,
    },
    /// A remote could not be reached, or does not do what it is asked for.
    #[error("could not {what} in {path}: {cause}\nhelp: {help}")]
    Remote {
        /// What was attempted, with which remote.
        what: String,
        /// Where.
        path: PathBuf,
        /// What git said.
        cause: String,
        /// What to do.
        help: &'static str,
    },
    /// The git program failed.
    #[error("could not {what} in {path}: {cause}\nhelp: see that `git status` works there, and that there is room")]
    Program {
        /// What was attempted.
        what: String,
        /// Where.
        path: PathBuf,
        /// What git said.
        cause: String,
    },
    /// A commit has something else in the place of a file, or a link that cannot be followed within it.
    #[error("could not {what} in {path}: {cause}\nhelp: commit a file there, or a link to one in the repository")]
    NoFile {
        /// What was attempted.
        what: String,
        /// Where.
        path: PathBuf,
        /// Why there is no file.
        cause: &'static str,
    },
    /// A partial clone left out what is needed.
    #[error("could not {what} in {path}: this clone is partial, and lacks some of it: {cause}\nhelp: {help}")]
    Partial {
        /// What was attempted.
        what: String,
        /// Where.
        path: PathBuf,
        /// What git said.
        cause: String,
        /// What to do.
        help: &'static str,
    },
    /// libgit2 failed.
    #[error(
        "could not {what} in {path}: {source}\nhelp: see that `git status` and `git fsck` find nothing wrong there"
    )]
    Library {
        /// What was attempted.
        what: String,
        /// Where.
        path: PathBuf,
        #[source]
        /// Why.
        source: git2::Error,
    },
}

impl VcsError {
    /// Why the repository around `directory` cannot be opened.
    pub(super) fn opening(directory: &Path, source: git2::Error) -> Self {
        let path = directory.to_owned();
        match (source.code(), source.message()) {
            (git2::ErrorCode::NotFound, _) => Self::NoRepository(path),
            (git2::ErrorCode::Owner, _) => Self::Owner { path: root_around(directory) },
            (_, message) => match format(message) {
                Some((what, help)) => Self::Format { path, what, help },
                None => Self::Library { what: "open the git repository".into(), path, source },
            },
        }
    }
}

/// What libgit2 says of a format that it does not read, and what to do about it.
fn format(message: &str) -> Option<(String, &'static str)> {
    if message.contains("refstorage") {
        let help = "check in a clone of it: `git clone --ref-format=files . COPY`";
        return Some(("keeps its refs in the reftable format".into(), help));
    }
    if message.contains("object format") {
        let help = "check a copy with SHA-1 ids: `git init --object-format=sha1 COPY`, then `git fast-export --all | git -C COPY fast-import`";
        return Some(("has SHA-256 object ids".into(), help));
    }
    let extension = message.strip_prefix("unsupported extension name ")?;
    let help = if extension == "extensions.partialclone" {
        "newer git does without it: `git config remote.origin.promisor true && git config --unset extensions.partialClone`"
    } else {
        "see `git config --get-regexp extensions`; a fresh clone may do without it"
    };
    Some((format!("uses the extension `{extension}` of git"), help))
}

/// The folder that has to be trusted: the root of the work tree, even where it is the folder `.git` that is another's.
fn root_around(directory: &Path) -> PathBuf {
    let directory = directory.canonicalize().unwrap_or(directory.to_owned());
    directory.ancestors().find(|above| above.join(".git").exists()).unwrap_or(&directory).to_owned()
}
