//! The choice of the base, and the reason for it in words.

use super::error::VcsError;
use super::repository::{Head, Repository};
use crate::model::is_commit_id;

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
    /// HEAD is what a merge queue would make of its target.
    MergeQueue {
        /// Full id of the commit that the queue merges into, where CI says it. It is no commit of the target branch where
        /// others stand in the queue before.
        into: Option<String>,
    },
    /// A push to a branch; the commit that the branch pointed at before.
    Push {
        /// Full commit id; all zeros for a new branch.
        before: String,
    },
}

/// What default branches are usually called, remote before local.
const USUAL: [&str; 4] = ["origin/main", "origin/master", "main", "master"];

impl Repository {
    /// The base of `head`. `None` where there is nothing before it: a first commit.
    ///
    /// In this order: what `--base` names; on a pull request's merge ref its first parent; in a merge queue what the queue
    /// merges into; the merge base of HEAD with the configured branch, unless that is HEAD itself; HEAD where the tree is
    /// dirty; on a push in CI the commit before the push; HEAD's first parent.
    pub fn base(&self, head: &Head, request: &BaseRequest) -> Result<Option<Base>, VcsError> {
        if let Some(name) = &request.explicit {
            // In a full clone a name that is not here was mistyped.
            let fetch = self.fetches && self.is_shallow();
            let base = Base { commit: self.resolve_or_fetch(name, fetch)?, reason: format!("--base {name}") };
            return Ok(Some(base));
        }
        let parents = self.parents(&head.commit)?;
        if request.event == Some(CiEvent::MergeRef) && parents.len() > 1 {
            let parent = self.parent(&parents)?;
            return Ok(parent.map(|commit| Base { commit, reason: "target branch of the pull request".into() }));
        }
        if let Some(CiEvent::MergeQueue { into }) = &request.event {
            let into = match into {
                Some(id) => Some(self.resolve_or_fetch(id, self.fetches && self.is_shallow())?),
                None => self.parent(&parents)?,
            };
            // A workflow may check out something else.
            if let Some(commit) = into.filter(|commit| *commit != head.commit) {
                return Ok(Some(Base { commit, reason: "what the merge queue merges into".into() }));
            }
        }
        let branch = match &request.branch {
            Some(name) => Some((name.clone(), self.resolve_or_fetch(name, self.fetches)?)),
            None => self.default_branch()?,
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
            && let Ok(commit) = self.resolve_or_fetch(before, self.fetches && self.is_shallow())
            && commit != head.commit
        {
            return Ok(Some(Base { commit, reason: "the commit before this push".into() }));
        }
        let parent = self.parent(&parents)?;
        Ok(parent.map(|commit| Base { commit, reason: "parent of HEAD".into() }))
    }

    /// The parents that a commit itself names: in a shallow clone they may be absent, and libgit2 denies them.
    fn parents(&self, commit: &str) -> Result<Vec<String>, VcsError> {
        let read = || {
            let odb = self.git.odb()?;
            let object = odb.read(git2::Oid::from_str(commit)?)?;
            let text = String::from_utf8_lossy(object.data()).into_owned();
            let header = text.split("\n\n").next().unwrap_or_default();
            Ok(header.lines().filter_map(|line| line.strip_prefix("parent ")).map(str::to_owned).collect())
        };
        read().map_err(|e: git2::Error| self.error(&format!("read commit {commit}"), e))
    }

    /// The first parent; `None` of a first commit.
    fn parent(&self, parents: &[String]) -> Result<Option<String>, VcsError> {
        let Some(parent) = parents.first() else { return Ok(None) };
        if !self.has(parent) && self.is_shallow() {
            if !self.fetches {
                return Err(VcsError::OutOfReach {
                    what: "parent of HEAD".into(),
                    path: self.root.clone(),
                    cause: "this clone is shallow and ends here".into(),
                    help: "fetch one commit more: `git fetch --deepen=1`".into(),
                });
            }
            self.fetch_commit(parent)?;
        }
        self.resolve(parent).map(Some)
    }

    /// The commit that `name` stands for. What is missing is fetched: a commit by its full id, the tip of a branch by its
    /// name.
    fn resolve_or_fetch(&self, name: &str, fetch: bool) -> Result<String, VcsError> {
        let found = self.resolve(name);
        if found.is_ok() || !fetch {
            return found;
        }
        // So many commits before another one.
        if name.contains(['~', '^']) {
            return self.fetch_until(&[&self.resolve("HEAD")?], || self.resolve_anew(name))?.map_or(found, Ok);
        }
        let id = if is_commit_id(&name.to_ascii_lowercase()) {
            Some(name.to_owned())
        } else {
            self.remote_tip(Some(name.strip_prefix("origin/").unwrap_or(name))).map(|(_, id)| id)
        };
        let Some(id) = id else { return found };
        if !self.has(&id) {
            self.fetch_commit(&id)?;
        }
        self.resolve(&id)
    }

    /// The branch that others merge into, by its short name: the remote's default branch, a usual name, or else the one that
    /// is checked out. The network is not asked.
    pub fn main_branch(&self) -> String {
        let is_there = |name: &String| {
            [format!("refs/remotes/{name}"), format!("refs/heads/{name}")]
                .iter()
                .any(|name| self.git.find_reference(name).is_ok())
        };
        let checked_out = || self.leads_to("HEAD", "refs/heads/");
        let named = self.remote_default().or_else(|| USUAL.map(str::to_owned).into_iter().find(is_there));
        let name = named.or_else(checked_out).unwrap_or("main".to_owned());
        name.strip_prefix("origin/").unwrap_or(&name).to_owned()
    }

    /// The branch that the remote calls its own, as a branch of `origin`.
    fn remote_default(&self) -> Option<String> {
        self.leads_to("refs/remotes/origin/HEAD", "refs/remotes/")
    }

    /// What a symbolic ref leads to below a folder of refs.
    fn leads_to(&self, name: &str, below: &str) -> Option<String> {
        let found = self.git.find_reference(name).ok()?;
        found.symbolic_target().ok().flatten()?.strip_prefix(below).map(str::to_owned)
    }

    /// The default branch, with its tip.
    fn default_branch(&self) -> Result<Option<(String, String)>, VcsError> {
        let mut all = self.remote_default().into_iter().chain(USUAL.map(str::to_owned));
        let here = all.find_map(|name| Some((name.clone(), self.resolve(&name).ok()?)));
        // CI's clones have the branch that they were made for, and no other. To fall back on HEAD's parent would be a wrong
        // base for a branch of several commits.
        match here {
            None if self.fetches => match self.remote_tip(None) {
                Some((name, tip)) => Ok(Some((name, self.resolve_or_fetch(&tip, true)?))),
                None => Ok(None),
            },
            here => Ok(here),
        }
    }

    fn merge_base(&self, head: &str, tip: &str, branch: &str) -> Result<String, VcsError> {
        if self.is_shallow() {
            let here = self.common_commit(head, tip);
            let found = if here.is_none() && self.fetches { self.fetch_merge_base(head, tip)? } else { here };
            if let Some(found) = found {
                return Ok(found);
            }
        }
        let id = |text: &str| git2::Oid::from_str(text);
        let found = id(head).and_then(|head| self.git.merge_base(head, id(tip)?));
        found.map(|id| id.to_string()).map_err(|e| {
            // libgit2 answers "not found" where the common ancestor lies beyond the edge of a shallow clone.
            let help = if self.git.is_shallow() {
                "this clone is shallow: `git fetch --unshallow`, or in CI check out with full history".to_owned()
            } else {
                "name a commit with --base".to_owned()
            };
            VcsError::OutOfReach {
                what: format!("merge base of HEAD and {branch}"),
                path: self.root.clone(),
                cause: e.message().into(),
                help,
            }
        })
    }
}
