//! `cargo perfgate pre-push`: what git's pre-push hook runs.

use std::io::Read;
use std::path::Path;

use super::args::Common;
use super::check::{CheckOptions, requested, tell};
use super::surroundings::variable;
use super::ui::Ui;
use crate::config::Chosen;
use crate::flow::check::{CheckRequest, check};
use crate::flow::pre_push::{BUDGET, ENVIRONMENT, pushed};
use crate::flow::{FlowError, Progress, file_error};
use crate::model::{ExitCode, short};
use crate::vcs::CiEvent;

/// Git says a line of some 200 bytes for each ref.
const LARGEST: u64 = 16 * 1024 * 1024;

pub fn execute(options: CheckOptions, common: &Common, ui: &mut Ui) -> Result<ExitCode, FlowError> {
    let pushed = pushed(&said()?)?;
    let (mut request, output) = requested(options, common)?;
    if !matches!(request.project.overrides.environment, Chosen::Asked(_)) {
        request.project.overrides.environment = Chosen::IfThere(ENVIRONMENT.to_owned());
    }
    for commit in pushed {
        ui.status(
            "Judging",
            &format!("{}, which is pushed; `git push --no-verify` does without", short(&commit.commit)),
        );
        let request = CheckRequest {
            head: Some(commit.commit),
            event: Some(CiEvent::Push { before: commit.before }),
            affected: true,
            usual_budget: Some(BUDGET),
            ..request.clone()
        };
        let code = check(request, ui).and_then(|checked| tell(checked, &output, ui));
        match code {
            // A project without benchmarks may be pushed.
            Ok(ExitCode::Passed | ExitCode::NothingCompared) => {}
            Ok(code) => {
                ui.warning("nothing was pushed; `git push --no-verify` pushes all the same");
                return Ok(code);
            }
            Err(e) => {
                ui.warning("what is pushed could not be judged; `git push --no-verify` pushes all the same");
                return Err(e);
            }
        }
    }
    Ok(ExitCode::Passed)
}

/// What git says, or what pre-commit made of it: it keeps standard input to itself.
fn said() -> Result<String, FlowError> {
    if let (Some(to), Some(from)) = (variable("PRE_COMMIT_TO_REF"), variable("PRE_COMMIT_FROM_REF")) {
        let branch = variable("PRE_COMMIT_REMOTE_BRANCH").unwrap_or("refs/heads/unknown".to_owned());
        return Ok(format!("HEAD {to} {branch} {from}"));
    }
    let mut said = String::new();
    let read = std::io::stdin().take(LARGEST).read_to_string(&mut said);
    read.map_err(|e| file_error("read", Path::new("standard input"), e))?;
    Ok(said)
}
