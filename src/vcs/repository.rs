//! Opening the repository, and what HEAD and names in it stand for.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::instrument::{Output, Spawn};

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
    /// libgit2 refuses the owner.
    #[error("git refuses {path}, because another user owns it\nhelp: git config --global --add safe.directory {path}")]
    Owner {
        /// Its path.
        path: PathBuf,
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

/// A repository with a work tree.
pub struct Repository {
    pub(super) git: git2::Repository,
    pub(super) root: PathBuf,
}

/// What is checked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Full commit id.
    pub commit: String,
    /// Whether tracked files differ from it, or untracked files that are not ignored exist.
    pub dirty: bool,
}

/// Variables by which git hands its own state to hooks (`git rev-parse --local-env-vars`): inherited, they would point
/// every call at the wrong repository or index.
pub const LOCAL_VARIABLES: [&str; 15] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_COUNT",
    "GIT_OBJECT_DIRECTORY",
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_REPLACE_REF_BASE",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_COMMON_DIR",
];

impl Repository {
    /// The repository that `directory` lies in.
    pub fn discover(directory: &Path) -> Result<Self, VcsError> {
        let git = git2::Repository::discover(directory).map_err(|source| match source.code() {
            git2::ErrorCode::NotFound => VcsError::NoRepository(directory.to_owned()),
            git2::ErrorCode::Owner => VcsError::Owner { path: directory.to_owned() },
            _ => VcsError::Library { what: "open the git repository".into(), path: directory.to_owned(), source },
        })?;
        let root = git.workdir().ok_or_else(|| VcsError::Bare(git.path().components().collect()))?.to_owned();
        let root = root.canonicalize().unwrap_or(root);
        Ok(Self { git, root })
    }

    /// The root of the work tree.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// HEAD, and whether the work tree differs from it.
    pub fn head(&self) -> Result<Head, VcsError> {
        let commit = match self.git.head() {
            Ok(reference) => reference.peel_to_commit().map_err(|e| self.error("look up HEAD", e))?.id().to_string(),
            Err(e) if matches!(e.code(), git2::ErrorCode::UnbornBranch | git2::ErrorCode::NotFound) => {
                return Err(VcsError::Unborn(self.root.clone()));
            }
            Err(e) => return Err(self.error("look up HEAD", e)),
        };
        // git itself, not libgit2: it knows the user's filters and excludes.
        // The user's `status.showUntrackedFiles` is about what they see, not about what they would measure.
        let arguments = ["status", "--porcelain", "-z", "--untracked-files=normal"];
        let status = self.run("compare the work tree with HEAD", &arguments, |spawn| spawn)?;
        Ok(Head { commit, dirty: !status.is_empty() })
    }

    /// Whether the clone ends somewhere in the history.
    pub fn is_shallow(&self) -> bool {
        self.git.is_shallow()
    }

    /// Why nothing can be written into the repository; `None` where something can.
    pub fn write_problem(&self) -> Option<String> {
        tempfile::tempfile_in(self.git.commondir()).err().map(|e| format!("{}: {e}", self.git.commondir().display()))
    }

    /// The full id of the commit that `name` stands for.
    pub fn resolve(&self, name: &str) -> Result<String, VcsError> {
        let found = self.git.revparse_single(name).and_then(|object| object.peel_to_commit());
        found.map(|commit| commit.id().to_string()).map_err(|e| {
            let help = if self.git.is_shallow() {
                "this is a shallow clone: fetch more of it, e.g. `git fetch --unshallow`".to_owned()
            } else {
                let there = name.strip_prefix("origin/").unwrap_or(name);
                format!("see `git log --all`, or fetch it: `git fetch origin {there}`")
            };
            VcsError::NoSuchRevision { name: name.into(), path: self.root.clone(), cause: e.message().into(), help }
        })
    }

    /// The content of a file in a commit; `None` where the commit has no such file.
    pub fn file_of(&self, commit: &str, path: &Path) -> Result<Option<Vec<u8>>, VcsError> {
        let read = || {
            let tree = self.git.find_commit(git2::Oid::from_str(commit)?)?.tree()?;
            self.git.find_blob(tree.get_path(path)?.id()).map(|blob| blob.content().to_owned())
        };
        match read() {
            Ok(content) => Ok(Some(content)),
            Err(e) if e.code() == git2::ErrorCode::NotFound => Ok(None),
            Err(e) => Err(self.error(&format!("read {} of {commit}", path.display()), e)),
        }
    }

    /// At most so many commits up to `commit`, the newest first; fewer in a shallow clone.
    pub fn history(&self, commit: &str, most: usize) -> Result<Vec<String>, VcsError> {
        let walk = || {
            let mut walk = self.git.revwalk()?;
            walk.push(git2::Oid::from_str(commit)?)?;
            Ok(walk.map_while(Result::ok).take(most).map(|id| id.to_string()).collect())
        };
        walk().map_err(|e| self.error("walk through the history", e))
    }

    /// Runs the git program in the work tree, free of the state of any hook and of the user's hooks and monitors;
    /// gives its standard output.
    pub(super) fn run(
        &self,
        what: &str,
        arguments: &[&str],
        adjust: impl FnOnce(Spawn) -> Spawn,
    ) -> Result<Vec<u8>, VcsError> {
        let fail = |cause: String| VcsError::Program { what: what.into(), path: self.root.clone(), cause };
        let mut spawn = Spawn::new("git", &self.root).args(QUIET).args(arguments.iter().copied());
        spawn.environment.extend(LOCAL_VARIABLES.map(|name| (OsString::from(name), None)));
        // Looking must not write: `status` would refresh the user's index.
        spawn = adjust(spawn.env("GIT_OPTIONAL_LOCKS", "0"));
        spawn.stdout = Output::Keep;
        let ended = spawn.run().map_err(|e| fail(e.to_string()))?;
        if ended.status.success() { Ok(ended.stdout) } else { Err(fail(ended.stderr.trim().to_owned())) }
    }

    pub(super) fn error(&self, what: &str, source: git2::Error) -> VcsError {
        VcsError::Library { what: what.into(), path: self.root.clone(), source }
    }
}

const QUIET: [&str; 8] = [
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.sparseCheckout=false",
    "-c",
    "core.splitIndex=false",
];
