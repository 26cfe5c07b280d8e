//! What an executable or library was compiled of, as rustc's dep-info files tell.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// The files that rustc read to make what stands in a dep-info file, as they are spelt there.
///
/// The form is that of make's rules, `target: file file`, and rustc writes one for each of its outputs, an empty one for
/// each file, and comments; a space in a name stands behind a backslash.
pub fn parse_dep_info(text: &str) -> BTreeSet<PathBuf> {
    let rules = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(": "));
    rules.flat_map(|(_, files)| names(files)).map(PathBuf::from).collect()
}

/// The names in the right part of a rule.
fn names(files: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut name = String::new();
    let mut characters = files.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\\' if characters.peek() == Some(&' ') => {
                characters.next();
                name.push(' ');
            }
            ' ' => names.push(std::mem::take(&mut name)),
            _ => name.push(c),
        }
    }
    names.push(name);
    names.retain(|name| !name.is_empty());
    names
}

/// The files below `tree` that `executable` was compiled of, relative to `tree`. Relative names mean `directory`, in which
/// rustc worked. `None` where its dep-info is not beside it.
pub fn sources_of(executable: &Path, directory: &Path, tree: &Path) -> Option<BTreeSet<PathBuf>> {
    let name = executable.file_name()?.to_str()?;
    let name = name.strip_suffix(std::env::consts::EXE_SUFFIX).unwrap_or(name);
    let text = fs::read_to_string(executable.with_file_name(format!("{name}.d"))).ok()?;
    Some(inside(parse_dep_info(&text), directory, tree))
}

/// The files below `tree` that any library among the artifacts in `folder` was compiled of, relative to `tree`.
pub fn library_sources(folder: &Path, directory: &Path, tree: &Path) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let texts = entries
        .filter(|path| path.extension() == Some(&OsString::from("d")))
        .filter_map(|path| fs::read_to_string(path).ok());
    let of_library = |text: &String| {
        let targets = text.lines().filter_map(|line| line.split_once(": ")).map(|(target, _)| target);
        targets.into_iter().any(|target| [".rmeta", ".rlib"].iter().any(|ending| target.ends_with(ending)))
    };
    texts.filter(of_library).flat_map(|text| inside(parse_dep_info(&text), directory, tree)).collect()
}

fn inside(files: BTreeSet<PathBuf>, directory: &Path, tree: &Path) -> BTreeSet<PathBuf> {
    let relative = |file: PathBuf| normal(&directory.join(file)).strip_prefix(tree).ok().map(Path::to_owned);
    files.into_iter().filter_map(relative).collect()
}

/// `path` without `.` and `..`, by its words alone.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            part => normal.push(part),
        }
    }
    normal
}
