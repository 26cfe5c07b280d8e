//! The parts of a build that cargo keeps in a target directory, and when they are out of date without its knowing.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::around::read;

/// Where cargo keeps, by package and hash, what it knows of each part of a build that is finished.
const FINGERPRINTS: &str = ".fingerprint";
/// What makes a folder a vendored package.
pub const CHECKSUMS: &str = ".cargo-checksum.json";

/// A part of a build that cargo knows by its package and a hash of all that decides how it is built.
pub(super) struct Unit {
    /// The package's name.
    pub package: String,
    /// Cargo's folder for it, relative to the target directory.
    pub path: PathBuf,
}

/// What was built in a target directory; nothing where cargo lays it out in a way that is not known.
pub(super) fn units_in(target: &Path) -> io::Result<Vec<Unit>> {
    let mut units = Vec::new();
    // One folder for each profile, and for each target that is named.
    for outer in names_in(target)?.into_iter().map(PathBuf::from) {
        let inner = names_in(&target.join(&outer))?.into_iter().map(|name| outer.join(name));
        for folder in inner.chain([outer.clone()]) {
            let fingerprints = folder.join(FINGERPRINTS);
            for name in names_in(&target.join(&fingerprints))? {
                if let Some((package, _)) = name.rsplit_once('-') {
                    units.push(Unit { package: package.to_owned(), path: fingerprints.join(&name) });
                }
            }
        }
    }
    Ok(units)
}

/// Has cargo compile packages again that are vendored in a tree and changed after they were compiled: it goes by their names
/// and versions alone. `checksums` are the files of this name in the tree, which change with their packages.
pub fn forget_changed_vendored(checksums: &[PathBuf], target: &Path) -> io::Result<()> {
    let mut changed: BTreeMap<String, SystemTime> = BTreeMap::new();
    for file in checksums {
        let manifest = read(&file.with_file_name("Cargo.toml")).unwrap_or_default();
        let Some(name) = manifest.get("package").and_then(|package| package.get("name")?.as_str()) else { continue };
        // A link may lead nowhere.
        let Ok(written) = fs::metadata(file).and_then(|facts| facts.modified()) else { continue };
        let newest = changed.entry(name.to_owned()).or_insert(written);
        *newest = written.max(*newest);
    }
    if changed.is_empty() {
        return Ok(());
    }
    for unit in units_in(target)? {
        let folder = target.join(&unit.path);
        if let Some(changed) = changed.get(&unit.package)
            && finished(&folder)?.is_none_or(|finished| finished <= *changed)
        {
            fs::remove_dir_all(folder)?;
        }
    }
    Ok(())
}

/// When cargo last wrote into its folder of a unit.
fn finished(folder: &Path) -> io::Result<Option<SystemTime>> {
    let times = fs::read_dir(folder)?.map(|entry| entry?.metadata()?.modified());
    times.collect::<io::Result<Vec<SystemTime>>>().map(|times| times.into_iter().max())
}

/// What a folder holds; nothing where it is none.
fn names_in(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(Vec::new()),
        Err(e) => return Err(e),
    };
    // Cargo's own names are all text.
    entries.filter_map(|entry| entry.map(|entry| entry.file_name().into_string().ok()).transpose()).collect()
}
