//! Which packages a change can have affected (`--affected`): those in whose folder something changed, and those that depend
//! on them. Whatever does not plainly belong to one package affects all.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::project::{Setting, WrittenTree};
use super::suites::Suites;
use super::{FlowError, Progress};
use crate::report::{counted, visible};
use crate::vcs::Base;
use crate::workspace::{self, Node, Slot, TOOLCHAIN_FILES};

/// Why a bench target is left out.
pub(super) const REASON: &str = "nothing that it depends on changed";

/// What is known of a workspace; all paths are relative to the tree that it lies in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The folder of the workspace.
    pub root: PathBuf,
    /// The packages whose folders lie in the tree.
    pub packages: Vec<Package>,
    /// The paths of submodules.
    pub submodules: Vec<PathBuf>,
    /// What cargo's configuration files in the tree say, one after the other.
    pub configuration: String,
}

/// A package that lies in the tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    /// The source of its build script.
    pub script: Option<PathBuf>,
    /// Whether it may be compiled of what lies outside of its folder, or read that.
    pub reaches_out: bool,
    /// The folders of all packages in the tree that it depends on, however indirectly.
    pub depends_on: BTreeSet<PathBuf>,
}

/// What a change affects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Affected {
    /// Everything, for a reason.
    Everything(String),
    /// The packages of these names.
    Packages(BTreeSet<String>),
}

/// The folders of a package in which cargo looks for its targets.
const USUAL: [&str; 4] = ["src", "benches", "tests", "examples"];

/// What is affected where `changed` are the paths in which base and head differ.
///
/// Everything is, where a path is no text, is a manifest, a lock or toolchain file, a build script, lies in a submodule, in a
/// folder or file whose name begins with a dot (cargo's configuration, git's attributes, the workflow that sets variables),
/// or in no package; likewise where cargo's configuration names such a file or leads to paths by itself, and where a path in
/// the workspace's root is not among the sources of the package there. Since manifests and lock files are among these,
/// both sides have the same packages with the same dependencies wherever less than everything is affected.
pub fn affected(changed: &[PathBuf], layout: &Layout) -> Affected {
    let mut touched: BTreeSet<&Path> = BTreeSet::new();
    for path in changed {
        match owner(path, layout) {
            Ok(folder) => drop(touched.insert(folder)),
            Err(why) => return Affected::Everything(format!("{}: {why}", visible(&path.to_string_lossy()))),
        }
    }
    let reached =
        |package: &&Package| touched.contains(package.folder.as_path()) || (package.reaches_out && !touched.is_empty());
    let direct: BTreeSet<&Path> = layout.packages.iter().filter(reached).map(|p| p.folder.as_path()).collect();
    let is_affected = |package: &&Package| {
        direct.contains(package.folder.as_path()) || package.depends_on.iter().any(|on| direct.contains(on.as_path()))
    };
    Affected::Packages(layout.packages.iter().filter(is_affected).map(|package| package.name.clone()).collect())
}

/// The folder of the package that `path` belongs to; else why it may matter to all.
fn owner<'l>(path: &Path, layout: &'l Layout) -> Result<&'l Path, &'static str> {
    let text = path.to_str().ok_or("its name is no text")?;
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if name == "Cargo.toml" || name == "Cargo.lock" {
        return Err("dependencies, features or profiles may differ");
    }
    if TOOLCHAIN_FILES.contains(&name) {
        return Err("the toolchain may differ");
    }
    if text.split('/').any(|part| part.starts_with('.')) {
        return Err("settings may differ");
    }
    if layout.submodules.iter().any(|submodule| path.starts_with(submodule)) {
        return Err("a submodule changed");
    }
    if name == "build.rs" || layout.packages.iter().any(|package| package.script.as_deref() == Some(path)) {
        return Err("a build script changed");
    }
    if layout.configuration.contains(name) || layout.configuration.contains("relative") {
        return Err("cargo's configuration leads to files");
    }
    let within = layout.packages.iter().filter(|package| path.starts_with(&package.folder));
    let nearest = within.max_by_key(|package| package.folder.components().count());
    let Some(folder) = nearest.map(|package| package.folder.as_path()) else {
        return Err("it belongs to no package");
    };
    let usual = path.strip_prefix(folder).is_ok_and(|inside| USUAL.iter().any(|usual| inside.starts_with(usual)));
    if folder == layout.root && !usual {
        // Programs that run while others are compiled start there, and may read it.
        return Err("it lies in the root of the workspace");
    }
    Ok(folder)
}

impl Setting {
    /// From now on nothing is built of packages that the change from `base` to head does not affect.
    pub(super) fn leave_out_unaffected(&mut self, base: &Base, progress: &mut dyn Progress) -> Result<(), FlowError> {
        progress.phase("change looked at");
        let head = self.head_tree()?;
        let place = self.write_head(&head)?;
        let before = self.repository.tree_of(&base.commit, &self.slots.slot(Slot::Head))?;
        let changed = self.changed_paths(&before, &head)?;
        let found = match workspace::graph(&place.shown.join(&self.manifest), &self.request.cargo) {
            Ok((root, nodes)) => {
                let mut submodules = self.repository.submodules_of(&base.commit)?;
                submodules.extend(self.repository.submodules_of(&self.head.commit)?);
                Ok((layout(&place, &root, &nodes, submodules), nodes))
            }
            Err(e) => Err(e.to_string().lines().next().unwrap_or_default().to_owned()),
        };
        let (affected, nodes) = match found {
            Ok((layout, nodes)) => (affected(&changed, &layout), nodes),
            Err(why) => (Affected::Everything(why), Vec::new()),
        };
        let message = match affected {
            Affected::Everything(why) => format!("all packages: {why}"),
            Affected::Packages(affected) => {
                let members: BTreeSet<String> =
                    nodes.into_iter().filter(|node| node.member).map(|node| node.name).collect();
                let all = members.len();
                self.unaffected = members.into_iter().filter(|name| !affected.contains(name)).collect();
                match all - self.unaffected.len() {
                    left if left == all => "all packages: the change reaches each of them".to_owned(),
                    left => format!("{left} of {}: nothing that the others depend on changed", counted(all, "package")),
                }
            }
        };
        progress.status("Selecting", &message);
        Ok(())
    }
}

/// Whether benches were left out because nothing affects them. They stand for a comparison, unless others should have been
/// compared, and base could not be built.
pub(super) fn leaves_out(suites: &Suites) -> bool {
    let none = suites.open.is_empty() && suites.settled.is_empty();
    (none || !suites.unbuilt) && suites.skipped.iter().any(|skipped| skipped.reason == REASON)
}

/// What there is of `nodes` in the tree that was written to `place`.
fn layout(place: &WrittenTree, root: &Path, nodes: &[Node], submodules: Vec<PathBuf>) -> Layout {
    let relative = |path: &Path| path.strip_prefix(&place.shown).ok().map(Path::to_owned);
    let by_id: BTreeMap<&str, &Node> = nodes.iter().map(|node| (node.id.as_str(), node)).collect();
    let depends_on = |node: &Node| {
        let mut open: Vec<&str> = node.dependencies.iter().map(String::as_str).collect();
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        while let Some(id) = open.pop() {
            if seen.insert(id)
                && let Some(node) = by_id.get(id)
            {
                open.extend(node.dependencies.iter().map(String::as_str));
            }
        }
        seen.into_iter().filter_map(|id| relative(&by_id.get(id)?.folder)).collect()
    };
    let mut packages: Vec<Package> = Vec::new();
    for node in nodes {
        let Some(folder) = relative(&node.folder) else { continue };
        let elsewhere = |source: &PathBuf| !source.starts_with(&node.folder);
        packages.push(Package {
            name: node.name.clone(),
            folder,
            script: node.script.as_deref().and_then(relative),
            reaches_out: node.sources.iter().chain(&node.script).any(elsewhere),
            depends_on: depends_on(node),
        });
    }
    let files = &place.checked_out.files;
    let mut configuration = String::new();
    for path in place.checked_out.tracked() {
        let text = || fs::read(files.join(&path)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        if path.iter().any(|part| part == ".cargo") {
            configuration.push_str(&text().unwrap_or_default());
        }
        let within = packages.iter_mut().filter(|package| path.starts_with(&package.folder));
        let Some(package) = within.max_by_key(|package| package.folder.components().count()) else { continue };
        if !package.reaches_out {
            let is_source = path.extension().is_some_and(|ending| ending == "rs");
            package.reaches_out =
                files.join(&path).is_symlink() || (is_source && text().is_ok_and(|text| leads_out(&text)));
        }
    }
    Layout { root: relative(root).unwrap_or_default(), packages, submodules, configuration }
}

/// Whether source code may lead to files outside of its package: `include_str!("../../x")`, a path that is put together, a
/// module that lies elsewhere.
fn leads_out(source: &str) -> bool {
    ["../", "..\\", "\"..\"", ".parent()", ".ancestors()"].iter().any(|sign| source.contains(sign))
}
