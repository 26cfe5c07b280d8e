//! Source that is not in the clone or not in the check-out, and what the user is told of it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::project::{BuiltSide, Setting};
use crate::report::{counted, shell_word};
use crate::vcs::{Repository, Tree};
use crate::workspace::{self, WorkspaceError};

/// What of the source of both sides is not here and matters, a sentence each.
pub(super) fn of_both(base: &BuiltSide, head: &BuiltSide) -> Vec<String> {
    let mut sentences = Vec::from_iter(contents(&[base, head]));
    // What neither side has makes no difference, unless something does not build.
    let paths = |side: &BuiltSide| side.tree.absent.iter().map(|absent| absent.path.clone()).collect::<Vec<PathBuf>>();
    for (side, name) in [(base, "base"), (head, "head")] {
        if paths(base) != paths(head) || !side.built.failed.is_empty() {
            sentences.extend(submodules(&side.tree, name));
        }
    }
    sentences
}

/// The submodules that are empty on a side, a sentence each.
pub(super) fn submodules(tree: &Tree, side: &str) -> impl Iterator<Item = String> {
    tree.absent.iter().map(move |absent| format!("in {side} the {absent}"))
}

/// The files of Git LFS that are pointers still, in a sentence.
pub(super) fn contents(sides: &[&BuiltSide]) -> Option<String> {
    let pointers: BTreeSet<&PathBuf> = sides.iter().flat_map(|side| &side.checked_out.pointers).collect();
    let first = format!("`{}`", pointers.first()?.display());
    let rest = match pointers.len() {
        1 => "is not in this clone: benchmarks that read it see its pointer; `git lfs fetch --all` gets it".to_owned(),
        _ => "are not in this clone: benchmarks that read them see their pointers; `git lfs fetch --all` gets them"
            .to_owned(),
    };
    let others = match pointers.len() - 1 {
        0 => String::new(),
        count => format!(" and {}", counted(count, "other file")),
    };
    Some(format!("{first}{others}, which Git LFS keeps, {rest}"))
}

/// Cargo says which file of the work tree it does not find, and not that it belongs to a submodule.
pub(super) fn named(e: WorkspaceError, repository: &Repository) -> WorkspaceError {
    let said = e.to_string();
    let below = |path: &Path| repository.root().join(path).join("").to_string_lossy().into_owned();
    let mut empty = repository.empty_submodules().unwrap_or_default();
    empty.retain(|path| said.contains(&below(path)));
    e.with_help(empty.iter().map(|path| {
        let word = shell_word(&path.to_string_lossy());
        format!("the submodule `{}` is not checked out: `git submodule update --init {word}`", path.display())
    }))
}

impl Setting {
    /// The error of a side that does not build, with what the check-out lacks and the user's work tree may have.
    pub(super) fn named_in(&self, e: WorkspaceError, side: &BuiltSide, name: &str) -> WorkspaceError {
        let ignored = self.ignored(&e.to_string(), side);
        e.with_help(submodules(&side.tree, name).chain(self.out_of_reach()).chain(ignored))
    }

    /// What packages depend on that no check-out reaches by a relative path, a sentence each.
    pub(super) fn out_of_reach(&self) -> impl Iterator<Item = String> {
        self.farther.iter().map(|path| {
            format!(
                "`{}` lies farther away than beside the repository, where no relative path leads from a check-out: name it by its absolute path, or put it beside the repository",
                path.display()
            )
        })
    }

    /// A file between backquotes in `said` that lies in the work tree and is not in the check-out.
    fn ignored(&self, said: &str, side: &BuiltSide) -> Option<String> {
        let tree = &side.checked_out.files;
        let relative = |named: &str| {
            let path = self.inside().join(named);
            let path = path.strip_prefix(&side.shown).or(path.strip_prefix(tree)).unwrap_or(&path);
            workspace::normal(path)
        };
        let mut named = said.split('`').skip(1).step_by(2).filter(|named| !named.is_empty()).map(relative);
        let lost = named.find(|path| self.repository.root().join(path).is_file() && !tree.join(path).exists())?;
        Some(format!(
            "`{}` is in the work tree, and git ignores it: what a build needs has to be tracked, or made by a build script",
            lost.display()
        ))
    }
}
