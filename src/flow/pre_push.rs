//! What a push sends, as git tells its pre-push hook, and which of it is to be judged.

use std::time::Duration;

use super::FlowError;
use crate::model::is_commit_id;
use crate::report::visible;

/// The section of the configuration that holds for pushes.
pub const ENVIRONMENT: &str = "pre-push";
/// How long measuring may go on where nobody says it.
pub const BUDGET: Duration = Duration::from_secs(90);

/// A commit that a branch of the remote is to point at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// Its full id.
    pub commit: String,
    /// The commit that the branch points at now: a full id, all zeros for a new branch.
    pub before: String,
}

/// The commits to judge, each once: those that become the tips of branches. What git says is lines of
/// `LOCAL-REF LOCAL-ID REMOTE-REF REMOTE-ID`; deleted branches, tags and baselines are no work for benchmarks.
///
/// # Errors
/// Lines that git does not write.
pub fn pushed(said: &str) -> Result<Vec<Pushed>, FlowError> {
    let mut all: Vec<Pushed> = Vec::new();
    for line in said.lines().filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split(' ').collect();
        // A local name may be an expression with blanks, such as `HEAD@{1 day ago}`.
        let [.., commit, remote, before] = words[..] else { return Err(no_line(line)) };
        if !is_commit_id(commit) || !is_commit_id(before) {
            return Err(no_line(line));
        }
        let deleted = commit.bytes().all(|digit| digit == b'0');
        if !deleted && remote.starts_with("refs/heads/") && all.iter().all(|known| known.commit != commit) {
            all.push(Pushed { commit: commit.to_owned(), before: before.to_owned() });
        }
    }
    Ok(all)
}

fn no_line(line: &str) -> FlowError {
    let line: String = visible(line).chars().take(200).collect();
    FlowError::Usage(format!(
        "could not read what is pushed from standard input: git says `LOCAL-REF LOCAL-ID REMOTE-REF REMOTE-ID`, this is `{line}`\nhelp: this is for git's pre-push hook, which `cargo perfgate init --hook` installs; by hand, run `cargo perfgate check`"
    ))
}
