//! What one side takes over of another's build: dependencies are compiled once then, and only what differs is built again.

use std::collections::BTreeSet;
use std::fs::{self, File, FileTimes};
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Where cargo keeps, by package and hash, what it knows of each part of a build that is finished.
const FINGERPRINTS: &str = ".fingerprint";

/// Starts the slot `new` as a copy of the slot `from`.
pub(super) fn copy_slot(from: &Path, new: &Path) -> io::Result<()> {
    let partial = new.with_extension("partial");
    if partial.exists() {
        fs::remove_dir_all(&partial)?;
    }
    copy_tree(from, &partial)?;
    fs::rename(&partial, new)
}

/// Brings to the target directory `new` what `from` has beside it of the dependencies that the lock file of `from` fetches
/// from elsewhere. A name's hash tells what was built and how, and cargo checks all of it before it takes it for fresh.
/// Packages of the repository are left out: of these cargo trusts the times of files, which are the tree's own.
pub(super) fn add_dependencies(from: &Path, new: &Path, lock: &Path) -> io::Result<()> {
    let Some(fetched) = fs::read_to_string(lock).ok().and_then(|lock| fetched(&lock)) else { return Ok(()) };
    for folder in build_folders(from)? {
        let (from, new) = (from.join(&folder), new.join(&folder));
        let missing: Vec<String> = names_in(&from.join(FINGERPRINTS))?
            .into_iter()
            .filter(|unit| unit.rsplit_once('-').is_some_and(|(package, _)| fetched.contains(package)))
            .filter(|unit| !new.join(FINGERPRINTS).join(unit).exists())
            .collect();
        if missing.is_empty() {
            continue;
        }
        let hashes: BTreeSet<&str> = missing.iter().filter_map(|unit| Some(unit.rsplit_once('-')?.1)).collect();
        for name in names_in(&from.join("deps"))? {
            let stem = name.split_once('.').map_or(&*name, |(stem, _)| stem);
            if stem.rsplit_once('-').is_some_and(|(_, hash)| hashes.contains(hash)) {
                let copy = new.join("deps").join(&name);
                fs::create_dir_all(new.join("deps"))?;
                if copy.exists() {
                    fs::remove_file(&copy)?;
                }
                copy_file(&from.join("deps").join(&name), &copy)?;
            }
        }
        // The fingerprint last: without it the rest is nothing to cargo.
        for part in ["build", FINGERPRINTS] {
            for unit in &missing {
                let (from, new) = (from.join(part).join(unit), new.join(part).join(unit));
                if !from.is_dir() {
                    continue;
                }
                // What a copy or a build left here that was cut off.
                if new.exists() {
                    fs::remove_dir_all(&new)?;
                }
                copy_tree(&from, &new)?;
            }
        }
    }
    Ok(())
}

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    source: Option<String>,
}

/// The names that only packages from elsewhere have. `None` for what is no lock file.
fn fetched(lock: &str) -> Option<BTreeSet<String>> {
    let lock: Lock = toml::from_str(lock).ok()?;
    let (fetched, own): (Vec<Package>, Vec<Package>) =
        lock.package.into_iter().partition(|package| package.source.is_some());
    let own: BTreeSet<String> = own.into_iter().map(|package| package.name).collect();
    Some(fetched.into_iter().map(|package| package.name).filter(|name| !own.contains(name)).collect())
}

/// The folders of a target directory that cargo builds in, relative to it: one for each profile, and for each target that
/// is named.
fn build_folders(target: &Path) -> io::Result<Vec<PathBuf>> {
    let profiles = |folder: &Path| -> io::Result<Vec<PathBuf>> {
        let names = names_in(&target.join(folder))?.into_iter();
        Ok(names.map(|name| folder.join(name)).collect())
    };
    let mut folders = profiles(Path::new(""))?;
    for folder in folders.clone() {
        folders.extend(profiles(&folder)?);
    }
    folders.retain(|folder| target.join(folder).join(FINGERPRINTS).is_dir());
    Ok(folders)
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

/// Copies with the times, by which cargo tells what is fresh.
fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target, kind) = (entry.path(), to.join(entry.file_name()), entry.file_type()?);
        if kind.is_symlink() {
            #[cfg(unix)]
            std::os::unix::fs::symlink(fs::read_link(&source)?, &target)?;
        } else if kind.is_dir() {
            copy_tree(&source, &target)?;
        } else {
            copy_file(&source, &target)?;
        }
    }
    Ok(())
}

fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to)?;
    let facts = fs::metadata(from)?;
    let mut times = FileTimes::new().set_modified(facts.modified()?);
    if let Ok(accessed) = facts.accessed() {
        times = times.set_accessed(accessed);
    }
    // Opening for writing fails on read-only files; their times do not matter enough to change their mode.
    if let Ok(file) = File::options().write(true).open(to) {
        file.set_times(times)?;
    }
    Ok(())
}
