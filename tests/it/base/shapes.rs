//! Work trees and object stores of other shapes: names in any bytes, sparse check-outs, split indexes, borrowed objects.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use cargo_perfgate::vcs::{Overlay, Repository};

use super::trees::{files, look, write_commit, write_work_tree};
use crate::support::{Git, git_in};

#[cfg(unix)]
fn bytes(name: &[u8]) -> PathBuf {
    PathBuf::from(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(name))
}

/// Two names that are the same text once what is no UTF-8 is replaced.
#[cfg(unix)]
#[test]
fn names_are_bytes() {
    let git = Git::new();
    let names = [&b"\xff"[..], b"\xfe", "ü".as_bytes(), b"u\xcc\x88", b"below \xff/file", b"tab\tline\n"].map(bytes);
    for name in &names {
        git.write(name, "before");
    }
    let first = git.commit("first");
    git.write(&names[0], "after");
    fs::remove_file(git.root().join(&names[4])).unwrap();
    git.write(bytes(b"new \xff"), "after");
    let second = git.commit("second");
    let slot = git.beside("slot");
    let before = write_commit(&git, &first, &slot);
    assert_eq!(before.keys().collect::<BTreeSet<_>>(), names.iter().collect());
    let after = write_commit(&git, &second, &slot);
    assert_eq!(after, files(git.root()));

    let repository = Repository::discover(git.root()).unwrap();
    let (base, head) = (repository.tree_of(&first, &slot).unwrap(), repository.tree_of(&second, &slot).unwrap());
    let changed: BTreeSet<PathBuf> = repository.changed_paths(&base, &head, &slot).unwrap().into_iter().collect();
    assert_eq!(changed, [names[0].clone(), names[4].clone(), bytes(b"new \xff")].into());
    // All of head's changes laid over base give head.
    let written = [(bytes(b"own \xff"), "own".to_owned())].into();
    let laid =
        repository.overlay(&base, &head, &Overlay { taken: changed.clone(), written: Default::default() }, &slot);
    assert_eq!(laid.unwrap().id, head.id);
    let laid = repository.overlay(&base, &head, &Overlay { taken: changed, written }, &slot).unwrap();
    let out = files(&repository.write_tree(&laid, &slot).unwrap().files);
    assert_eq!(out[&bytes(b"own \xff")].1, b"own");
    assert_eq!(out.len(), after.len() + 1);
}

/// Git separates some folders by `:` and quotes; names that are no UTF-8 must survive that, too.
#[cfg(unix)]
#[test]
fn a_repository_and_a_folder_for_builds_may_have_names_in_any_bytes() {
    for name in [&b"\xff"[..], b"a:\xff \"b\\"] {
        let git = Git::new();
        git.write("file", "1");
        let commit = git.commit("first");
        git.write("file", "2");
        let root = git.root().with_file_name(bytes(name));
        fs::rename(git.root(), &root).unwrap();
        let slot = root.with_file_name(bytes(&[name, b" slot"].concat()));
        let repository = Repository::discover(&root).unwrap();
        assert_eq!(repository.root(), root);
        assert!(repository.head().unwrap().dirty);
        let (base, head) = (repository.tree_of(&commit, &slot).unwrap(), repository.tree_of_work_tree(&slot).unwrap());
        let out = repository.write_tree(&head, &slot).unwrap();
        assert_eq!(fs::read(out.files.join("file")).unwrap(), b"2");
        let written = [("own".into(), "own".to_owned())].into();
        let laid = repository.overlay(&base, &head, &Overlay { taken: Default::default(), written }, &slot).unwrap();
        let out = files(&repository.write_tree(&laid, &slot).unwrap().files);
        assert_eq!((&out[Path::new("file")].1, &out[Path::new("own")].1), (&b"1".to_vec(), &b"own".to_vec()));
    }
}

/// What is not checked out is not deleted.
#[test]
fn a_sparse_work_tree_is_whole_for_a_build() {
    for index in ["--no-sparse-index", "--sparse-index"] {
        let git = Git::new();
        for name in ["file", "in/file", "out/file", "out/deep/file"] {
            git.write(name, "1");
        }
        let commit = git.commit("first");
        git.run(["sparse-checkout", "set", "--cone", index, "in"]);
        assert!(!git.root().join("out").exists());
        let repository = Repository::discover(git.root()).unwrap();
        assert!(!repository.head().unwrap().dirty, "{index}");
        git.write("in/file", "2");
        let before = look(&git);
        assert!(repository.head().unwrap().dirty, "{index}");
        let slot = git.beside("slot");
        let head = write_work_tree(&git, &slot);
        let mut expected = write_commit(&git, &commit, &slot);
        expected.get_mut(Path::new("in/file")).unwrap().1 = b"2".to_vec();
        assert_eq!((head, expected.len()), (expected, 4), "{index}");
        assert_eq!(look(&git), before, "{index}");
    }
}

#[test]
fn an_index_in_two_parts_is_read_whole() {
    let git = Git::new();
    git.write("file", "1");
    git.write("other", "1");
    git.commit("first");
    git.run(["update-index", "--split-index"]);
    git.write("file", "2");
    git.run(["add", "file"]);
    git.write("new", "");
    let before = look(&git);
    assert_eq!(write_work_tree(&git, &git.beside("slot")), files(git.root()));
    assert_eq!(look(&git), before);
}

/// Clones that borrow objects of another repository, whose folder may be named relative to their own.
#[test]
fn borrowed_objects_are_found() {
    let git = Git::new();
    git.write("file", "1");
    let commit = git.commit("first");
    git_in(&git.beside("."), ["clone", "--quiet", "--shared", "repo", "borrower"]);
    let borrower = git.beside("borrower");
    for alternates in [git.root().join(".git/objects"), "../../../repo/.git/objects".into()] {
        let line = format!("{}\n", alternates.display());
        fs::write(borrower.join(".git/objects/info/alternates"), line).unwrap();
        fs::write(borrower.join("file"), "2").unwrap();
        let repository = Repository::discover(&borrower).unwrap();
        let slot = git.beside("slot");
        let read = |tree| fs::read(repository.write_tree(&tree, &slot).unwrap().files.join("file")).unwrap();
        assert_eq!(read(repository.tree_of(&commit, &slot).unwrap()), b"1");
        assert_eq!(read(repository.tree_of_work_tree(&slot).unwrap()), b"2");
    }
}
