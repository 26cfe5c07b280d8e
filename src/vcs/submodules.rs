//! Submodules: a tree names a commit of each, and a build needs its files. They take the commit's place in the tree, out of
//! the submodule's own repository, which lies in the clone.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::error::VcsError;
use super::repository::{Repository, id_of, path_of, words};
use super::tree::{OBJECTS, Tree, entries};
use crate::model::short;
use crate::report::shell_word;

/// A submodule that stays empty, because the commit that the tree names is not in this clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absent {
    /// Where it would be.
    pub path: PathBuf,
    /// The commit of it.
    pub commit: String,
    /// Whether others of its commits are there.
    cloned: bool,
}

impl fmt::Display for Absent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, commit) = (self.path.display(), &self.commit);
        let word = shell_word(&self.path.to_string_lossy());
        if self.cloned {
            write!(f, "submodule `{path}` is empty, as its commit {} is not in this clone: ", short(commit))?;
            write!(f, "`git -C {word} fetch origin {commit}` gets it")
        } else {
            write!(
                f,
                "submodule `{path}` is empty, as it is not in this clone: `git submodule update --init {word}` gets it"
            )
        }
    }
}

/// Where the submodules of a tree are looked for.
struct Place {
    /// Folders of git's own that may hold their repositories.
    git: Vec<PathBuf>,
    /// The work tree that they would be checked out in.
    work: PathBuf,
}

impl Repository {
    /// Paths at which HEAD's submodules are not checked out.
    pub fn empty_submodules(&self) -> Result<Vec<PathBuf>, VcsError> {
        let mut paths = self.submodules_of("HEAD")?;
        paths.retain(|path| !self.root.join(path).join(".git").exists());
        Ok(paths)
    }

    /// Paths of the submodules of a commit.
    pub fn submodules_of(&self, commit: &str) -> Result<Vec<PathBuf>, VcsError> {
        let listed = self.run("list the submodules", &["ls-tree", "-r", "-z", "--full-tree", commit])?;
        Ok(links(&listed).map(|(path, _)| path).collect())
    }

    /// `tree` with the files of its submodules. `folder` takes the objects for it. Of a work tree it is what lies in the
    /// submodules' work trees.
    pub(super) fn with_submodules(&self, tree: Tree, folder: &Path, of_work_tree: bool) -> Result<Tree, VcsError> {
        fs::create_dir_all(folder.join(OBJECTS)).map_err(|e| self.io(WHAT, folder, &e))?;
        let git = vec![self.git.path().to_owned(), self.git.commondir().to_owned()];
        self.filled(tree, &Place { git, work: self.root.clone() }, folder, of_work_tree)
    }

    fn filled(&self, mut tree: Tree, place: &Place, folder: &Path, of_work_tree: bool) -> Result<Tree, VcsError> {
        let listed = self.in_folder(folder, &[&tree], &words(&["ls-tree", "-r", "-z", "--full-tree", &tree.id]))?;
        let links: Vec<(PathBuf, String)> = links(&listed).collect();
        if links.is_empty() {
            return Ok(tree);
        }
        let names = self.names(&tree, folder);
        let mut contents = Vec::new();
        for (path, commit) in links {
            let mut clones: Vec<PathBuf> = git_folder(&place.work.join(&path)).into_iter().collect();
            if let Some(name) = names.get(&path) {
                clones
                    .extend(place.git.iter().map(|git| git.join("modules").join(name)).filter(|clone| clone.is_dir()));
            }
            match self.content(&path, &commit, &clones, place, folder, of_work_tree)? {
                Some(content) => contents.push((path, content)),
                None => tree.absent.push(Absent { path, commit, cloned: !clones.is_empty() }),
            }
        }
        for (path, content) in &contents {
            tree.objects.extend(content.objects.iter().cloned());
            tree.absent
                .extend(content.absent.iter().map(|inner| Absent { path: path.join(&inner.path), ..inner.clone() }));
        }
        if contents.is_empty() {
            return Ok(tree);
        }
        let run = |arguments: &[&OsStr]| self.in_folder(folder, &[&tree], arguments);
        run(&words(&["read-tree", &tree.id]))?;
        for (path, content) in &contents {
            run(&[&words(&["update-index", "--force-remove", "--"])[..], &[path.as_os_str()]].concat())?;
            let mut prefix = OsString::from("--prefix=");
            prefix.push(path);
            prefix.push("/");
            run(&[OsStr::new("read-tree"), &prefix, OsStr::new(&content.id)])?;
        }
        let id = id_of(&run(&words(&["write-tree"]))?);
        tree.objects.push(folder.join(OBJECTS));
        Ok(Tree { id, ..tree })
    }

    /// The tree of a submodule, with those in it; `None` where no clone of it has the commit.
    fn content(
        &self,
        path: &Path,
        commit: &str,
        clones: &[PathBuf],
        place: &Place,
        folder: &Path,
        of_work_tree: bool,
    ) -> Result<Option<Tree>, VcsError> {
        let work = place.work.join(path);
        // A `.git` that is none would lead to the repository around it.
        let is_there = |own: &Self| work.canonicalize().is_ok_and(|work| own.root == work);
        let mut checked_out = work.join(".git").exists().then(|| Self::discover(&work).ok()).flatten().filter(is_there);
        if let Some(own) = &mut checked_out {
            own.fetches = self.fetches;
        }
        if let Some(own) = &checked_out
            && of_work_tree
            && own.head()?.dirty
        {
            let mut tree = own.tree_of_work_tree(&folder.join("submodules").join(path))?;
            tree.objects.push(own.git.commondir().join("objects"));
            return Ok(Some(tree));
        }
        let find = || {
            clones.iter().find_map(|clone| {
                let mut tree = Tree { id: String::new(), objects: vec![objects_of(clone)], absent: Vec::new() };
                let name = format!("{commit}^{{tree}}");
                let found =
                    self.in_folder(folder, &[&tree], &words(&["rev-parse", "--verify", "--quiet", &name])).ok()?;
                tree.id = id_of(&found);
                Some((clone, tree))
            })
        };
        let found = find().or_else(|| {
            // A clone that fetched one commit of each submodule has head's alone.
            checked_out.filter(|_| self.fetches)?.fetch_commit(commit).ok()?;
            find()
        });
        let inside = |clone: &PathBuf| Place { git: vec![clone.clone()], work: work.clone() };
        found.map(|(clone, tree)| self.filled(tree, &inside(clone), folder, false)).transpose()
    }

    /// The names of submodules by path, as the tree's own `.gitmodules` has them: by name git keeps their repositories.
    fn names(&self, tree: &Tree, folder: &Path) -> BTreeMap<PathBuf, PathBuf> {
        let blob = format!("{}:.gitmodules", tree.id);
        let arguments = ["config", "-z", "--blob", &blob, "--get-regexp", r"^submodule\..*\.path$"];
        // It fails where there is none: what lies there then is a repository that nobody made a submodule.
        let listed = self.in_folder(folder, &[tree], &words(&arguments)).unwrap_or_default();
        let entry = |entry: &[u8]| {
            let end = entry.iter().position(|byte| *byte == b'\n')?;
            let name = path_of(entry[..end].strip_prefix(b"submodule.")?.strip_suffix(b".path")?);
            // What comes from a tree leads out of no folder.
            let inside = name.components().all(|component| matches!(component, Component::Normal(_)));
            inside.then(|| (path_of(&entry[end + 1..]), name))
        };
        listed.split(|byte| *byte == 0).filter_map(entry).collect()
    }

    /// Runs git with an index for this purpose, where it knows all of `trees`.
    fn in_folder(&self, folder: &Path, trees: &[&Tree], arguments: &[&OsStr]) -> Result<Vec<u8>, VcsError> {
        let surroundings = self.surroundings(folder, &folder.join(INDEX), trees);
        self.run_with(WHAT, &surroundings, arguments)
    }
}

const INDEX: &str = "submodules-index";
const WHAT: &str = "put the files of submodules into a tree";

/// Paths and commits of the submodules in what `git ls-tree -r -z` prints.
fn links(listed: &[u8]) -> impl Iterator<Item = (PathBuf, String)> {
    entries(listed).filter(|entry| entry.mode == "160000").map(|entry| (entry.path, entry.id))
}

/// Git's own folder of a work tree: `.git`, or the one that this file names.
fn git_folder(work: &Path) -> Option<PathBuf> {
    let git = work.join(".git");
    if git.is_dir() {
        return Some(git);
    }
    let named = fs::read(git).ok()?;
    Some(work.join(path_of(named.strip_prefix(b"gitdir: ")?.trim_ascii_end()))).filter(|git| git.is_dir())
}

/// The objects of a repository by its own folder; those of a linked work tree lie in the folder that it belongs to.
fn objects_of(git: &Path) -> PathBuf {
    let common =
        fs::read(git.join("commondir")).map_or(git.to_owned(), |named| git.join(path_of(named.trim_ascii_end())));
    common.join("objects")
}
