//! What the process finds around it: directories, CI's variables, the terminal.

use std::path::PathBuf;

use crate::flow::FlowError;
use crate::vcs::CiEvent;

/// The current directory.
pub fn current_directory() -> Result<PathBuf, FlowError> {
    std::env::current_dir().map_err(|e| FlowError::File {
        what: "read the current directory",
        path: ".".into(),
        cause: e.to_string(),
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

/// The event that GitHub says this run is about.
pub fn ci_event() -> Option<CiEvent> {
    let variable = |name: &str| std::env::var(name).ok();
    match variable("GITHUB_EVENT_NAME")?.as_str() {
        "pull_request" | "pull_request_target" | "merge_group"
            if variable("GITHUB_REF")
                .is_some_and(|name| name.starts_with("refs/pull/") && name.ends_with("/merge")) =>
        {
            Some(CiEvent::MergeRef)
        }
        "push" => {
            let event = std::fs::read(variable("GITHUB_EVENT_PATH")?).ok()?;
            let event: serde_json::Value = serde_json::from_slice(&event).ok()?;
            let before = event.get("before")?.as_str()?;
            let is_id = before.len() == 40 && before.bytes().all(|byte| byte.is_ascii_hexdigit());
            is_id.then(|| CiEvent::Push { before: before.to_owned() })
        }
        _ => None,
    }
}

/// Columns of the terminal on standard output; `None` where it is none.
pub fn terminal_width() -> Option<usize> {
    use std::io::IsTerminal;
    if !std::io::stdout().is_terminal() {
        return None;
    }
    comfy_table::Table::new().width().map(usize::from)
}
