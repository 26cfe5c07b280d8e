//! Cargo's model of a project: its packages and bench targets, and what the user selected of them.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use cargo_metadata::{Metadata, Package, TargetKind};
use globset::Glob;

use super::{WorkspaceError, around};
use crate::instrument::{Output, Spawn};
use crate::model::Skipped;

/// Options with cargo's own names and meanings.
#[derive(Clone, Debug, Default)]
pub struct CargoOptions {
    /// Which packages and targets.
    pub selection: Selection,
    /// `--features`, split at commas and spaces.
    pub features: Vec<String>,
    /// `--all-features`.
    pub all_features: bool,
    /// `--no-default-features`.
    pub no_default_features: bool,
    /// `--profile`; `None`: `bench`.
    pub profile: Option<String>,
    /// `--target`.
    pub target: Option<String>,
    /// `--locked`.
    pub locked: bool,
    /// `--offline`.
    pub offline: bool,
    /// The program that records links while cargo builds; `None`: they are not recorded.
    pub recorder: Option<PathBuf>,
    /// The toolchain of rustup's to use; `None`: the one that runs this program.
    pub toolchain: Option<String>,
    /// `--config`, each as `KEY=VALUE`.
    pub settings: Vec<String>,
    /// `-q`: cargo says only what goes wrong.
    pub quiet: bool,
    /// Cargo says nothing: what it is asked may well fail.
    pub silent: bool,
}

/// Which packages and targets. With nothing said: all members of the workspace where the manifest is its root's, else
/// the package of the manifest.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// `--package`: names or globs.
    pub packages: Vec<String>,
    /// `--workspace`.
    pub workspace: bool,
    /// `--exclude`: names or globs.
    pub exclude: Vec<String>,
    /// `--bench`: names or globs.
    pub benches: Vec<String>,
}

/// A bench target that can be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BenchTarget {
    /// Its package.
    pub package: String,
    /// Its name.
    pub name: String,
}

/// What was found in a project.
#[derive(Clone, Debug)]
pub struct Targets {
    /// What can be built.
    pub found: Vec<BenchTarget>,
    /// Bench targets that were left out, with the reason.
    pub skipped: Vec<Skipped>,
    /// Cargo's own target directory for this project.
    pub target_directory: PathBuf,
    pub(super) metadata: Metadata,
}

impl Targets {
    /// The folder of this project's results.
    pub fn results(&self) -> PathBuf {
        self.target_directory.join("perfgate")
    }

    /// Whether what `options` select is anything at all in `side`.
    pub fn check_selection(&self, side: &str, options: &CargoOptions) -> Result<(), WorkspaceError> {
        if self.found.is_empty() && self.skipped.is_empty() && !options.selection.benches.is_empty() {
            let names = options.selection.benches.join("`, `");
            return Err(WorkspaceError::Selection(format!(
                "no bench target of {side} matches `{names}`\nhelp: `cargo perfgate list` shows them"
            )));
        }
        Ok(())
    }
}

impl Targets {
    /// Where its packages reach out of the repository at `root`: the names beside it (`sibling` of `../sibling/x`), and what
    /// lies farther away.
    pub fn outside(&self, root: &Path) -> (Vec<String>, Vec<PathBuf>) {
        let own = self.metadata.packages.iter().map(|package| package.manifest_path.clone().into_std_path_buf());
        around::outside(own.chain([self.workspace_root().join("Cargo.toml")]), root)
    }
}

impl CargoOptions {
    /// Those of all of cargo's commands.
    fn common_flags(&self) -> Vec<OsString> {
        let switches = [(self.locked, "--locked"), (self.offline, "--offline")];
        let switches = switches.into_iter().filter(|(on, _)| *on).map(|(_, flag)| flag.into());
        let settings = self.settings.iter().flat_map(|setting| ["--config".into(), setting.into()]);
        switches.chain(settings).collect()
    }

    pub(super) fn flags(&self) -> Vec<OsString> {
        let mut flags = self.common_flags();
        let mut add = |on: bool, flag: &str| {
            if on {
                flags.push(flag.into());
            }
        };
        add(self.all_features, "--all-features");
        add(self.no_default_features, "--no-default-features");
        if !self.features.is_empty() {
            flags.extend(["--features".into(), self.features.join(",").into()]);
        }
        flags
    }
}

/// Cargo itself: the one that runs us, so that `cargo +nightly perfgate` means what it says, unless `toolchain` names
/// another.
pub(super) fn cargo(directory: &Path, toolchain: Option<&str>) -> Spawn {
    match toolchain {
        Some(name) => Spawn::new("rustup", directory).args(["run", name, "cargo"]),
        None => Spawn::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), directory),
    }
}

/// The manifest that is meant and the root of its workspace: both absolute.
pub fn locate(directory: &Path, manifest: Option<&Path>) -> Result<(PathBuf, PathBuf), WorkspaceError> {
    let ask = |workspace: bool| {
        let mut spawn = cargo(directory, None).args(["locate-project", "--message-format", "plain"]);
        if workspace {
            spawn = spawn.args(["--workspace"]);
        }
        if let Some(manifest) = manifest {
            spawn = spawn.args([OsString::from("--manifest-path"), directory.join(manifest).into()]);
        }
        spawn.stdout = Output::Keep;
        let ended = spawn.run()?;
        if !ended.status.success() {
            return Err(WorkspaceError::NoManifest { cause: cargo_error(&ended.stderr) });
        }
        let path = PathBuf::from(String::from_utf8_lossy(&ended.stdout).trim());
        Ok(path.canonicalize().unwrap_or(path))
    };
    let manifest = ask(false)?;
    let root = ask(true)?.parent().map(Path::to_owned).unwrap_or_default();
    Ok((manifest, root))
}

/// What cargo says of the packages of `side` at `manifest`, asked with `more` options.
pub(super) fn metadata(
    manifest: &Path,
    side: &str,
    options: &CargoOptions,
    more: &[&str],
) -> Result<Metadata, WorkspaceError> {
    let fail = |cause| WorkspaceError::Metadata { side: side.into(), manifest: manifest.to_owned(), cause };
    let directory = manifest.parent().unwrap_or(Path::new("."));
    let mut spawn = cargo(directory, options.toolchain.as_deref())
        .args(["metadata", "--format-version", "1"])
        .args(more)
        .args([Path::new("--manifest-path"), manifest])
        .args(options.common_flags());
    spawn.stdout = Output::Keep;
    let ended = spawn.run()?;
    if !ended.status.success() {
        return Err(fail(cargo_error(&ended.stderr)));
    }
    serde_json::from_slice(&ended.stdout).map_err(|e| fail(e.to_string()))
}

/// The bench targets of the project at `manifest`, as `side` has them.
pub fn targets(manifest: &Path, side: &str, options: &CargoOptions) -> Result<Targets, WorkspaceError> {
    let metadata = metadata(manifest, side, options, &["--no-deps"])?;
    let packages = selected_packages(&metadata, manifest, &options.selection)?;
    let wanted_benches = globs(&options.selection.benches)?;

    let (mut found, mut skipped) = (Vec::new(), Vec::new());
    for package in packages {
        let enabled = enabled_features(package, options);
        for target in package.targets.iter().filter(|target| target.kind.contains(&TargetKind::Bench)) {
            if !wanted_benches.is_empty() && !wanted_benches.iter().any(|glob| glob.is_match(&target.name)) {
                continue;
            }
            let missing: Vec<&str> =
                target.required_features.iter().map(String::as_str).filter(|name| !enabled.contains(*name)).collect();
            if missing.is_empty() {
                found.push(BenchTarget { package: package.name.to_string(), name: target.name.clone() });
            } else {
                let missing = missing.join(",");
                skipped.push(Skipped {
                    what: format!("{}::{}", package.name, target.name),
                    reason: format!("needs the features {missing}; add --features {missing}"),
                });
            }
        }
    }
    let target_directory = metadata.target_directory.clone().into_std_path_buf();
    Ok(Targets { found, skipped, target_directory, metadata })
}

fn selected_packages<'a>(
    metadata: &'a Metadata,
    manifest: &Path,
    selection: &Selection,
) -> Result<Vec<&'a Package>, WorkspaceError> {
    let members = metadata.workspace_packages();
    let excluded = globs(&selection.exclude)?;
    if !selection.packages.is_empty() {
        let mut chosen = Vec::new();
        for text in &selection.packages {
            // A package may be named with its version, `name@1.0`, as cargo allows.
            let glob = globs(&[text.split('@').next().unwrap_or(text).to_owned()])?;
            let before = chosen.len();
            chosen.extend(members.iter().copied().filter(|package| glob[0].is_match(package.name.as_str())));
            if chosen.len() == before {
                let known: Vec<&str> = members.iter().map(|package| package.name.as_str()).collect();
                return Err(WorkspaceError::Selection(format!(
                    "no package of the workspace matches `{text}`\nhelp: its packages are {}",
                    known.join(", ")
                )));
            }
        }
        return Ok(chosen);
    }
    let at_root = manifest.parent() == Some(metadata.workspace_root.as_std_path());
    Ok(members
        .into_iter()
        .filter(|package| at_root || selection.workspace || package.manifest_path.as_std_path() == manifest)
        .filter(|package| !excluded.iter().any(|glob| glob.is_match(package.name.as_str())))
        .collect())
}

fn globs(texts: &[String]) -> Result<Vec<globset::GlobMatcher>, WorkspaceError> {
    let compile = |text: &String| {
        Glob::new(text).map(|glob| glob.compile_matcher()).map_err(|e| {
            WorkspaceError::Selection(format!(
                "`{text}` is no name and no glob: {e}\nhelp: escape what is meant literally, such as `[[]`"
            ))
        })
    };
    texts.iter().map(compile).collect()
}

/// The features of `package` that the options enable, closed under what features enable in turn.
fn enabled_features(package: &Package, options: &CargoOptions) -> BTreeSet<String> {
    let mut open: Vec<String> = if options.all_features {
        package.features.keys().cloned().collect()
    } else {
        let named = options.features.iter().filter_map(|feature| match feature.split_once('/') {
            Some((name, feature)) => (name == package.name.as_str()).then(|| feature.to_owned()),
            None => Some(feature.clone()),
        });
        named.chain((!options.no_default_features).then(|| "default".to_owned())).collect()
    };
    let mut enabled = BTreeSet::new();
    while let Some(feature) = open.pop() {
        if enabled.insert(feature.clone()) {
            open.extend(package.features.get(&feature).into_iter().flatten().cloned());
        }
    }
    enabled
}

/// The line of cargo's output that says what is wrong, without its label; all of it where no line does.
pub(super) fn cargo_error(stderr: &str) -> String {
    let start = stderr.lines().skip_while(|line| !line.trim_start().starts_with("error")).collect::<Vec<_>>();
    let text = if start.is_empty() { stderr.trim().to_owned() } else { start.join("\n") };
    text.strip_prefix("error: ").unwrap_or(&text).trim().to_owned()
}
