//! Which of the files that two trees differ in are a bench target's own: its source and inputs, and not the code that it
//! measures.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Where a bench target and the code of its workspace lie, relative to the tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The source file of the target.
    pub source: PathBuf,
    /// The folder that holds all benches of its package, or its source alone.
    pub folder: PathBuf,
    /// The folders of libraries and programs.
    pub code: Vec<PathBuf>,
}

impl Place {
    /// The place of the target with `source`, of a package whose manifest lies in `package`.
    pub fn new(source: PathBuf, package: &Path, code: Vec<PathBuf>) -> Self {
        let usual = package.join("benches");
        let folder =
            if source.starts_with(&usual) { usual } else { source.parent().map(Path::to_owned).unwrap_or_default() };
        Self { source, folder, code }
    }

    /// Whether `path` lies in what benches measure: laid over base it would replace the very code that is compared.
    fn is_code(&self, path: &Path) -> bool {
        let nearer = |code: &PathBuf| self.folder != *code && self.folder.starts_with(code);
        let within = |code: &&PathBuf| path.starts_with(code);
        path != self.source
            && self.code.iter().filter(within).any(|code| !(nearer(code) && path.starts_with(&self.folder)))
    }

    /// Whether what lies beside the source may be read by it.
    fn holds_inputs(&self) -> bool {
        self.folder.ends_with("benches") || !self.code.iter().any(|code| code.starts_with(&self.folder))
    }
}

/// Those of the `changed` paths that are the target's own: what rustc `named` when it compiled it, and what lies beside
/// its source, where it may be read when it runs. `named` is `None` where that is not known: then all that lies there
/// counts. What a library is compiled of is never a bench's own.
pub fn own_changes(
    changed: &[PathBuf],
    named: Option<&BTreeSet<PathBuf>>,
    libraries: &BTreeSet<PathBuf>,
    place: &Place,
) -> BTreeSet<PathBuf> {
    let own = |path: &&PathBuf| {
        let manifest = path.file_name().is_some_and(|name| name == "Cargo.toml" || name == "Cargo.lock");
        if manifest || libraries.contains(*path) || place.is_code(path) {
            return false;
        }
        let beside = place.holds_inputs() && path.starts_with(&place.folder);
        let rust = path.extension().is_some_and(|ending| ending == "rs");
        match named {
            Some(named) => named.contains(*path) || (beside && !rust),
            None => **path == place.source || beside,
        }
    };
    changed.iter().filter(own).cloned().collect()
}
