//! Line ends, encodings and filters: a tree is written as git checks it out, whatever was written into the folder before.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::trees::{files, write_commit, write_work_tree};
use crate::support::Git;

/// What git itself checks out of a commit, with the settings of the repository.
fn checked_out(git: &Git, commit: &str) -> BTreeMap<PathBuf, (char, Vec<u8>)> {
    let clone = git.beside("check-out");
    let _ = fs::remove_dir_all(&clone);
    git.run(["worktree", "add", "--quiet", "--force", "--detach", clone.to_str().unwrap(), commit]);
    let found = files(&clone);
    git.run(["worktree", "remove", "--force", clone.to_str().unwrap()]);
    let mut found = found;
    found.remove(Path::new(".git"));
    found
}

fn content(written: &BTreeMap<PathBuf, (char, Vec<u8>)>, name: &str) -> Vec<u8> {
    written[Path::new(name)].1.clone()
}

const ATTRIBUTES: &str = "*.dos text eol=crlf\n*.id text eol=lf ident\n*.wide text eol=lf working-tree-encoding=UTF-16LE-BOM\n*.loud -text filter=loud\n";

/// A project that uses all of it, with a second commit that touches none of the files that are filtered.
fn filtered() -> (Git, [String; 2]) {
    let git = Git::new();
    git.run(["config", "filter.loud.smudge", "tr a-z A-Z"]);
    git.run(["config", "filter.loud.clean", "tr A-Z a-z"]);
    git.write(".gitattributes", ATTRIBUTES);
    git.write("lines.dos", "1\r\n2\r\n");
    git.write("version.id", "$Id$\n");
    git.write("text.wide", b"\xff\xfea\0\n\0");
    git.write("word.loud", "WORD\n");
    git.write("plain", "1\n2\n");
    let first = git.commit("first");
    git.write("plain", "3\n");
    let second = git.commit("second");
    (git, [first, second])
}

#[test]
fn a_commit_is_written_as_git_checks_it_out() {
    let (git, commits) = filtered();
    for autocrlf in ["false", "input", "true"] {
        git.run(["config", "core.autocrlf", autocrlf]);
        for commit in &commits {
            let written = write_commit(&git, commit, &git.beside("slot"));
            assert_eq!(written, checked_out(&git, commit), "{autocrlf}");
            assert_eq!(content(&written, "lines.dos"), b"1\r\n2\r\n");
            assert_eq!(content(&written, "text.wide"), b"\xff\xfea\0\n\0");
            assert_eq!(content(&written, "word.loud"), b"WORD\n");
            assert_eq!(content(&written, "version.id").len(), "$Id: $\n".len() + 41);
            let ends = if autocrlf == "true" { &b"\r\n"[..] } else { b"\n" };
            assert!(content(&written, "plain").ends_with(ends) && !content(&written, "plain").ends_with(b"\r\r\n"));
        }
    }
}

/// A file that both sides have alike must be alike in both folders, where one is written by filters and the other was
/// found in the user's work tree.
#[test]
fn a_changed_work_tree_is_written_by_the_same_filters() {
    let (git, [_, second]) = filtered();
    git.write("plain", "changed\n");
    git.write("lines.dos", "1\r\n2\r\n3\r\n");
    // As a checkout with other settings, or by hand, left it: git holds it for unchanged.
    git.write("word.loud", "Word\n");
    let head = write_work_tree(&git, &git.beside("head"));
    let base = write_commit(&git, &second, &git.beside("base"));
    let differ: Vec<_> =
        head.iter().filter(|(path, what)| base.get(*path) != Some(what)).map(|(path, _)| path).collect();
    assert_eq!(differ, [Path::new("lines.dos"), Path::new("plain")]);
    assert_eq!(content(&head, "lines.dos"), b"1\r\n2\r\n3\r\n");
}

/// The folder is one for all commits: what was written there by other attributes is written again, in both directions.
#[test]
fn attributes_that_change_reach_files_that_do_not() {
    let git = Git::new();
    git.write("file.txt", "1\n2\n");
    git.write("below/deep/file.txt", "1\n2\n");
    git.write("other", "1\n");
    let plain = git.commit("plain");
    git.write(".gitattributes", "*.txt text eol=crlf\n");
    let root = git.commit("in the root");
    git.run(["rm", "--quiet", ".gitattributes"]);
    git.write("below/deep/.gitattributes", "*.txt text eol=crlf\n");
    let below = git.commit("below");
    let slot = git.beside("slot");
    let (dos, unix) = (b"1\r\n2\r\n".to_vec(), b"1\n2\n".to_vec());
    let pair = |commit: &str| {
        let written = write_commit(&git, commit, &slot);
        (content(&written, "file.txt"), content(&written, "below/deep/file.txt"))
    };
    assert_eq!(pair(&plain), (unix.clone(), unix.clone()));
    assert_eq!(pair(&root), (dos.clone(), dos.clone()));
    assert_eq!(pair(&below), (unix.clone(), dos.clone()));
    assert_eq!(pair(&plain), (unix.clone(), unix.clone()));
    // The repository's own attributes, and the user's settings.
    fs::write(git.root().join(".git/info/attributes"), "/file.txt text eol=crlf\n").unwrap();
    assert_eq!(pair(&plain), (dos.clone(), unix.clone()));
    fs::write(git.root().join(".git/info/attributes"), "/file.txt text eol=lf\n").unwrap();
    git.run(["config", "core.autocrlf", "true"]);
    assert_eq!(pair(&plain), (unix, dos));

    // What is written anew each time would be built anew each time.
    let old = SystemTime::now() - Duration::from_secs(1_000_000);
    let file = slot.join("tree/other");
    fs::File::options().write(true).open(&file).unwrap().set_modified(old).unwrap();
    pair(&plain);
    assert_eq!(fs::metadata(&file).unwrap().modified().unwrap(), old);
}

/// A filter that is needed and fails stops everything: its file would be another one.
#[test]
fn a_filter_that_fails_is_named_with_its_file() {
    let git = Git::new();
    git.write(".gitattributes", "secret filter=lock\n");
    git.write("secret", "1");
    let commit = git.commit("first");
    git.run(["config", "filter.lock.smudge", "no-such-program-of-any-name"]);
    git.run(["config", "filter.lock.required", "true"]);
    let repository = cargo_perfgate::vcs::Repository::discover(git.root()).unwrap();
    let tree = repository.tree_of(&commit, &git.beside("slot")).unwrap();
    let said = repository.write_tree(&tree, &git.beside("slot")).unwrap_err().to_string();
    assert!(said.starts_with(&format!("could not write tree {} into ", tree.id)), "{said}");
    assert!(
        said.contains("no-such-program-of-any-name") && said.contains("secret: smudge filter lock failed"),
        "{said}"
    );
}
