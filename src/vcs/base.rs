//! The choice of the base, and the reason for it in words.

use super::repository::{Head, Repository, VcsError};

/// The commit to compare with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// Full commit id.
    pub commit: String,
    /// Why this one, e.g. `merge base of HEAD and origin/main`.
    pub reason: String,
}

/// What the user and the surroundings say of the base.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BaseRequest {
    /// `--base`: wins over everything.
    pub explicit: Option<String>,
    /// The configured branch.
    pub branch: Option<String>,
    /// What CI says of the event.
    pub event: Option<CiEvent>,
}

/// An event as CI describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CiEvent {
    /// HEAD is the merge of a pull request into its target.
    MergeRef,
    /// A push to a branch; the commit that the branch pointed at before.
    Push {
        /// Full commit id; all zeros for a new branch.
        before: String,
    },
}

impl Repository {
    /// The base of `head`. `None` where there is nothing before it: a first commit.
    ///
    /// In this order: what `--base` names; on a pull request's merge ref its first parent; the merge base of HEAD with
    /// the configured branch, unless that is HEAD itself; HEAD where the tree is dirty; on a push in CI the commit
    /// before the push; HEAD's first parent.
    pub fn base(&self, head: &Head, request: &BaseRequest) -> Result<Option<Base>, VcsError> {
        if let Some(name) = &request.explicit {
            let base = Base { commit: self.resolve(name)?, reason: format!("--base {name}") };
            return Ok(Some(base));
        }
        let commit = self.commit(&head.commit)?;
        if request.event == Some(CiEvent::MergeRef) && commit.parent_count() > 1 {
            let parent = self.parent(&commit)?;
            return Ok(parent.map(|commit| Base { commit, reason: "target branch of the pull request".into() }));
        }
        let branch = match &request.branch {
            Some(name) => Some((name.clone(), self.resolve(name)?)),
            None => self.default_branch(),
        };
        if let Some((name, tip)) = branch {
            let merge_base = self.merge_base(&head.commit, &tip, &name)?;
            if merge_base != head.commit {
                return Ok(Some(Base { commit: merge_base, reason: format!("merge base of HEAD and {name}") }));
            }
        }
        if head.dirty {
            let reason = "HEAD, which the work tree departs from".to_owned();
            return Ok(Some(Base { commit: head.commit.clone(), reason }));
        }
        if let Some(CiEvent::Push { before }) = &request.event
            && before.bytes().any(|digit| digit != b'0')
            && let Ok(commit) = self.resolve(before)
            && commit != head.commit
        {
            return Ok(Some(Base { commit, reason: "the commit before this push".into() }));
        }
        let parent = self.parent(&commit)?;
        Ok(parent.map(|commit| Base { commit, reason: "parent of HEAD".into() }))
    }

    fn commit(&self, id: &str) -> Result<git2::Commit<'_>, VcsError> {
        let found = git2::Oid::from_str(id).and_then(|id| self.git.find_commit(id));
        found.map_err(|e| self.error(&format!("read commit {id}"), e))
    }

    /// The first parent; `None` of a first commit. In a shallow clone the parent may be known but absent.
    fn parent(&self, commit: &git2::Commit<'_>) -> Result<Option<String>, VcsError> {
        match commit.parent_id(0) {
            Ok(id) => self.resolve(&id.to_string()).map(Some),
            Err(_) if self.git.is_shallow() => Err(VcsError::NoSuchRevision {
                name: "HEAD^".into(),
                path: self.root.clone(),
                cause: "this clone is shallow and ends here".into(),
                help: "fetch one commit more: `git fetch --deepen=1`".into(),
            }),
            Err(_) => Ok(None),
        }
    }

    /// The branch that the remote calls its own, else the usual names, remote before local. With its tip.
    fn default_branch(&self) -> Option<(String, String)> {
        let remote = self.git.find_reference("refs/remotes/origin/HEAD").ok().and_then(|reference| {
            let target = reference.symbolic_target().ok().flatten()?.to_owned();
            target.strip_prefix("refs/remotes/").map(str::to_owned)
        });
        let usual = ["origin/main", "origin/master", "main", "master"].map(str::to_owned);
        remote.into_iter().chain(usual).find_map(|name| Some((name.clone(), self.resolve(&name).ok()?)))
    }

    fn merge_base(&self, head: &str, tip: &str, branch: &str) -> Result<String, VcsError> {
        let id = |text: &str| git2::Oid::from_str(text);
        let found = id(head).and_then(|head| self.git.merge_base(head, id(tip)?));
        found.map(|id| id.to_string()).map_err(|e| {
            // libgit2 answers "not found" where the common ancestor lies beyond the edge of a shallow clone.
            let help = if self.git.is_shallow() {
                "this clone is shallow: `git fetch --unshallow`, or in CI check out with full history".to_owned()
            } else {
                "name a commit with --base".to_owned()
            };
            VcsError::NoSuchRevision {
                name: format!("merge base of HEAD and {branch}"),
                path: self.root.clone(),
                cause: e.message().into(),
                help,
            }
        })
    }
}
