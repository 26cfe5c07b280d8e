//! What the process finds around it: directories, CI's variables, the terminal.

use std::io::Read;
use std::path::PathBuf;

use crate::config::{Chosen, Overrides, VARIABLES};
use crate::flow::FlowError;
use crate::model::is_commit_id;
use crate::vcs::CiEvent;

/// The current directory.
pub fn current_directory() -> Result<PathBuf, FlowError> {
    std::env::current_dir().map_err(|e| FlowError::File {
        what: "work in",
        path: "the current directory".into(),
        cause: e.to_string(),
        help: "change into a folder that is there",
    })
}

/// The folder for check-outs and builds: below the user's cache folder, else the temporary one.
pub fn default_builds() -> PathBuf {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = std::env::home_dir();
    let cache = if cfg!(windows) {
        variable("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        home.map(|home| home.join("Library/Caches"))
    } else {
        variable("XDG_CACHE_HOME").filter(|path| path.is_absolute()).or_else(|| home.map(|home| home.join(".cache")))
    };
    cache.unwrap_or_else(std::env::temp_dir).join("cargo-perfgate")
}

/// Variables that stand for options, or are handed to programs that are started; all others of the prefix set keys of the
/// configuration.
const NO_KEYS: [&str; 7] = [
    "PERFGATE_CONFIG",
    "PERFGATE_TARGET_DIR",
    "PERFGATE_BUDGET",
    "PERFGATE_ENVIRONMENT",
    "PERFGATE_LINK_RECORDS",
    "PERFGATE_CHAINED_WRAPPER",
    "PERFGATE_GITLAB_TOKEN",
];

/// What is laid over the configuration, where `asked` is the environment that the user names.
pub fn overrides(asked: Option<String>) -> Overrides {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "false");
    let environment = match asked {
        Some(name) => Chosen::Asked(name),
        None if set("CI") => Chosen::IfThere("ci".to_owned()),
        None => Chosen::Nothing,
    };
    let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    let mut variables: Vec<(String, String)> = std::env::vars_os()
        .map(|(name, value)| (text(name), text(value)))
        .filter(|(name, _)| name.starts_with(VARIABLES) && !NO_KEYS.contains(&name.as_str()))
        .collect();
    variables.sort();
    Overrides { environment, variables }
}

/// GitHub sends no larger event, in bytes.
const LARGEST_EVENT: u64 = 32 * 1024 * 1024;

/// The event that CI says this run is about.
pub fn ci_event() -> Option<CiEvent> {
    github_event().or_else(gitlab_event)
}

fn github_event() -> Option<CiEvent> {
    let name = variable("GITHUB_EVENT_NAME")?;
    if variable("GITHUB_REF").is_some_and(|name| name.starts_with("refs/pull/") && name.ends_with("/merge")) {
        return Some(CiEvent::MergeRef);
    }
    match name.as_str() {
        "merge_group" => {
            let into =
                github_payload().and_then(|event| commit_id(event.get("merge_group")?.get("base_sha")?.as_str()?));
            Some(CiEvent::MergeQueue { into })
        }
        "push" => Some(CiEvent::Push { before: commit_id(github_payload()?.get("before")?.as_str()?)? }),
        _ => None,
    }
}

/// All that GitHub says of the event.
pub fn github_payload() -> Option<serde_json::Value> {
    let file = std::fs::File::open(variable("GITHUB_EVENT_PATH")?).ok()?;
    let mut event = Vec::new();
    file.take(LARGEST_EVENT).read_to_end(&mut event).ok()?;
    serde_json::from_slice(&event).ok()
}

fn gitlab_event() -> Option<CiEvent> {
    variable("GITLAB_CI")?;
    // A merge request's pipeline is about its own head, or about the merge that GitLab made of it and its target.
    let merged = |name: &String| name.ends_with("/merge") || name.ends_with("/train");
    match variable("CI_MERGE_REQUEST_REF_PATH") {
        Some(name) => merged(&name).then_some(CiEvent::MergeRef),
        None => Some(CiEvent::Push { before: commit_id(&variable("CI_COMMIT_BEFORE_SHA")?)? }),
    }
}

/// The file to which a step on GitHub appends its summary.
pub fn step_summary() -> Option<PathBuf> {
    variable("GITHUB_STEP_SUMMARY").map(PathBuf::from)
}

/// A variable that is set to something.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The text, where it is a full commit id.
fn commit_id(text: &str) -> Option<String> {
    is_commit_id(text).then(|| text.to_owned())
}

/// Columns of the terminal on standard output; `None` where it is none.
pub fn terminal_width() -> Option<usize> {
    use std::io::IsTerminal;
    if !std::io::stdout().is_terminal() {
        return None;
    }
    comfy_table::Table::new().width().map(usize::from)
}
