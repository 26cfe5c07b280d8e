//! Where git looks for hooks, and what it calls the main branch. No hook is read or written here.

use std::path::{Path, PathBuf};

use super::error::VcsError;
use super::repository::{Repository, path_of};
use crate::instrument::{Output, Spawn};

impl Repository {
    /// The folder in which git looks for this repository's hooks, `core.hooksPath` and linked work trees considered.
    /// Absolute; it need not exist.
    pub fn hooks(&self) -> Result<PathBuf, VcsError> {
        let fail = |cause: String| VcsError::Program { what: "find the hooks".into(), path: self.root.clone(), cause };
        // Not by `run`, which turns hooks off.
        let mut git = Spawn::new("git", &self.root).args(["rev-parse", "--git-path", "hooks"]);
        git.stdout = Output::Keep;
        let ended = git.run().map_err(|e| fail(e.to_string()))?;
        if !ended.status.success() {
            return Err(fail(ended.stderr));
        }
        let printed = ended.stdout.strip_suffix(b"\n").unwrap_or(&ended.stdout);
        let folder = self.root.join(path_of(printed));
        Ok(folder.canonicalize().unwrap_or(folder))
    }

    /// Whether a place belongs to this repository alone: it lies in its work tree, or in git's own folder.
    pub fn is_own(&self, place: &Path) -> bool {
        let git = self.git.commondir();
        let git = git.canonicalize().unwrap_or(git.to_owned());
        place.starts_with(&self.root) || place.starts_with(git)
    }

    /// The branch that others merge into, by its short name: the remote's default branch, a usual name, or else the one that
    /// is checked out. The network is not asked.
    pub fn main_branch(&self) -> String {
        let remote = self.git.find_reference("refs/remotes/origin/HEAD").ok();
        let remote = remote.and_then(|head| {
            head.symbolic_target().ok().flatten()?.strip_prefix("refs/remotes/origin/").map(str::to_owned)
        });
        let usual = ["main", "master"].into_iter().find(|name| {
            [format!("refs/remotes/origin/{name}"), format!("refs/heads/{name}")]
                .iter()
                .any(|name| self.git.find_reference(name).is_ok())
        });
        let checked_out = || {
            let head = self.git.find_reference("HEAD").ok()?;
            head.symbolic_target().ok().flatten()?.strip_prefix("refs/heads/").map(str::to_owned)
        };
        remote.or(usual.map(str::to_owned)).or_else(checked_out).unwrap_or("main".to_owned())
    }
}
