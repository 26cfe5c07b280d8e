//! Where a project keeps the sources of its benches, and where the code that they measure.

use std::path::{Path, PathBuf};

use cargo_metadata::{Package, TargetKind};

use super::around;
use super::manifest::Targets;

/// Whether the package with this manifest has bench targets, as far as it and its folder tell without cargo.
pub fn has_benches(manifest: &Path) -> bool {
    let named = around::read(manifest).is_some_and(|table| table.contains_key("bench"));
    named || manifest.with_file_name("benches").is_dir()
}

impl Targets {
    /// The root of the workspace, as cargo was shown it: it is where rustc works, and what relative paths mean.
    pub fn workspace_root(&self) -> &Path {
        self.metadata.workspace_root.as_std_path()
    }

    /// The source file of a bench target.
    pub fn bench_source(&self, package: &str, target: &str) -> Option<PathBuf> {
        let mut targets = self.package(package)?.targets.iter();
        let found = targets.find(|known| known.name == target && known.kind.contains(&TargetKind::Bench))?;
        Some(found.src_path.clone().into_std_path_buf())
    }

    /// The manifests of all packages of the workspace.
    pub fn manifests(&self) -> impl Iterator<Item = &Path> {
        self.metadata.packages.iter().map(|package| package.manifest_path.as_std_path())
    }

    /// The manifest of a package.
    pub fn manifest_of(&self, package: &str) -> Option<PathBuf> {
        Some(self.package(package)?.manifest_path.clone().into_std_path_buf())
    }

    /// The folders in which libraries and programs of the workspace have their sources.
    pub fn code_folders(&self) -> Vec<PathBuf> {
        let apart = [TargetKind::Bench, TargetKind::Test, TargetKind::Example, TargetKind::CustomBuild];
        let targets = self.metadata.packages.iter().flat_map(|package| &package.targets);
        let code = targets.filter(|target| !target.kind.iter().any(|kind| apart.contains(kind)));
        code.filter_map(|target| target.src_path.parent()).map(|folder| folder.as_std_path().to_owned()).collect()
    }

    /// Only those of the bench targets that are `wanted`; the others are left out for this `reason`.
    pub fn only(mut self, wanted: impl Fn(&str, &str) -> bool, reason: &str) -> Self {
        let (found, left): (Vec<_>, Vec<_>) =
            self.found.into_iter().partition(|target| wanted(&target.package, &target.name));
        self.found = found;
        self.skipped.extend(left.into_iter().map(|target| crate::model::Skipped {
            what: format!("{}::{}", target.package, target.name),
            reason: reason.to_owned(),
        }));
        self
    }

    fn package(&self, name: &str) -> Option<&Package> {
        self.metadata.packages.iter().find(|package| package.name.as_str() == name)
    }
}
