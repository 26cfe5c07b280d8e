//! Where git looks for hooks. No hook is read or written here.

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
}
