//! `comment`: saved results, told in one comment on the pull request that a run of CI is about. The results may come from
//! a stranger's pull request; which one it is never does.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::merge::read_all;
use super::{FlowError, file_error};
use crate::forge::{Commented, Github, Gitlab, Patience, PullRequest, Scheme, Server, Token, marker, put};
use crate::instrument::interrupted;
use crate::report::markdown;

/// Where CI says that the comment belongs.
#[derive(Clone, Debug)]
pub enum Place {
    /// GitHub Actions.
    Github {
        /// The address of its interface.
        address: String,
        /// `owner/name`.
        repository: String,
        /// What proves who asks.
        token: Token,
        /// The name of the event.
        event: String,
        /// All that it says.
        payload: Value,
        /// The address of this run's page.
        page: Option<String>,
    },
    /// GitLab CI/CD.
    Gitlab {
        /// The address of its interface.
        address: String,
        /// The project's id.
        project: u64,
        /// The number of the merge request.
        number: Option<u64>,
        /// The commit that was checked.
        commit: Option<String>,
        /// The address of this pipeline's page.
        page: Option<String>,
        /// What proves who asks.
        token: Token,
    },
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// The comment stands.
    Done(Commented, u64),
    /// There is nothing to comment on: why.
    Nowhere(String),
}

/// A minute is what GitHub asks for where it was asked too often, and several jobs may ask at once.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(300);
/// How long a signal may wait.
const STEP: Duration = Duration::from_millis(100);

impl Place {
    /// The commit that was checked, and the page that tells how that went.
    fn checked(&self) -> (Option<&str>, Option<&str>) {
        match self {
            Self::Gitlab { commit, page, .. } => (commit.as_deref(), page.as_deref()),
            Self::Github { payload, page, .. } => {
                let text = |path: &str| payload.pointer(path).and_then(Value::as_str);
                // The check was another run where its end is the event.
                match payload.get("workflow_run") {
                    Some(_) => (text("/workflow_run/head_sha"), text("/workflow_run/html_url")),
                    None => (text("/pull_request/head/sha"), page.as_deref()),
                }
            }
        }
    }
}

/// Has the pull request of `place` hold one comment named `id` that tells the results in `files`; without any, that there is
/// none. Its server's certificate is to be signed by one of those in the file `authorities`, where there is one.
pub fn comment(files: &[PathBuf], id: &str, place: Place, authorities: Option<&Path>) -> Result<Told, FlowError> {
    let Some(marker) = marker(id) else {
        return Err(FlowError::Usage(format!(
            "`{id}` cannot name a comment\nhelp: take letters, digits, `.`, `_` and single `-`, 64 at most"
        )));
    };
    let text = match files {
        [] => {
            let (commit, page) = place.checked();
            markdown::without_result(commit, page)
        }
        _ => text(files)?,
    };
    let believing = |server: Server| -> Result<Server, FlowError> {
        let Some(file) = authorities else { return Ok(server) };
        Ok(server.believing(&fs::read(file).map_err(|e| file_error("read", file, e))?)?)
    };
    let patience = Patience { first: FIRST_PAUSE, most: LONGEST, wait: Box::new(wait) };
    match place {
        Place::Github { address, repository, token, event, payload, .. } => {
            let of = match PullRequest::of_event(&event, &payload) {
                Ok(of) => of,
                Err(reason) => return Ok(Told::Nowhere(reason)),
            };
            let server = believing(Server::new(&address, token, Scheme::Bearer, patience)?)?;
            let Some(github) = Github::new(server, &repository) else {
                return Err(FlowError::Usage(format!(
                    "`{repository}` is no repository on GitHub\nhelp: GITHUB_REPOSITORY is `OWNER/NAME`"
                )));
            };
            match github.number(&of)? {
                Ok(number) => Ok(Told::Done(put(&github.conversation(number), &marker, &text)?, number)),
                Err(reason) => Ok(Told::Nowhere(reason)),
            }
        }
        Place::Gitlab { number: None, .. } => Ok(Told::Nowhere("this pipeline is about no merge request".into())),
        Place::Gitlab { address, project, number: Some(number), token, .. } => {
            let server = believing(Server::new(&address, token, Scheme::PrivateToken, patience)?)?;
            let gitlab = Gitlab::new(server, project);
            Ok(Told::Done(put(&gitlab.conversation(number), &marker, &text)?, number))
        }
    }
}

/// What the comment says: each result's report, as many whole ones as there is room for; shards of a run are one.
fn text(files: &[PathBuf]) -> Result<String, FlowError> {
    let mut text = String::new();
    let mut missing = 0;
    files.iter().try_for_each(|file| plain_file(file))?;
    for report in read_all(files)? {
        let report = markdown::render(&report);
        if text.is_empty() {
            text = report;
        } else if text.len() + report.len() < markdown::MAX_BYTES {
            text.push('\n');
            text.push_str(&report);
        } else {
            missing += 1;
        }
    }
    if missing > 0 {
        text.push_str(&format!(
            "\n… and {} more for which there is no room here\n",
            crate::report::counted(missing, "result")
        ));
    }
    Ok(text)
}

/// An unpacked artifact holds what its maker put there: a link could lead to anything, and a pipe never end.
fn plain_file(path: &Path) -> Result<(), FlowError> {
    let facts = fs::symlink_metadata(path).map_err(|e| file_error("read", path, e))?;
    if facts.is_file() {
        return Ok(());
    }
    Err(FlowError::Usage(format!("{} is no plain file\nhelp: name a saved result", path.display())))
}

/// Sleeps, unless a signal asks to stop.
fn wait(pause: Duration) {
    let start = Instant::now();
    while start.elapsed() < pause && interrupted().is_none() {
        std::thread::sleep(STEP.min(pause));
    }
}
