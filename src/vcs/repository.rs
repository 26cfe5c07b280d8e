//! Opening the repository, and what HEAD and names in it stand for.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::error::VcsError;
use crate::instrument::{Captured, Output, Spawn};
use crate::report::shell_word;

/// A repository with a work tree.
pub struct Repository {
    pub(super) git: git2::Repository,
    pub(super) root: PathBuf,
    /// Whether what the clone left out may be fetched.
    pub(super) fetches: bool,
}

/// What is checked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Full commit id.
    pub commit: String,
    /// Whether tracked files differ from it, or untracked files that are not ignored exist.
    pub dirty: bool,
}

impl Repository {
    /// The repository that `directory` lies in.
    pub fn discover(directory: &Path) -> Result<Self, VcsError> {
        // Not `discover`, which forgets through which file `.git` it came, and takes the folder around git's own for the work
        // tree then.
        let flags = git2::RepositoryOpenFlags::CROSS_FS;
        let git = git2::Repository::open_ext(directory, flags, [] as [&Path; 0])
            .map_err(|source| VcsError::opening(directory, source))?;
        let root = git.workdir().ok_or_else(|| VcsError::Bare(git.path().components().collect()))?.to_owned();
        let root = root.canonicalize().unwrap_or(root);
        Ok(Self { git, root, fetches: true })
    }

    /// From now on nothing is fetched that a shallow or partial clone left out: where it is needed, that is an error.
    pub fn forbid_fetching(&mut self) {
        self.fetches = false;
    }

    /// Whether what is missing may be fetched.
    pub fn may_fetch(&self) -> bool {
        self.fetches
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
        // So is what they have said of submodules. Renames do not matter, and to find them a partial clone would fetch.
        let arguments =
            ["status", "--porcelain", "-z", "--untracked-files=normal", "--ignore-submodules=none", "--no-renames"];
        let status = self.run("compare the work tree with HEAD", &arguments)?;
        Ok(Head { commit, dirty: !status.is_empty() })
    }

    /// Whether the clone ends somewhere in the history.
    pub fn is_shallow(&self) -> bool {
        self.git.is_shallow()
    }

    /// Whether the clone may have left out what its commits hold.
    pub fn is_partial(&self) -> bool {
        self.run("look for a partial clone", &["config", "--get-regexp", r"^remote\..*\.promisor$"]).is_ok()
    }

    /// Why nothing can be written into the repository; `None` where something can.
    pub fn write_problem(&self) -> Option<String> {
        tempfile::tempfile_in(self.git.commondir()).err().map(|e| format!("{}: {e}", self.git.commondir().display()))
    }

    /// The full id of the commit that `name` stands for.
    pub fn resolve(&self, name: &str) -> Result<String, VcsError> {
        let found = self.git.revparse_single(name).and_then(|object| object.peel_to_commit());
        found.map(|commit| commit.id().to_string()).map_err(|e| {
            let branch = name.strip_prefix("origin/").unwrap_or(name);
            let is_branch = !name.contains(['~', '^']) && !name.bytes().all(|byte| byte.is_ascii_hexdigit());
            let help = if !is_branch && self.git.is_shallow() {
                "this is a shallow clone: fetch more of it, e.g. `git fetch --unshallow`".to_owned()
            } else if self.git.find_remote("origin").is_ok() {
                // A clone of one branch fetches no other unless it is told where to put it.
                let word = shell_word(&format!("{branch}:refs/remotes/origin/{branch}"));
                format!("see `git branch --all` and `git tag`, or fetch a branch: `git fetch origin {word}`")
            } else {
                "see `git branch --all`, `git tag` and `git log`".to_owned()
            };
            VcsError::NoSuchRevision { name: name.into(), path: self.root.clone(), cause: e.message().into(), help }
        })
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

    /// All commits that something reaches: a branch, a tag, a remote's branch, the stash, what any work tree has checked out.
    /// Refs below `besides` do not count.
    ///
    /// # Errors
    /// Where the history ends before it began: nobody knows then what is reached.
    pub fn reachable(&self, besides: &str) -> Result<BTreeSet<String>, VcsError> {
        if self.is_shallow() {
            return Err(VcsError::OutOfReach {
                what: "commits that are in use".into(),
                path: self.root.clone(),
                cause: "this clone is shallow, and lacks most of the history".into(),
                help: "fetch all of it: `git fetch --unshallow`".into(),
            });
        }
        let arguments = ["rev-list", &format!("--exclude={besides}/*"), "--all"];
        let listed = self.run("list the commits that are in use", &arguments)?;
        Ok(String::from_utf8_lossy(&listed).lines().map(str::to_owned).collect())
    }

    /// Runs the git program in the work tree, free of the user's hooks and monitors; gives its standard output.
    pub(super) fn run<A: AsRef<OsStr>>(&self, what: &str, arguments: &[A]) -> Result<Vec<u8>, VcsError> {
        self.run_with(what, &[], arguments)
    }

    /// The same with `variables` set.
    pub(super) fn run_with<A: AsRef<OsStr>>(
        &self,
        what: &str,
        variables: &[Variable],
        arguments: &[A],
    ) -> Result<Vec<u8>, VcsError> {
        let fail = |cause: String| VcsError::Program { what: what.into(), path: self.root.clone(), cause };
        let ended = self.end_of(what, variables, arguments)?;
        if ended.status.success() {
            return Ok(ended.stdout);
        }
        let said: Vec<&str> = ended.stderr.trim().lines().filter(|line| !line.starts_with("warning: ")).collect();
        let cause = said.join("\n");
        if !cause.contains("promisor remote") {
            return Err(fail(cause));
        }
        let help = if self.fetches {
            "see that `git fetch` works, or fetch all of it once: `git fetch --refetch --no-filter`"
        } else {
            "leave out --no-fetch, or fetch all of it once: `git fetch --refetch --no-filter`"
        };
        Err(VcsError::Partial { what: what.into(), path: self.root.clone(), cause, help })
    }

    /// How it ended, where that says more than whether it did what it should.
    pub(super) fn end_of<A: AsRef<OsStr>>(
        &self,
        what: &str,
        variables: &[Variable],
        arguments: &[A],
    ) -> Result<Captured, VcsError> {
        let mut spawn = Spawn::new("git", &self.root).args(QUIET).args(arguments.iter().map(AsRef::as_ref));
        if !self.fetches {
            // Git fetches by itself what a partial clone left out; Git LFS what it keeps.
            spawn = spawn.env("GIT_ALLOW_PROTOCOL", "none").env("GIT_LFS_SKIP_SMUDGE", "1");
        }
        // Looking must not write: `status` would refresh the user's index.
        spawn = spawn.env("GIT_OPTIONAL_LOCKS", "0");
        spawn.environment.extend_from_slice(variables);
        spawn.stdout = Output::Keep;
        let fail = |cause: String| VcsError::Program { what: what.into(), path: self.root.clone(), cause };
        spawn.run().map_err(|e| fail(e.to_string()))
    }

    pub(super) fn error(&self, what: &str, source: git2::Error) -> VcsError {
        VcsError::Library { what: what.into(), path: self.root.clone(), source }
    }
}

/// A variable of the environment, and its value; none where it must not be set.
pub(super) type Variable = (OsString, Option<OsString>);

const QUIET: [&str; 10] = [
    // What was fetched is packed some other day: not now, and not in the background of what is measured.
    "-c",
    "gc.auto=0",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.sparseCheckout=false",
    "-c",
    "core.splitIndex=false",
];

/// The one id that git printed.
pub(super) fn id_of(printed: &[u8]) -> String {
    String::from_utf8_lossy(printed).trim().to_owned()
}

/// Words as arguments that may stand beside paths.
pub(super) fn words<'w>(words: &[&'w str]) -> Vec<&'w OsStr> {
    words.iter().map(|word| OsStr::new(*word)).collect()
}

/// A path as git prints it after `-z`: any bytes where the system's names are such, else UTF-8.
pub(super) fn path_of(bytes: &[u8]) -> PathBuf {
    #[cfg(unix)]
    return PathBuf::from(<OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(bytes));
    #[cfg(not(unix))]
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}
