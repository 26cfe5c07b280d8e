//! `cargo perfgate init`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::output::print;
use super::surroundings::current_directory;
use super::ui::Ui;
use crate::flow::init::{Ci, Done, InitRequest, init};
use crate::flow::{FlowError, Progress};
use crate::model::ExitCode;

#[derive(Debug, Args)]
pub struct InitOptions {
    /// Path to Cargo.toml
    #[arg(long, value_name = "PATH")]
    pub manifest_path: Option<PathBuf>,
    /// Write workflows that judge pull requests, comment on them, and record baselines
    #[arg(long, value_name = "CI")]
    pub ci: Option<CiOption>,
    /// Have every `git push` judged, by git's pre-push hook
    #[arg(long)]
    pub hook: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CiOption {
    /// GitHub Actions
    Github,
    /// GitLab CI/CD
    Gitlab,
}

impl From<CiOption> for Ci {
    fn from(option: CiOption) -> Self {
        match option {
            CiOption::Github => Self::Github,
            CiOption::Gitlab => Self::Gitlab,
        }
    }
}

pub fn execute(options: InitOptions, ui: &mut Ui) -> Result<ExitCode, FlowError> {
    let request = InitRequest {
        directory: current_directory()?,
        manifest_path: options.manifest_path,
        ci: options.ci.map(Into::into),
        hook: options.hook,
    };
    for done in init(&request)? {
        match done {
            Done::Created(path) => ui.status("Created", &path.display().to_string()),
            Done::Extended(path) => ui.status("Extended", &path.display().to_string()),
            Done::Kept(path) => ui.status("Kept", &format!("{}, as it is", path.display())),
            Done::Asked { file, lines } => {
                ui.status("Next", &format!("put these lines into {}, which is not edited for you", file.display()));
                print(&lines)?;
            }
        }
    }
    ui.status(
        "Next",
        match (request.ci, request.hook) {
            (None, false) => "`cargo perfgate` judges what you changed since the branch's base",
            (None, true) => "every `git push` is judged from now on; `git push --no-verify` is not",
            (Some(_), _) => "commit what was created: every pull request is judged from then on",
        },
    );
    Ok(ExitCode::Passed)
}
