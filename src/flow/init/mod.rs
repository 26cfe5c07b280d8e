//! `init`: the first configuration file, and what CI and git are told of the gate. The texts are files beside this one.

mod ci;
mod file;
mod hook;

use std::path::{Path, PathBuf};

pub use ci::Ci;

use super::FlowError;
use crate::config;
use crate::report::shell_word;
use crate::vcs::Repository;
use crate::workspace;
use file::{NewFile, Written};

/// What `init` is asked for.
#[derive(Clone, Debug, Default)]
pub struct InitRequest {
    /// Where the user stands.
    pub directory: PathBuf,
    /// `--manifest-path`.
    pub manifest_path: Option<PathBuf>,
    /// `--ci`.
    pub ci: Option<Ci>,
    /// `--hook`.
    pub hook: bool,
}

/// What became of one thing that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// A file was written where none was.
    Created(PathBuf),
    /// A file that was there got lines of ours, and lost none of its own.
    Extended(PathBuf),
    /// A file that was there needs nothing more.
    Kept(PathBuf),
    /// A file of the user's that this program does not edit: lines to put there.
    Asked {
        /// The file.
        file: PathBuf,
        /// The lines.
        lines: String,
    },
}

/// Writes what is asked for: a configuration that sets nothing and explains every key, where the project has none; with
/// `ci` or `hook` what these need besides.
///
/// # Errors
/// Where a file is there already that would have to be another, and where one cannot be written. Nothing is written then.
pub fn init(request: &InitRequest) -> Result<Vec<Done>, FlowError> {
    let (_, root) = workspace::locate(&request.directory, request.manifest_path.as_deref())?;
    let config = NewFile { path: root.join(config::DEFAULT_PATH), text: config::TEMPLATE.to_owned() };
    if request.ci.is_none() && !request.hook {
        return match config.write()? {
            Written::New => Ok(vec![Done::Created(config.path)]),
            Written::There => Err(config.occupied()),
        };
    }
    let repository = Repository::discover(&root)?;
    let options = manifest_option(&repository, &root)?;
    let hook = request.hook.then(|| hook::plan(&repository, &options)).transpose()?;
    let files = request.ci.map(|ci| ci::files(ci, &repository, &options)).transpose()?.unwrap_or_default();
    // All of them or none.
    for file in &files {
        if file.is_another()? {
            return Err(file.occupied());
        }
    }
    let mut done = Vec::new();
    for file in [config].into_iter().chain(files) {
        done.push(match file.write()? {
            Written::New => Done::Created(file.path),
            Written::There => Done::Kept(file.path),
        });
    }
    if request.ci == Some(Ci::Gitlab) {
        done.push(ci::include(&repository)?);
    }
    if let Some(hook) = hook {
        done.push(hook.install()?);
    }
    Ok(done)
}

/// The option that names the project where it is not at the root of the repository, with a blank before it.
fn manifest_option(repository: &Repository, root: &Path) -> Result<String, FlowError> {
    let inside = root.strip_prefix(repository.root()).unwrap_or(Path::new(""));
    if inside == Path::new("") {
        return Ok(String::new());
    }
    let path = inside.join("Cargo.toml").to_string_lossy().replace('\\', "/");
    plain("path", &path)?;
    Ok(format!(" --manifest-path {path}"))
}

/// Refuses what a shell, YAML or a pattern would take for more than a word.
fn plain(what: &str, word: &str) -> Result<(), FlowError> {
    if shell_word(word) == word && !word.contains([':', '=', ',', '@']) {
        return Ok(());
    }
    Err(FlowError::Usage(format!(
        "could not write the {what} `{word}` into a script: it has characters that scripts take for more than themselves\nhelp: run this for a project of a plain {what}, and edit what it wrote"
    )))
}
