//! Floor 4: the configuration file, turned into a [`Policy`]; errors with spans. An environment's section and
//! `PERFGATE_*` variables are laid over it here, options of the command line by others.
//!
//! A limit that is silently ignored is a gate that is off, so whatever is not understood is an error: unknown keys,
//! wrong units, keys that this version cannot honour yet, and, once the benchmarks are known, rules that match nothing.

mod declared;
mod edit;
mod keys;
mod layers;
mod limits;
mod parse;
mod problem;
mod rules;
mod section;
mod value;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use declared::reason_of_option as reason;
pub use edit::{with_acceptance, without};
pub use keys::nearest;
pub use layers::{Chosen, Overrides, PREFIX as VARIABLES};
pub use parse::parse;
pub use problem::ConfigError;
pub use value::{LARGEST_ACCEPTED, duration, limit, time};

use crate::gate::{Acceptance, Policy, Rename};
use crate::model::BenchmarkId;
use declared::Declared;
use limits::Standing;
use problem::{Problem, Problems, escaped};
use rules::SpannedRule;

/// Where the file is looked for, relative to the workspace's root.
pub const DEFAULT_PATH: &str = ".config/perfgate.toml";

/// A configuration that sets nothing and explains every key.
pub const TEMPLATE: &str = include_str!("template.toml");

/// Larger files are refused.
const LARGEST: u64 = 10 * 1024 * 1024;

/// A configuration that was read, with what is needed to report problems that show later.
#[derive(Clone, Debug)]
pub struct Config {
    /// What the file says; defaults for all else.
    pub policy: Policy,
    path: String,
    text: Arc<str>,
    rules: Vec<SpannedRule>,
    standing: Standing,
    declared: Declared,
}

impl Config {
    /// The rules that match none of `ids`: to be asked with all benchmarks of the workspace, before filters. `None`
    /// where every rule matches, and where there are no benchmarks at all: that is not the rules' fault.
    pub fn unmatched(&self, ids: &[BenchmarkId]) -> Option<ConfigError> {
        let mut problems = Problems::default();
        if !ids.is_empty() {
            rules::unmatched(ids, &self.rules, &mut problems);
        }
        problems.into_error(&self.path, &self.text)
    }

    /// The rules that leave one of `ids` with a `tolerate` that is not below its `max-regression`. [`parse`] finds the
    /// plain cases; whether two globs meet in one benchmark shows only here.
    pub fn contradictions(&self, ids: &[BenchmarkId]) -> Option<ConfigError> {
        let mut problems = Problems::default();
        rules::contradictions_among(ids, &self.rules, &self.standing, &mut problems);
        problems.into_error(&self.path, &self.text)
    }

    /// The acceptances of `counting` that name several of `ids`, or none of them where these are `all` benchmarks.
    pub fn unknown_acceptances(&self, counting: &[Acceptance], ids: &[BenchmarkId], all: bool) -> Option<ConfigError> {
        let mut problems = Problems::default();
        self.declared.unknown(counting, ids, all, &mut problems);
        problems.into_error(&self.path, &self.text)
    }

    /// The benchmarks that `counting` renames, of base's and head's ids: what head has, and what base calls it. With `all`
    /// benchmarks of both sides at hand each has to be found.
    ///
    /// # Errors
    /// Names that stand for none or for several benchmarks, and benchmarks that were not renamed.
    pub fn renamed(
        &self,
        counting: &[Rename],
        ids: (&[BenchmarkId], &[BenchmarkId]),
        all: bool,
    ) -> Result<BTreeMap<BenchmarkId, BenchmarkId>, ConfigError> {
        let mut problems = Problems::default();
        let renamed = self.declared.renamed(counting, ids, all, &mut problems);
        problems.into_error(&self.path, &self.text).map_or(Ok(renamed), Err)
    }
}

/// Reads the configuration of a workspace: the file `explicit`, or else [`DEFAULT_PATH`] where it exists, or else the
/// defaults. `explicit` is relative to the current directory. [`Policy::file`] is relative to `workspace_root` where the
/// file lies in it.
///
/// # Errors
/// A file that was named and is missing; one that cannot be read, is no UTF-8 or too large; whatever [`parse`] refuses.
pub fn load(workspace_root: &Path, explicit: Option<&Path>, overrides: &Overrides) -> Result<Config, ConfigError> {
    let path = path_of(workspace_root, explicit);
    let shown = shown_path(workspace_root, &path);
    let in_message = escaped(&shown);
    let bytes = match read(&path) {
        Ok(bytes) => bytes,
        Err(error) if explicit.is_none() && is_absence(&path, &error) => return without_file(overrides),
        Err(error) => return Err(ConfigError::of_file(&shown, unreadable(&in_message, &error))),
    };
    if bytes.len() as u64 > LARGEST {
        let title = format!("`{in_message}` is larger than 10 MB");
        return Err(ConfigError::of_file(&shown, Problem::of_file(title).help("is it a configuration file?")));
    }
    let text = String::from_utf8(bytes).map_err(|error| ConfigError::of_file(&shown, not_utf8(&in_message, &error)))?;
    parse(&text, &shown, overrides)
}

/// The file that [`load`] reads.
pub fn path_of(workspace_root: &Path, explicit: Option<&Path>) -> PathBuf {
    explicit.map_or_else(|| workspace_root.join(DEFAULT_PATH), Path::to_owned)
}

/// The nearest folder, from `directory` upwards, that has a configuration; `directory` itself where none has. Cargo is not
/// asked: what is compared needs no project.
pub fn nearest_root(directory: &Path) -> PathBuf {
    let has_one = |folder: &&Path| folder.join(DEFAULT_PATH).symlink_metadata().is_ok();
    directory.ancestors().find(has_one).unwrap_or(directory).to_owned()
}

/// The defaults, with what is laid over them.
///
/// # Errors
/// As [`parse`].
pub fn without_file(overrides: &Overrides) -> Result<Config, ConfigError> {
    let mut config = parse("", DEFAULT_PATH, overrides)?;
    config.policy.file = None;
    Ok(config)
}

/// The file's bytes, one more than allowed at most: `path` may be a device without end.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether `error` says that there is nothing at `path`. A link to nothing is something: whoever made it meant a file.
fn is_absence(path: &Path, error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) && path.symlink_metadata().is_err()
}

/// `path` as messages and reports show it: relative to the workspace where it lies in it, with `/`.
fn shown_path(workspace_root: &Path, path: &Path) -> String {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let inside: Option<PathBuf> = absolute(path).strip_prefix(absolute(workspace_root)).ok().map(Path::to_owned);
    let shown = inside.as_deref().unwrap_or(path).to_string_lossy();
    if cfg!(windows) { shown.replace('\\', "/") } else { shown.into_owned() }
}

fn unreadable(shown: &str, error: &io::Error) -> Problem {
    let title = |why: &str| format!("could not read the configuration file `{shown}`: {why}");
    match error.kind() {
        io::ErrorKind::NotFound => Problem::of_file(title("there is no such file")).help(format!(
            "correct the path after `--config`, or leave it out to use `{DEFAULT_PATH}` or the defaults"
        )),
        io::ErrorKind::IsADirectory => {
            Problem::of_file(title("it is a directory")).help("put the file there, or name another with `--config`")
        }
        io::ErrorKind::PermissionDenied => {
            Problem::of_file(title("permission denied")).help("let yourself read it, or name another with `--config`")
        }
        _ => {
            Problem::of_file(title(&error.to_string())).help("see that it can be read, or name another with `--config`")
        }
    }
}

fn not_utf8(shown: &str, error: &std::string::FromUtf8Error) -> Problem {
    let at = error.utf8_error().valid_up_to();
    let bytes = error.as_bytes();
    let line = bytes[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
    let byte = bytes.get(at).copied().unwrap_or_default();
    let problem = Problem::of_file(format!("`{shown}` is not UTF-8: byte {at}, in line {line}, is 0x{byte:02x}"));
    let utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    problem.help(if utf16 { "it looks like UTF-16; save it as UTF-8" } else { "save it as UTF-8" })
}
