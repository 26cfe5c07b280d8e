//! Which package depends on which, as cargo resolves a workspace with all features for all platforms: whatever is built, its
//! dependencies are among these.

use std::path::{Path, PathBuf};

use cargo_metadata::TargetKind;

use super::WorkspaceError;
use super::manifest::{CargoOptions, metadata};

/// A package of any source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Cargo's id of it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it is a member of the workspace.
    pub member: bool,
    /// The folder of its manifest, absolute.
    pub folder: PathBuf,
    /// The source of its build script, absolute.
    pub script: Option<PathBuf>,
    /// The sources of its other targets, absolute.
    pub sources: Vec<PathBuf>,
    /// The ids of what it depends on directly: normal, build and dev dependencies.
    pub dependencies: Vec<String>,
}

/// The root of the workspace of `manifest`, as cargo spells it, and all packages that it depends on, its own among them.
pub fn graph(manifest: &Path, options: &CargoOptions) -> Result<(PathBuf, Vec<Node>), WorkspaceError> {
    let metadata = metadata(manifest, "head", options, &["--all-features"])?;
    let resolved = metadata.resolve.as_ref().ok_or_else(|| WorkspaceError::Metadata {
        side: "head".to_owned(),
        manifest: manifest.to_owned(),
        cause: "cargo resolved no dependencies".to_owned(),
    })?;
    let node = |package: &cargo_metadata::Package| {
        let node = resolved.nodes.iter().find(|node| node.id == package.id);
        let is_script = |target: &&cargo_metadata::Target| target.kind.contains(&TargetKind::CustomBuild);
        let source = |target: &cargo_metadata::Target| target.src_path.clone().into_std_path_buf();
        Node {
            id: package.id.repr.clone(),
            name: package.name.to_string(),
            member: metadata.workspace_members.contains(&package.id),
            folder: package.manifest_path.parent().map(|path| path.as_std_path().to_owned()).unwrap_or_default(),
            script: package.targets.iter().find(is_script).map(source),
            sources: package.targets.iter().filter(|target| !is_script(target)).map(source).collect(),
            dependencies: node.iter().flat_map(|node| &node.dependencies).map(|id| id.repr.clone()).collect(),
        }
    };
    Ok((metadata.workspace_root.clone().into_std_path_buf(), metadata.packages.iter().map(node).collect()))
}
