//! GitHub: the pull request that an event is about, and its comments.

use serde_json::Value;

use super::conversation::Conversation;
use super::error::ForgeError;
use super::server::{Question, Server, encoded};

/// Who writes with the token that GitHub gives to a workflow. Such a token may not ask who it is.
const WORKFLOWS: &str = "github-actions[bot]";

/// A repository on GitHub.
pub struct Github {
    server: Server,
    repository: String,
}

/// The pull request that an event is about, as far as the event tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PullRequest {
    /// By its number.
    Number(u64),
    /// By its head. That is all that is known of one from a fork once its workflow has run.
    Head {
        /// `owner/name` of the repository with the branch.
        repository: String,
        /// The branch.
        branch: String,
        /// The commit that was checked.
        commit: String,
    },
}

impl PullRequest {
    /// What the event `name` says. The reason in words where it is about no pull request.
    pub fn of_event(name: &str, event: &Value) -> Result<Self, String> {
        let text = |value: &Value, path: &str| Some(value.pointer(path)?.as_str()?.to_owned());
        match name {
            "pull_request" => {
                let number = event.pointer("/pull_request/number").and_then(Value::as_u64);
                number.map(Self::Number).ok_or("the event names no pull request".to_owned())
            }
            "workflow_run" => {
                let run = event.get("workflow_run").unwrap_or(&Value::Null);
                if run.get("event").and_then(Value::as_str) != Some("pull_request") {
                    return Err("the workflow that ran was not about a pull request".into());
                }
                let head = || {
                    Some(Self::Head {
                        repository: text(run, "/head_repository/full_name")?,
                        branch: text(run, "/head_branch")?,
                        commit: text(run, "/head_sha")?,
                    })
                };
                head().ok_or("the event does not say which branch was checked: its repository may be gone".into())
            }
            _ => Err(format!("the event `{name}` is about no pull request")),
        }
    }
}

impl Github {
    /// `repository` is `owner/name`; `None` where it is not that.
    pub fn new(server: Server, repository: &str) -> Option<Self> {
        let plain = |part: &str| {
            let good = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            !part.is_empty() && part.bytes().all(good) && part != ".." && part != "."
        };
        let (owner, name) = repository.split_once('/')?;
        (plain(owner) && plain(name)).then(|| Self { server, repository: repository.to_owned() })
    }

    /// The number of a pull request of this repository; the reason in words where there is none to comment on.
    pub fn number(&self, of: &PullRequest) -> Result<Result<u64, String>, ForgeError> {
        let (repository, branch, commit) = match of {
            PullRequest::Number(number) => return Ok(Ok(*number)),
            PullRequest::Head { repository, branch, commit } => (repository, branch, commit),
        };
        let owner = repository.split('/').next().unwrap_or_default();
        let head = encoded(&format!("{owner}:{branch}"));
        let path = format!("/repos/{}/pulls?state=open&per_page=100&head={head}", self.repository);
        let question = Question { what: "find the pull request", method: "GET", path: &path, body: None };
        let answer = self.server.good(question)?;
        let list = answer.value.as_array().ok_or_else(|| self.server.garbage(question))?;
        // A branch that has moved on will be told by its own run; one owner may have two forks.
        let is_it = |pull: &&Value| {
            let text = |path: &str| pull.pointer(path).and_then(Value::as_str).unwrap_or_default();
            text("/head/sha") == commit && text("/head/repo/full_name").eq_ignore_ascii_case(repository)
        };
        let numbers: Vec<u64> =
            list.iter().filter(is_it).filter_map(|pull| pull.get("number").and_then(Value::as_u64)).collect();
        Ok(match numbers[..] {
            [number] => Ok(number),
            [] => Err("no open pull request has the commit that was checked as its head".into()),
            _ => Err(format!("{} pull requests have the commit that was checked as their head", numbers.len())),
        })
    }

    /// The comments of a pull request.
    pub fn conversation(&self, number: u64) -> Conversation<'_> {
        let issues = format!("/repos/{}/issues", self.repository);
        Conversation {
            server: &self.server,
            who: "/login",
            stranger: Some(WORKFLOWS),
            author: "/user/login",
            update: "PATCH",
            all: format!("{issues}/{number}/comments"),
            one: format!("{issues}/comments"),
        }
    }
}
