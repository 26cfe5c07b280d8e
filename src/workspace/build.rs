//! Building bench executables, one cargo call for all where that is possible. One target that does not compile never
//! hides the others.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use cargo_metadata::{Message, Package, TargetKind, diagnostic::DiagnosticLevel};

use super::WorkspaceError;
use super::identity::{executable_identity, short_hash};
use super::manifest::{BenchTarget, CargoOptions, Targets, cargo, cargo_error};
use crate::instrument::{CHAINED, Output, RECORDS, Relink, cores, cpu_model, machine_id, record_name};
use crate::model::{Environment, Skipped};

/// The folder in a target directory for records of links.
const RECORDS_FOLDER: &str = "perfgate-links";

/// A bench executable of one side, and how cargo would run it.
#[derive(Clone, Debug)]
pub struct BenchExecutable {
    /// Its package.
    pub package: String,
    /// Its bench target.
    pub target: String,
    /// The file that cargo built.
    pub path: PathBuf,
    /// The record of its link, where there is one.
    pub relink: Option<Relink>,
    /// The working directory that cargo gives it: the package's root.
    pub directory: PathBuf,
    /// The variables that cargo gives it.
    pub environment: Vec<(OsString, OsString)>,
    identity: OnceLock<String>,
}

impl BenchExecutable {
    /// See [`executable_identity`]; computed once.
    pub fn identity(&self) -> io::Result<&str> {
        if let Some(known) = self.identity.get() {
            return Ok(known);
        }
        let identity = executable_identity(&self.path)?;
        Ok(self.identity.get_or_init(|| identity))
    }
}

/// What a build gave.
#[derive(Clone, Debug, Default)]
pub struct Built {
    /// In the order of packages and targets.
    pub executables: Vec<BenchExecutable>,
    /// Targets that do not compile, with cargo's first error line.
    pub failed: Vec<Skipped>,
    /// The compiler's errors, rendered with colour.
    pub diagnostics: Vec<String>,
}

/// Builds `targets` into `target_directory`. `real` is the folder that the sources under `shown` (the path that cargo
/// sees) really lie in: executables run there.
///
/// Fails only where cargo could not be started; that nothing could be built is for the caller to judge.
pub fn build(
    targets: &Targets,
    target_directory: &Path,
    shown: &Path,
    real: &Path,
    options: &CargoOptions,
) -> Result<Built, WorkspaceError> {
    let mut built = Built::default();
    for group in groups(&targets.found, &targets.skipped) {
        build_group(&group, targets, target_directory, options, &mut built)?;
    }
    let real_target = target_directory.strip_prefix(shown).map_or(target_directory.to_owned(), |p| real.join(p));
    for executable in &mut built.executables {
        if let Ok(inside) = executable.directory.strip_prefix(shown) {
            executable.directory = real.join(inside);
        }
        let record = real_target.join(RECORDS_FOLDER).join(record_name(&executable.path));
        executable.relink = Relink::open(record);
        if let Ok(inside) = executable.path.strip_prefix(shown) {
            executable.path = real.join(inside);
        }
        for (_, value) in &mut executable.environment {
            if let Ok(inside) = Path::new(value).strip_prefix(shown) {
                *value = real.join(inside).into_os_string();
            }
        }
    }
    built.executables.sort_by(|a, b| (&a.package, &a.target).cmp(&(&b.package, &b.target)));
    Ok(built)
}

/// Cargo takes `--package` and `--bench` as a product: a target that must not be built in one package may not be named
/// while another package has one of that name. Such packages are built by calls of their own.
fn groups<'a>(found: &'a [BenchTarget], skipped: &[Skipped]) -> Vec<Vec<&'a BenchTarget>> {
    let mut by_package: BTreeMap<&str, Vec<&BenchTarget>> = BTreeMap::new();
    for target in found {
        by_package.entry(&target.package).or_default().push(target);
    }
    let clashes = |package: &str, names: &[&BenchTarget]| {
        names.iter().any(|other| skipped.iter().any(|left| left.what == format!("{package}::{}", other.name)))
    };
    let mut groups: Vec<Vec<&BenchTarget>> = Vec::new();
    for (package, targets) in by_package {
        let room = groups
            .iter_mut()
            .find(|group| !clashes(package, group) && !group.iter().any(|member| clashes(&member.package, &targets)));
        match room {
            Some(group) => group.extend(targets),
            None => groups.push(targets),
        }
    }
    groups
}

fn build_group(
    group: &[&BenchTarget],
    targets: &Targets,
    target_directory: &Path,
    options: &CargoOptions,
    built: &mut Built,
) -> Result<(), WorkspaceError> {
    let root = targets.metadata.workspace_root.as_std_path();
    let mut packages: Vec<&str> = group.iter().map(|target| target.package.as_str()).collect();
    packages.dedup();
    let mut spawn = cargo(root, options.toolchain.as_deref())
        .args(["build", "--keep-going", "--message-format", "json-diagnostic-rendered-ansi", "--manifest-path"])
        .args([root.join("Cargo.toml").into_os_string(), "--target-dir".into(), target_directory.into()])
        .args(["--profile", options.profile.as_deref().unwrap_or("bench")])
        .args(options.flags());
    for package in packages {
        // A package may depend on another version of itself, or its harness on this very one: by its id it is the only one.
        // Before cargo 1.77 ids were no specifications.
        let known = targets.metadata.packages.iter().find(|known| known.name.as_str() == package);
        let specification = match known {
            Some(known) if known.id.repr.contains('#') => known.id.repr.clone(),
            Some(known) => format!("{package}@{}", known.version),
            None => package.to_owned(),
        };
        spawn = spawn.args(["--package".to_owned(), specification]);
    }
    for target in group {
        spawn = spawn.args(["--bench", &target.name]);
    }
    if let Some(triple) = &options.target {
        spawn = spawn.args(["--target", triple]);
    }
    if options.quiet || options.silent {
        spawn = spawn.args(["--quiet"]);
    }
    // Variables of an outer build would redirect this one.
    spawn = spawn.env_remove("CARGO_TARGET_DIR").env_remove("CARGO_BUILD_TARGET_DIR");
    // A build folder that the user set for all projects would be shared by both sides.
    spawn = spawn.env("CARGO_BUILD_BUILD_DIR", target_directory);
    if let Some(recorder) = &options.recorder {
        spawn = spawn.env(RECORDS, target_directory.join(RECORDS_FOLDER));
        if let Some(own) = std::env::var_os("RUSTC_WORKSPACE_WRAPPER").filter(|own| !own.is_empty()) {
            spawn = spawn.env(CHAINED, own);
        }
        spawn = spawn.env("RUSTC_WORKSPACE_WRAPPER", recorder);
    }
    spawn.stdout = Output::Keep;
    spawn.stderr = if options.silent { Output::Keep } else { Output::Show };
    let ended = spawn.run()?;

    let mut first_error: BTreeMap<(String, String), String> = BTreeMap::new();
    let mut any_error = None;
    let mut libraries: BTreeMap<String, Vec<OsString>> = BTreeMap::new();
    let mut out_directories: BTreeMap<String, OsString> = BTreeMap::new();
    let mut artifacts = Vec::new();
    for message in Message::parse_stream(ended.stdout.as_slice()).filter_map(Result::ok) {
        match message {
            Message::CompilerArtifact(artifact) => {
                if artifact.target.kind.contains(&TargetKind::Bench)
                    && let Some(path) = artifact.executable.clone()
                {
                    artifacts.push((artifact, path));
                }
            }
            Message::CompilerMessage(message) if message.message.level == DiagnosticLevel::Error => {
                let key = (message.package_id.repr.clone(), message.target.name.clone());
                built.diagnostics.extend(message.message.rendered);
                any_error.get_or_insert_with(|| message.message.message.clone());
                first_error.entry(key).or_insert(message.message.message);
            }
            Message::BuildScriptExecuted(script) => {
                let id = script.package_id.repr.clone();
                out_directories.insert(id.clone(), script.out_dir.into_os_string());
                let paths = script.linked_paths.iter().map(|path| {
                    let path = path.as_str();
                    path.split_once('=').map_or(path, |(_, path)| path).into()
                });
                libraries.entry(id).or_default().extend(paths);
            }
            _ => {}
        }
    }
    let package_of = |id: &cargo_metadata::PackageId| targets.metadata.packages.iter().find(|p| p.id == *id);
    for target in group {
        let artifact = artifacts.iter().find(|(artifact, _)| {
            artifact.target.name == target.name
                && package_of(&artifact.package_id).is_some_and(|package| package.name.as_str() == target.package)
        });
        let package = targets.metadata.packages.iter().find(|package| package.name.as_str() == target.package);
        match (artifact, package) {
            (Some((_, path)), Some(package)) => built.executables.push(BenchExecutable {
                package: target.package.clone(),
                target: target.name.clone(),
                path: path.clone().into_std_path_buf(),
                relink: None,
                directory: package.manifest_path.parent().map(|p| p.as_std_path().to_owned()).unwrap_or_default(),
                environment: run_environment(package, &libraries, out_directories.get(&package.id.repr), path.as_ref()),
                identity: OnceLock::new(),
            }),
            _ => {
                let own = package
                    .and_then(|package| first_error.get(&(package.id.repr.clone(), target.name.clone())).cloned());
                let cause = own.or_else(|| any_error.clone()).unwrap_or_else(|| cargo_error(&ended.stderr));
                let cause = cause.lines().next().unwrap_or("cargo failed without a compiler's error").to_owned();
                built.failed.push(Skipped {
                    what: format!("{}::{}", target.package, target.name),
                    reason: format!("does not compile: {cause}"),
                });
            }
        }
    }
    Ok(())
}

/// The variables that cargo sets for a bench executable that it runs.
fn run_environment(
    package: &Package,
    libraries: &BTreeMap<String, Vec<OsString>>,
    out_directory: Option<&OsString>,
    executable: &Path,
) -> Vec<(OsString, OsString)> {
    let version = &package.version;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let mut variables: Vec<(OsString, OsString)> = [
        ("CARGO_MANIFEST_DIR", package.manifest_path.parent().map(|path| path.to_string()).unwrap_or_default()),
        ("CARGO_MANIFEST_PATH", package.manifest_path.to_string()),
        ("CARGO_PKG_NAME", package.name.to_string()),
        ("CARGO_PKG_VERSION", version.to_string()),
        ("CARGO_PKG_VERSION_MAJOR", version.major.to_string()),
        ("CARGO_PKG_VERSION_MINOR", version.minor.to_string()),
        ("CARGO_PKG_VERSION_PATCH", version.patch.to_string()),
        ("CARGO_PKG_VERSION_PRE", version.pre.to_string()),
        ("CARGO_PKG_AUTHORS", package.authors.join(":")),
        ("CARGO_PKG_DESCRIPTION", text(&package.description)),
        ("CARGO_PKG_HOMEPAGE", text(&package.homepage)),
        ("CARGO_PKG_REPOSITORY", text(&package.repository)),
        ("CARGO_PKG_LICENSE", text(&package.license)),
    ]
    .map(|(name, value)| (name.into(), value.into()))
    .into();
    if let Ok(cargo) = std::env::var("CARGO") {
        variables.push(("CARGO".into(), cargo.into()));
    }
    if let Some(directory) = out_directory {
        variables.push(("OUT_DIR".into(), directory.clone()));
    }
    let name = if cfg!(windows) {
        "PATH"
    } else if cfg!(target_os = "macos") {
        "DYLD_FALLBACK_LIBRARY_PATH"
    } else {
        "LD_LIBRARY_PATH"
    };
    let mut paths: Vec<PathBuf> = libraries.values().flatten().map(PathBuf::from).collect();
    paths.extend(executable.parent().map(Path::to_owned));
    paths.extend(std::env::var_os(name).iter().flat_map(std::env::split_paths));
    if let Ok(joined) = std::env::join_paths(paths) {
        variables.push((name.into(), joined));
    }
    variables
}

/// The first line of `rustc -vV` and the host triple, as `directory` chooses the toolchain.
pub fn rustc_version(directory: &Path) -> Result<(String, String), WorkspaceError> {
    let program = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut spawn = crate::instrument::Spawn::new(program, directory).args(["-vV"]);
    spawn.stdout = Output::Keep;
    let ended = spawn.run()?;
    let text = String::from_utf8_lossy(&ended.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default().to_owned();
    Ok((text.lines().next().unwrap_or_default().to_owned(), host))
}

/// The environment of executables built in `directory` with `options` and run on this machine.
pub fn environment_of(directory: &Path, options: &CargoOptions) -> Result<Environment, WorkspaceError> {
    let (rustc, host) = rustc_version(directory)?;
    let (cpu, count, os) = (cpu_model(), cores().len().max(1), std::env::consts::OS.to_owned());
    let target = options.target.clone().unwrap_or(host);
    let profile = options.profile.clone().unwrap_or_else(|| "bench".to_owned());
    let machine = short_hash(&[b"machine", machine_id().as_bytes()]);
    let count_text = count.to_string();
    let key = short_hash(&[&cpu, &count_text, &os, &target, &profile, &machine].map(|part: &String| part.as_bytes()));
    Ok(Environment { cpu, cores: count, os, target, profile, rustc, machine, key })
}
