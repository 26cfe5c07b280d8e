//! Removing the folders in which both sides are checked out and built.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::WorkspaceError;
use super::slot::{LOCK, README, folder_of};

/// What became of a folder that was to be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removal {
    /// It is gone, or would be.
    Done {
        /// Which.
        folder: PathBuf,
        /// The size of its files.
        bytes: u64,
    },
    /// A process works there.
    Busy {
        /// Which.
        folder: PathBuf,
    },
}

/// Removes the folder below `builds` of the project that lies at `root`, or those of all projects.
pub fn remove_builds(builds: &Path, root: Option<&Path>, dry_run: bool) -> Result<Vec<Removal>, WorkspaceError> {
    let mut folders = match root {
        Some(root) => vec![folder_of(builds, root)],
        None => fs::read_dir(builds).into_iter().flatten().flatten().map(|entry| entry.path()).collect(),
    };
    // Whatever else somebody put there is none of ours.
    folders.retain(|folder| folder.join(LOCK).is_file() && folder.join(README).is_file());
    folders.sort();
    folders.into_iter().map(|folder| remove(folder, dry_run)).collect()
}

fn remove(folder: PathBuf, dry_run: bool) -> Result<Removal, WorkspaceError> {
    let attempt = || -> io::Result<Option<u64>> {
        let lock = File::create(folder.join(LOCK))?;
        if lock.try_lock().is_err() {
            return Ok(None);
        }
        let bytes = size(&folder)?;
        if !dry_run {
            // The lock goes last: whoever waits for it finds an empty place.
            for entry in fs::read_dir(&folder)? {
                let entry = entry?;
                if entry.file_type()?.is_dir() {
                    fs::remove_dir_all(entry.path())?;
                } else if entry.file_name() != LOCK {
                    fs::remove_file(entry.path())?;
                }
            }
            fs::remove_dir_all(&folder)?;
        }
        Ok(Some(bytes))
    };
    match attempt() {
        Ok(Some(bytes)) => Ok(Removal::Done { folder, bytes }),
        Ok(None) => Ok(Removal::Busy { folder }),
        Err(source) => Err(WorkspaceError::Folder { what: "remove", path: folder, source }),
    }
}

/// The size of all files below `folder`; links are not followed.
fn size(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let facts = entry.metadata()?;
        bytes += if facts.is_dir() { size(&entry.path())? } else { facts.len() };
    }
    Ok(bytes)
}
