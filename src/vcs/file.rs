//! Files of commits, read from git's objects. Links are followed within the commit, as in a work tree of it.

use std::ffi::{OsStr, OsString};
use std::path::{Component, Path};

use super::error::VcsError;
use super::repository::{Repository, path_of, words};
use super::tree::entries;

/// So many links are followed, as Linux does.
const MOST_LINKS: usize = 40;

impl Repository {
    /// The content of a file in a commit; `None` where the commit has no such file. `path` is relative to the root.
    ///
    /// # Errors
    /// What is there and cannot be read as a file of this commit: a folder, and a link that leads to nothing or elsewhere.
    pub fn file_of(&self, commit: &str, path: &Path) -> Result<Option<Vec<u8>>, VcsError> {
        let what = format!("read {} of {commit}", path.display());
        // By the git program: in a partial clone libgit2 cannot tell a file that is not there from one that is still to be
        // fetched.
        let run = |arguments: &[&OsStr]| self.run(&what, arguments);
        let content = |id: &str| run(&words(&["cat-file", "blob", id]));
        let fail = |cause| VcsError::NoFile { what: what.clone(), path: self.root.clone(), cause };
        // The folders from the root to where the walk is, and the names that are still ahead, the next one last.
        let (mut folders, mut ahead, mut links) = (vec![commit.to_owned()], names(path), 0);
        while let Some(name) = ahead.pop() {
            if name == ".." {
                folders.pop();
                continue;
            }
            let Some(folder) = folders.last() else { return Err(fail(OUTSIDE)) };
            let listed = run(&[&words(&["ls-tree", "-z", "--full-tree", folder, "--"])[..], &[&name]].concat())?;
            let entry = entries(&listed).find(|entry| entry.path == Path::new(&name));
            match entry.as_ref().map(|entry| (&entry.mode[..2], &entry.id)) {
                Some(("04", id)) => folders.push(id.clone()),
                Some(("12", id)) => {
                    links += 1;
                    let target = path_of(&content(id)?);
                    if target.has_root() {
                        return Err(fail(OUTSIDE));
                    }
                    if links > MOST_LINKS {
                        return Err(fail("there are too many links in it"));
                    }
                    ahead.extend(names(&target));
                }
                Some(("16", _)) => return Err(fail("it lies in a submodule")),
                Some((_, id)) if ahead.is_empty() => return content(id).map(Some),
                _ if links > 0 => return Err(fail("a link in it leads to nothing")),
                _ => return Ok(None),
            }
        }
        Err(fail(if folders.is_empty() { OUTSIDE } else { "it is a folder" }))
    }
}

const OUTSIDE: &str = "a link in it leads out of the repository";

/// The names in a path, the last one first.
fn names(path: &Path) -> Vec<OsString> {
    let named = |part: &Component| matches!(part, Component::Normal(_) | Component::ParentDir);
    path.components().filter(named).map(|part| part.as_os_str().to_owned()).rev().collect()
}
