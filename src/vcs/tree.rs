//! Trees written into folders of our own. The user's index, work tree, objects, worktree list and hooks stay untouched:
//! index and new objects live in the folder, and `read-tree` runs no check-out hook.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use super::error::VcsError;
use super::repository::{Repository, Variable, id_of, path_of, words};
use super::submodules::Absent;

/// A state of the source as git names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// Tree id.
    pub id: String,
    /// Folders of objects besides the repository's own in which parts of it are.
    pub(super) objects: Vec<PathBuf>,
    /// The submodules that are empty in it.
    pub absent: Vec<Absent>,
}

/// Where a tree was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedOut {
    /// The folder that holds the files.
    pub files: PathBuf,
    /// Files of Git LFS whose content is not in this clone: their pointers stand in their place.
    pub pointers: Vec<PathBuf>,
    index: PathBuf,
}

impl CheckedOut {
    /// Whether the tree itself holds `path`, relative to its root: other files in the folder are not its own.
    pub fn tracks(&self, path: &Path) -> bool {
        git2::Index::open(&self.index).is_ok_and(|index| index.get_path(path, 0).is_some())
    }

    /// All files and links of the tree, relative to it.
    pub fn tracked(&self) -> Vec<PathBuf> {
        let Ok(index) = git2::Index::open(&self.index) else { return Vec::new() };
        index.iter().map(|entry| path_of(&entry.path)).collect()
    }

    /// All files of this name, relative to the tree.
    pub fn files_named(&self, name: &str) -> Vec<PathBuf> {
        let Ok(index) = git2::Index::open(&self.index) else { return Vec::new() };
        let paths = index.iter().filter_map(|entry| String::from_utf8(entry.path).ok()).map(PathBuf::from);
        paths.filter(|path| path.file_name().is_some_and(|own| own == name)).collect()
    }
}

/// The folder's own index.
const INDEX: &str = "index";
/// By what the files in the folder were made of what git holds.
const STATE_OF_FILTERS: &str = "filters";
/// The folder's own objects: what a dirty work tree holds and git does not know yet.
pub(super) const OBJECTS: &str = "objects";
/// Where the files are.
const FILES: &str = "tree";

impl Repository {
    /// The tree of a commit, with the files of its submodules. `folder` takes the objects for it.
    pub fn tree_of(&self, commit: &str, folder: &Path) -> Result<Tree, VcsError> {
        let found = git2::Oid::from_str(commit).and_then(|id| self.git.find_commit(id));
        let commit = found.map_err(|e| self.error(&format!("read commit {commit}"), e))?;
        let tree = Tree { id: commit.tree_id().to_string(), objects: Vec::new(), absent: Vec::new() };
        self.with_submodules(tree, folder, false)
    }

    /// The tree that committing the whole work tree would make: tracked files as they are, and untracked ones that are
    /// not ignored, the same in submodules. `folder` takes the objects and the index for it.
    pub fn tree_of_work_tree(&self, folder: &Path) -> Result<Tree, VcsError> {
        let what = "read the work tree";
        let io = |e: std::io::Error| self.io(what, folder, &e);
        fs::create_dir_all(folder.join(OBJECTS)).map_err(io)?;
        let index = folder.join("work-tree-index");
        // The user's index spares git the hashing of unchanged files; without one it starts from nothing.
        // The folder is ours: a lock in it is what a killed git left behind.
        let _ = fs::remove_file(folder.join("work-tree-index.lock"));
        let own = self.git.path().join("index");
        if own.exists() {
            fs::copy(&own, &index).map_err(io)?;
            // By the age of the index git tells entries that may be out of date though their times agree: a file that
            // was changed in the moment in which it was added.
            let age = fs::metadata(own).and_then(|facts| facts.modified()).map_err(io)?;
            fs::File::options().write(true).open(&index).and_then(|file| file.set_modified(age)).map_err(io)?;
        } else if index.exists() {
            fs::remove_file(&index).map_err(io)?;
        }
        let surroundings = self.surroundings(folder, &index, &[]);
        self.run_with(what, &surroundings, &["add", "--all", "--", "."])?;
        let id = id_of(&self.run_with(what, &surroundings, &["write-tree"])?);
        self.with_submodules(Tree { id, objects: vec![folder.join(OBJECTS)], absent: Vec::new() }, folder, true)
    }

    /// Makes `folder/tree` hold exactly the tracked files of `tree`. Files that do not differ keep their times, so that
    /// cargo finds them fresh. Files that the tree does not know (a lock file, what a build wrote) stay.
    pub fn write_tree(&self, tree: &Tree, folder: &Path) -> Result<CheckedOut, VcsError> {
        let what = format!("write tree {} into {}", tree.id, folder.display());
        let io = |e: std::io::Error| self.io(&what, folder, &e);
        let files = folder.join(FILES);
        // The folder is ours: a lock in it is what a killed git left behind.
        let _ = fs::remove_file(folder.join("index.lock"));
        fs::create_dir_all(&files).map_err(io)?;
        fs::create_dir_all(folder.join(OBJECTS)).map_err(io)?;
        let filters = self.filters(tree);
        let mut surroundings = self.surroundings(folder, &folder.join(INDEX), &[tree]);
        surroundings.push(("GIT_DIR".into(), Some(self.git.path().into())));
        surroundings.push(("GIT_WORK_TREE".into(), Some(files.clone().into())));
        surroundings.extend(filters.variables());
        let run = |arguments: &[&OsStr]| {
            let arguments = [&[OsStr::new("-C"), files.as_os_str()], &filters.options()[..], arguments].concat();
            self.run_with(&what, &surroundings, &arguments)
        };
        let git = |arguments: &[&str]| run(&words(arguments));
        let empty = !folder.join(INDEX).exists();
        // Compares contents where times differ, so that only real differences are written again. It fails where there
        // are any, which is no failure here.
        let _ = git(&["update-index", "-q", "--really-refresh"]);
        git(&["read-tree", "--reset", "-u", &tree.id])?;
        // Attributes and settings say what becomes of a file on its way into a work tree. Where they changed, a file that git
        // holds for unchanged may have to be another one.
        let attributes = git(&["ls-files", "--stage", "-z", "--", ".gitattributes", "*/.gitattributes"])?;
        let (state, known) = (filters.state(&attributes), folder.join(STATE_OF_FILTERS));
        if fs::read(&known).ok().as_ref() != Some(&state) {
            if !empty {
                git(&["read-tree", &tree.id])?;
                git(&["checkout-index", "--all", "--force", "--index"])?;
            }
            fs::write(&known, &state).map_err(io)?;
        }
        let pointers = if filters.name_attributes(&attributes) { filters.pointers(&files, run)? } else { Vec::new() };
        Ok(CheckedOut { files, pointers, index: folder.join(INDEX) })
    }

    /// The paths in which two trees differ. `folder` is one that a tree was written into.
    pub fn changed_paths(&self, base: &Tree, head: &Tree, folder: &Path) -> Result<Vec<PathBuf>, VcsError> {
        let surroundings = self.surroundings(folder, &folder.join(INDEX), &[base, head]);
        let arguments = ["diff-tree", "-r", "--name-only", "--no-renames", "-z", &base.id, &head.id];
        let listed = self.run_with("compare the trees of base and head", &surroundings, &arguments)?;
        let names = listed.split(|byte| *byte == 0).filter(|name| !name.is_empty());
        Ok(names.map(path_of).collect())
    }

    /// What makes git use `index` and put new objects into `folder`, while it knows all of `trees`.
    pub(super) fn surroundings(&self, folder: &Path, index: &Path, trees: &[&Tree]) -> Vec<Variable> {
        let own = folder.join(OBJECTS);
        let mut known = quoted(&self.git.commondir().join("objects"));
        for other in trees.iter().flat_map(|tree| &tree.objects).filter(|other| **other != own) {
            known.push(if cfg!(windows) { ";" } else { ":" });
            known.push(quoted(other));
        }
        vec![
            ("GIT_INDEX_FILE".into(), Some(index.into())),
            ("GIT_OBJECT_DIRECTORY".into(), Some(own.into())),
            ("GIT_ALTERNATE_OBJECT_DIRECTORIES".into(), Some(known)),
        ]
    }

    pub(super) fn io(&self, what: &str, folder: &Path, e: &std::io::Error) -> VcsError {
        VcsError::Program { what: what.into(), path: folder.to_owned(), cause: e.to_string() }
    }
}

/// An entry of a tree.
pub(super) struct Entry {
    /// Its path in the tree.
    pub path: PathBuf,
    /// Six octal digits.
    pub mode: String,
    /// The object.
    pub id: String,
}

/// The entries in what `git ls-tree -z` prints: `mode type id<tab>path`.
pub(super) fn entries(listed: &[u8]) -> impl Iterator<Item = Entry> {
    let entry = |line: &[u8]| {
        let tab = line.iter().position(|byte| *byte == b'\t')?;
        let facts = String::from_utf8_lossy(&line[..tab]);
        let mut facts = facts.split(' ').map(str::to_owned);
        let (mode, id) = (facts.next()?, facts.nth(1)?);
        Some(Entry { path: path_of(&line[tab + 1..]), mode, id })
    };
    listed.split(|byte| *byte == 0).filter_map(entry)
}

/// In this variable git takes `:` for a separator unless the path is quoted.
fn quoted(path: &Path) -> OsString {
    let bytes = path.as_os_str().as_encoded_bytes();
    if !bytes.iter().any(|byte| b":\"".contains(byte)) {
        return path.into();
    }
    let escaped = bytes.iter().flat_map(|byte| if b"\\\"".contains(byte) { vec![b'\\', *byte] } else { vec![*byte] });
    path_of(&[&b"\""[..], &escaped.collect::<Vec<u8>>(), b"\""].concat()).into()
}
