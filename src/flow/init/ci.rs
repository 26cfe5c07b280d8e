//! The workflows of `init --ci`. What they do, and why it is safe, is said in them.

use super::file::{NewFile, Written, read};
use super::{Done, plain};
use crate::flow::FlowError;
use crate::vcs::Repository;

/// Who runs the workflows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ci {
    /// GitHub Actions.
    Github,
    /// GitLab CI/CD.
    Gitlab,
}

const GITHUB: [(&str, &str); 3] = [
    (".github/workflows/perfgate.yml", include_str!("github/perfgate.yml")),
    (".github/workflows/perfgate-comment.yml", include_str!("github/perfgate-comment.yml")),
    (".github/workflows/perfgate-baseline.yml", include_str!("github/perfgate-baseline.yml")),
];

const GITLAB: [(&str, &str); 1] = [(GITLAB_JOBS, include_str!("gitlab/perfgate.yml"))];
const GITLAB_JOBS: &str = ".gitlab/perfgate.yml";
const GITLAB_FILE: &str = ".gitlab-ci.yml";

/// The files for `ci`; `options` stand behind the commands that look for the project.
pub fn files(ci: Ci, repository: &Repository, options: &str) -> Result<Vec<NewFile>, FlowError> {
    let templates: &[(&str, &str)] = match ci {
        Ci::Github => &GITHUB,
        Ci::Gitlab => &GITLAB,
    };
    let branch = repository.main_branch();
    plain("branch", &branch)?;
    let filled = |template: &str| {
        let text = template.replace("@VERSION@", env!("CARGO_PKG_VERSION"));
        text.replace("@BRANCH@", &branch).replace("@OPTIONS@", options)
    };
    let file = |(path, template): &(&str, &str)| NewFile { path: repository.root().join(path), text: filled(template) };
    Ok(templates.iter().map(file).collect())
}

/// Has GitLab's own file include ours. One that is there is the user's, and not edited.
pub fn include(repository: &Repository) -> Result<Done, FlowError> {
    let lines = format!("include:\n  - local: {GITLAB_JOBS}\n");
    let file = NewFile { path: repository.root().join(GITLAB_FILE), text: lines.clone() };
    Ok(match file.write()? {
        Written::New => Done::Created(file.path),
        Written::There if read(&file.path)?.is_some_and(|text| text.contains(GITLAB_JOBS)) => Done::Kept(file.path),
        Written::There => Done::Asked { file: file.path, lines },
    })
}
