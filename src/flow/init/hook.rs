//! The pre-push hook of `init --hook`: put before what a hook does already, or, where a manager of hooks is in charge, the
//! lines for its configuration.

use std::fs;
use std::path::{Path, PathBuf};

use super::Done;
use super::file::{mode, put, read};
use crate::flow::{FlowError, file_error};
use crate::vcs::Repository;

const BLOCK: &str = include_str!("pre-push.sh");
const BEGIN: &str = "# >>> cargo-perfgate >>>\n";
const END: &str = "# <<< cargo-perfgate <<<\n";
/// The program itself: cargo would first look for an alias of that name in the repository's own settings.
const COMMAND: &str = "cargo-perfgate pre-push";
/// What a manager's configuration contains that runs it, through cargo or not, or by `.pre-commit-hooks.yaml`.
const NAMED: [&str; 2] = ["perfgate pre-push", "id: cargo-perfgate"];

const LEFTHOOK: [&str; 4] = ["lefthook.yml", "lefthook.yaml", ".lefthook.yml", ".lefthook.yaml"];
const SHELLS: [&str; 6] = ["sh", "bash", "dash", "ash", "ksh", "zsh"];

/// What will be done.
#[derive(Debug)]
pub enum Plan {
    /// A script gets our block.
    Script {
        /// The script itself, no link to it.
        path: PathBuf,
        /// What it holds; `None` where it is to be made.
        present: Option<String>,
        /// Our block.
        block: String,
    },
    /// Nothing is written.
    Told(Done),
}

/// Finds who is in charge of hooks, and whether ours can be put there. `options` stand behind the command.
pub fn plan(repository: &Repository, options: &str) -> Result<Plan, FlowError> {
    let root = repository.root();
    let managed = |name: &str, lines: &str| -> Result<Option<Plan>, FlowError> {
        let file = root.join(name);
        let Some(text) = read(&file)? else { return Ok(None) };
        let lines = lines.replace("@OPTIONS@", options);
        let named = NAMED.iter().any(|name| text.contains(name));
        Ok(Some(Plan::Told(if named { Done::Kept(file) } else { Done::Asked { file, lines } })))
    };
    if let Some(plan) = managed(".pre-commit-config.yaml", include_str!("pre-commit.yml"))? {
        return Ok(plan);
    }
    for name in LEFTHOOK {
        if let Some(plan) = managed(name, include_str!("lefthook.yml"))? {
            return Ok(plan);
        }
    }
    // Husky points git at a folder of its own, whose scripts run those beside it.
    let husky = root.join(".husky");
    let folder = if husky.is_dir() { husky } else { repository.hooks()? };
    if !repository.is_own(&folder) {
        return Err(FlowError::Usage(format!(
            "git takes hooks from {}, which is not this repository's alone (core.hooksPath), and nothing was changed\nhelp: have your pre-push hook there run `{COMMAND}{options}`, or give this repository hooks of its own: `git config --local core.hooksPath .githooks`",
            folder.display()
        )));
    }
    let path = folder.join("pre-push");
    // A link stays one: what it leads to is extended.
    let path = path.canonicalize().unwrap_or(path);
    let present = read(&path)?;
    if let Some(text) = &present {
        can_be_extended(&path, text)?;
    }
    Ok(Plan::Script { path, present, block: BLOCK.replace("@OPTIONS@", options) })
}

impl Plan {
    /// Does it.
    pub fn install(self) -> Result<Done, FlowError> {
        let (path, present, block) = match self {
            Self::Script { path, present, block } => (path, present, block),
            Self::Told(done) => return Ok(done),
        };
        let failed = |e| file_error("write", &path, e);
        let Some(present) = present else {
            put(&path, &format!("#!/bin/sh\n{block}"), mode(0o755), false).map_err(failed)?;
            return Ok(Done::Created(path));
        };
        let extended = extended(&present, &block);
        if extended == present {
            return Ok(Done::Kept(path));
        }
        let permissions = fs::metadata(&path).map_err(failed)?.permissions();
        put(&path, &extended, Some(permissions), true).map_err(failed)?;
        Ok(Done::Extended(path))
    }
}

/// A script with our block in it: in the place of an older one, else before all that it does, since what comes after may
/// never be reached.
fn extended(script: &str, block: &str) -> String {
    if let Some((before, rest)) = script.split_once(BEGIN)
        && let Some((_, after)) = rest.split_once(END)
    {
        return format!("{before}{block}{after}");
    }
    match script.split_once('\n') {
        Some((first, rest)) if first.starts_with("#!") => format!("{first}\n{block}{rest}"),
        None if script.starts_with("#!") => format!("{script}\n{block}"),
        _ => format!("{block}{script}"),
    }
}

fn can_be_extended(path: &Path, text: &str) -> Result<(), FlowError> {
    let refused = |what: &str, help: &str| {
        Err(FlowError::Usage(format!("{} {what}, and nothing was changed\nhelp: {help}", path.display())))
    };
    let interpreter = text.lines().next().and_then(|line| line.strip_prefix("#!")).map(|line| {
        let mut words = line.split_whitespace().map(|word| word.rsplit('/').next().unwrap_or(word));
        words.find(|word| *word != "env" && !word.starts_with('-')).unwrap_or_default().to_owned()
    });
    if interpreter.is_some_and(|name| !SHELLS.contains(&name.as_str())) {
        let help = format!("have it run `{COMMAND}` with what git writes to its standard input");
        return refused("is no shell script", &help);
    }
    // Git would begin to run it by that. Husky's scripts are run by its own.
    let husky = path.parent().is_some_and(|folder| folder.ends_with(".husky"));
    if !husky && !is_executable(path) {
        return refused("is not executable, so git does not run it", "make it executable, or move it away");
    }
    Ok(())
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|facts| facts.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(_: &Path) -> bool {
    true
}
