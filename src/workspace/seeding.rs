//! What one side takes over of another's build: dependencies are compiled once then, and only what differs is built again.
//!
//! It is all or nothing. Cargo trusts in file times, and rustc in libraries that were compiled with each other: both hold
//! of a build as a whole, and of parts of two builds neither would.

use std::collections::BTreeSet;
use std::fs::{self, File, FileTimes};
use std::io;
use std::path::Path;

use toml::Value;

use super::around::read;
use super::units::units_in;

/// Makes the slot `new` a copy of the slot `from`.
pub(super) fn copy_slot(from: &Path, new: &Path) -> io::Result<()> {
    let partial = new.with_extension("partial");
    let remove = |folder: &Path| if folder.exists() { fs::remove_dir_all(folder) } else { Ok(()) };
    remove(&partial)?;
    copy_tree(from, &partial).inspect_err(|_| drop(remove(&partial)))?;
    remove(new)?;
    fs::rename(&partial, new)
}

/// Whether the target directory `new` lacks most of the dependencies that were compiled in `from`, of those that the lock
/// file of `from` fetches from elsewhere: by other flags, another toolchain or another workspace all of them are compiled
/// anew, by a new dependency a few.
pub(super) fn lacks_most(new: &Path, from: &Path, lock: &Path) -> io::Result<bool> {
    let lock = read(lock).unwrap_or_default();
    let packages = lock.get("package").and_then(Value::as_array).into_iter().flatten();
    let fetched: BTreeSet<&str> = packages
        .filter(|package| package.get("source").is_some())
        .filter_map(|package| package.get("name")?.as_str())
        .collect();
    let known: BTreeSet<_> = units_in(new)?.into_iter().map(|unit| unit.path).collect();
    let (mut compiled, mut lacking) = (BTreeSet::new(), BTreeSet::new());
    for unit in units_in(from)?.into_iter().filter(|unit| fetched.contains(&*unit.package)) {
        if !known.contains(&unit.path) {
            lacking.insert(unit.package.clone());
        }
        compiled.insert(unit.package);
    }
    Ok(lacking.len() * 2 > compiled.len())
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
