//! A tree made of two: one side's, with some files as the other side has them.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use super::error::VcsError;
use super::repository::{Repository, id_of, words};
use super::tree::{OBJECTS, Tree, entries};

/// Arguments of one call at most: the system limits the length of a command.
const MOST_ARGUMENTS: usize = 200;

/// What is laid over a tree.
#[derive(Clone, Debug, Default)]
pub struct Overlay {
    /// Paths to be as the other tree has them; removed where it has none.
    pub taken: BTreeSet<PathBuf>,
    /// Files with contents of their own.
    pub written: BTreeMap<PathBuf, String>,
}

impl Repository {
    /// The tree that `base` becomes with `overlay` on it, whose files `head` has. `folder` takes the objects and the index
    /// for it. Equal files give the tree of an equal id.
    pub fn overlay(&self, base: &Tree, head: &Tree, overlay: &Overlay, folder: &Path) -> Result<Tree, VcsError> {
        let what = "lay files of head over base";
        let io = |e: std::io::Error| self.io(what, folder, &e);
        fs::create_dir_all(folder.join(OBJECTS)).map_err(io)?;
        let index = folder.join("overlay-index");
        // The folder is ours: a lock in it is what a killed git left behind.
        for left in [&index, &folder.join("overlay-index.lock")] {
            let _ = fs::remove_file(left);
        }
        let surroundings = self.surroundings(folder, &index, &[base, head]);
        let run = |arguments: &[&OsStr]| self.run_with(what, &surroundings, arguments);
        run(&words(&["read-tree", &base.id]))?;
        let of_head = run(&words(&["ls-tree", "-r", "-z", "--full-tree", &head.id]))?;
        let taken = entries(&of_head).filter(|entry| overlay.taken.contains(&entry.path));
        let mut entries: BTreeMap<PathBuf, String> =
            taken.map(|entry| (entry.path, format!("{},{}", entry.mode, entry.id))).collect();
        for (path, content) in &overlay.written {
            let file = folder.join("overlay-file");
            fs::write(&file, content).map_err(io)?;
            let id = run(&[&words(&["hash-object", "-w", "--no-filters"])[..], &[file.as_os_str()]].concat())?;
            entries.insert(path.clone(), format!("100644,{}", id_of(&id)));
        }
        let gone: Vec<&OsStr> =
            overlay.taken.iter().filter(|path| !entries.contains_key(*path)).map(|path| path.as_os_str()).collect();
        for some in gone.chunks(MOST_ARGUMENTS) {
            run(&[&words(&["update-index", "--force-remove", "--"])[..], some].concat())?;
        }
        let there: Vec<OsString> = entries
            .iter()
            .map(|(path, what)| [OsStr::new(what), OsStr::new(","), path.as_os_str()].into_iter().collect())
            .collect();
        for some in there.chunks(MOST_ARGUMENTS) {
            let each: Vec<&OsStr> = some.iter().flat_map(|entry| [OsStr::new("--cacheinfo"), entry]).collect();
            run(&[&words(&["update-index", "--add", "--replace"])[..], &each].concat())?;
        }
        let id = id_of(&run(&words(&["write-tree"]))?);
        let mut objects = vec![folder.join(OBJECTS)];
        objects.extend(base.objects.iter().chain(&head.objects).cloned());
        Ok(Tree { id, objects, absent: base.absent.clone() })
    }
}
