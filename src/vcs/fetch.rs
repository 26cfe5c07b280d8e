//! What a shallow clone lacks, fetched by the git program: it knows the user's credentials, proxies and partial clones.
//! Nothing that the clone has becomes less, and no ref is moved.

use super::error::VcsError;
use super::repository::{Repository, Variable, id_of};

/// So many commits more are fetched in turn, until both histories meet; then all.
const DEEPER: [&str; 3] = ["--deepen=50", "--deepen=500", "--unshallow"];

impl Repository {
    /// Whether a commit can be read here.
    pub(super) fn has(&self, commit: &str) -> bool {
        git2::Oid::from_str(commit).is_ok_and(|id| self.git.find_commit(id).is_ok())
    }

    /// Fetches one commit; into a shallow clone nothing before it. A full one would become shallow by that.
    pub(super) fn fetch_commit(&self, commit: &str) -> Result<(), VcsError> {
        let how: &[&str] = if self.is_shallow() { &["--depth=1"] } else { &[] };
        self.fetch(&format!("fetch commit {commit}"), how, &[commit])
    }

    /// Fetches more of the history of both commits until they have a common one; gives it.
    pub(super) fn fetch_merge_base(&self, head: &str, tip: &str) -> Result<Option<String>, VcsError> {
        self.fetch_until(&[head, tip], || self.common_commit(head, tip))
    }

    /// Fetches more of the history of some commits until `found` gives something.
    pub(super) fn fetch_until<T>(
        &self,
        commits: &[&str],
        found: impl Fn() -> Option<T>,
    ) -> Result<Option<T>, VcsError> {
        for deeper in DEEPER {
            if !self.is_shallow() {
                break;
            }
            self.fetch("fetch more of the history", &[deeper], commits)?;
            if let Some(found) = found() {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The commit that `name` stands for, as the git program sees it.
    pub(super) fn resolve_anew(&self, name: &str) -> Option<String> {
        let arguments = ["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{name}^{{commit}}")];
        self.run("look for a commit", &arguments).ok().map(|found| id_of(&found))
    }

    /// The common commit of two histories, as the git program sees it: what was fetched just now, it knows.
    pub(super) fn common_commit(&self, head: &str, tip: &str) -> Option<String> {
        let found = self.run("look for a common commit", &["merge-base", head, tip]).ok()?;
        Some(id_of(&found)).filter(|id| !id.is_empty())
    }

    /// The commit that the remote has on a branch; without a branch, on its own default branch, whose name is given.
    pub(super) fn remote_tip(&self, branch: Option<&str>) -> Option<(String, String)> {
        let asked = branch.map_or("HEAD".to_owned(), |branch| format!("refs/heads/{branch}"));
        let arguments = ["ls-remote", "--quiet", "--symref", "origin", &asked];
        let listed = self.run_with("ask the remote for its branches", &unattended(), &arguments).ok()?;
        let listed = String::from_utf8_lossy(&listed).into_owned();
        let name = listed.lines().find_map(|line| line.strip_prefix("ref: refs/heads/")?.split('\t').next());
        let name = branch.or(name)?.to_owned();
        let id = listed.lines().filter(|line| !line.starts_with("ref: ")).find_map(|line| line.split('\t').next())?;
        Some((format!("origin/{name}"), id.to_owned()))
    }

    fn fetch(&self, what: &str, how: &[&str], wanted: &[&str]) -> Result<(), VcsError> {
        const QUIETLY: [&str; 5] =
            ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"];
        let arguments = [&QUIETLY, how, &["origin"], wanted].concat();
        self.run_with(what, &unattended(), &arguments).map(drop)
    }
}

/// Nobody may be there to answer, and who is cannot: the terminal belongs to this program, and who reads from it in another
/// group of processes is stopped. ssh asks a window, where there is one.
pub(super) fn unattended() -> [Variable; 2] {
    [("GIT_TERMINAL_PROMPT".into(), Some("0".into())), ("SSH_ASKPASS_REQUIRE".into(), Some("force".into()))]
}
