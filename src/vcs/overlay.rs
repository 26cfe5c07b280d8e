//! A tree made of two: one side's, with some files as the other side has them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::repository::{Repository, VcsError};
use super::tree::{OBJECTS, Tree};

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
        let run = |arguments: &[&str]| {
            self.run(what, arguments, |mut spawn| {
                spawn.environment.extend(surroundings.clone());
                spawn
            })
        };
        run(&["read-tree", &base.id])?;
        let mut entries = entries(&run(&["ls-tree", "-r", "-z", "--full-tree", &head.id])?);
        entries.retain(|path, _| overlay.taken.contains(Path::new(path)));
        for (path, content) in &overlay.written {
            let file = folder.join("overlay-file");
            fs::write(&file, content).map_err(io)?;
            let id = run(&["hash-object", "-w", "--no-filters", &file.to_string_lossy()])?;
            let id = String::from_utf8_lossy(&id).trim().to_owned();
            entries.insert(path.to_string_lossy().into_owned(), format!("100644,{id}"));
        }
        let gone: Vec<String> = overlay.taken.iter().map(|path| path.to_string_lossy().into_owned()).collect();
        let gone: Vec<&str> = gone.iter().map(String::as_str).filter(|path| !entries.contains_key(*path)).collect();
        for some in gone.chunks(MOST_ARGUMENTS) {
            run(&[&["update-index", "--force-remove", "--"], some].concat())?;
        }
        let there: Vec<String> = entries.iter().map(|(path, what)| format!("{what},{path}")).collect();
        for some in there.chunks(MOST_ARGUMENTS) {
            let each = some.iter().flat_map(|entry| ["--cacheinfo", entry]);
            let arguments: Vec<&str> = ["update-index", "--add", "--replace"].into_iter().chain(each).collect();
            run(&arguments)?;
        }
        let id = String::from_utf8_lossy(&run(&["write-tree"])?).trim().to_owned();
        let mut objects = vec![folder.join(OBJECTS)];
        objects.extend(base.objects.iter().chain(&head.objects).cloned());
        Ok(Tree { id, objects })
    }
}

/// `mode,id` by path, of what `git ls-tree -z` prints: `mode type id<tab>path`.
fn entries(listed: &[u8]) -> BTreeMap<String, String> {
    let lines = listed.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    let entry = |line: std::borrow::Cow<'_, str>| {
        let (facts, path) = line.split_once('\t')?;
        let mut facts = facts.split(' ');
        let (mode, id) = (facts.next()?, facts.nth(1)?);
        Some((path.to_owned(), format!("{mode},{id}")))
    };
    lines.filter_map(entry).collect()
}
