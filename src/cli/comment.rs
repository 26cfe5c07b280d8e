//! `cargo perfgate comment`.

use std::path::PathBuf;

use clap::Args;

use super::surroundings::{github_payload, variable};
use super::ui::Ui;
use super::usage;
use crate::flow::comment::{Place, Told, comment};
use crate::flow::{FlowError, Progress};
use crate::forge::{Commented, Token};
use crate::model::ExitCode;

#[derive(Debug, Args)]
pub struct CommentOptions {
    /// Results that `--save-result` or `--format json=FILE` wrote
    #[arg(value_name = "FILE", required_unless_present = "no_result", conflicts_with = "no_result")]
    pub files: Vec<PathBuf>,
    /// Tell that the check left no result, so that the comment is not that on an earlier commit
    #[arg(long)]
    pub no_result: bool,
    /// Which comment it is, where a pull request has several: of a matrix, for example
    #[arg(long, value_name = "ID", default_value = "check")]
    pub id: String,
}

pub fn execute(options: CommentOptions, ui: &mut Ui) -> Result<ExitCode, FlowError> {
    match comment(&options.files, &options.id, place()?, authorities().as_deref())? {
        Told::Done(commented, number) => {
            let done = match commented {
                Commented::Created => "Created",
                Commented::Updated => "Updated",
                Commented::Unchanged => "Kept",
            };
            ui.status(done, &format!("the comment `{}` on #{number}", options.id));
        }
        Told::Nowhere(reason) => ui.status("Skipped", &format!("the comment: {reason}")),
    }
    Ok(ExitCode::Passed)
}

/// What CI says of itself. The gate's own job is red already, so nothing here depends on the verdict.
fn place() -> Result<Place, FlowError> {
    if variable("GITLAB_CI").is_some() {
        let number = |name: &str| variable(name).and_then(|text| text.parse().ok());
        return Ok(Place::Gitlab {
            address: needed("CI_API_V4_URL")?,
            project: number("CI_PROJECT_ID").ok_or_else(|| lacks("CI_PROJECT_ID"))?,
            number: number("CI_MERGE_REQUEST_IID"),
            // The latter is a merge where GitLab made one.
            commit: variable("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA").or(variable("CI_COMMIT_SHA")),
            page: variable("CI_PIPELINE_URL"),
            token: token("PERFGATE_GITLAB_TOKEN")?,
        });
    }
    let repository = needed("GITHUB_REPOSITORY")?;
    let page = |server, run| format!("{server}/{repository}/actions/runs/{run}");
    Ok(Place::Github {
        address: variable("GITHUB_API_URL").unwrap_or("https://api.github.com".to_owned()),
        page: variable("GITHUB_SERVER_URL").zip(variable("GITHUB_RUN_ID")).map(|(server, run)| page(server, run)),
        repository,
        token: token("GITHUB_TOKEN")?,
        event: needed("GITHUB_EVENT_NAME")?,
        payload: github_payload().ok_or_else(|| lacks("GITHUB_EVENT_PATH"))?,
    })
}

/// The file of certificates that a server of one's own is known by: GitLab names its own, others have the usual variable.
fn authorities() -> Option<PathBuf> {
    ["CI_SERVER_TLS_CA_FILE", "SSL_CERT_FILE"].into_iter().find_map(variable).map(PathBuf::from)
}

fn needed(name: &str) -> Result<String, FlowError> {
    variable(name).ok_or_else(|| lacks(name))
}

fn token(name: &str) -> Result<Token, FlowError> {
    variable(name).and_then(|text| Token::new(&text)).ok_or_else(|| lacks(name))
}

fn lacks(name: &str) -> FlowError {
    let help = match name {
        "GITHUB_TOKEN" => "give the step the workflow's token: `env: { GITHUB_TOKEN: \"${{ github.token }}\" }`",
        "PERFGATE_GITLAB_TOKEN" => "make it a project access token with the scope `api`, as a masked variable",
        _ => "this is for a job of GitHub Actions or GitLab CI/CD, which set it; `cargo perfgate init --ci` writes one",
    };
    usage(format!("could not tell where to comment: {name} is not set, or is not what it should be\nhelp: {help}"))
}
