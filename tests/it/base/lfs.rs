//! Git LFS, where its program is not there: files whose content the clone has are filled, the others are named.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use cargo_perfgate::vcs::{CheckedOut, Repository};

use super::small::{last, perfgate, small};
use crate::support::Git;

const CONTENT: &[u8] = b"large\0\nand \xff binary";
/// `sha256sum` of that.
const ID: &str = "ea20d0c5535f9a4d2398b5d225d3fd6f994d80785249ab3d8965510900901b08";

fn pointer() -> String {
    format!("version https://git-lfs.github.com/spec/v1\noid sha256:{ID}\nsize {}\n", CONTENT.len())
}

fn store(git: &Git) -> PathBuf {
    git.root().join(".git/lfs/objects").join(&ID[..2]).join(&ID[2..4]).join(ID)
}

fn put_into_store(git: &Git) {
    fs::create_dir_all(store(git).parent().unwrap()).unwrap();
    fs::write(store(git), CONTENT).unwrap();
}

fn write(git: &Git, commit: &str) -> CheckedOut {
    let repository = Repository::discover(git.root()).unwrap();
    let slot = git.beside("slot");
    repository.write_tree(&repository.tree_of(commit, &slot).unwrap(), &slot).unwrap()
}

/// Files of all kinds that have the attribute, or look like it.
fn with_pointers() -> (Git, String) {
    let git = Git::new();
    git.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n");
    git.write("data/white space.bin", pointer());
    // Added while Git LFS was not there.
    git.write("raw.bin", CONTENT);
    git.write("empty.bin", "");
    git.write("no-attribute", pointer());
    let commit = git.commit("first");
    (git, commit)
}

#[test]
fn a_pointer_is_filled_with_what_the_clone_has() {
    let (git, commit) = with_pointers();
    let read = |name: &str| fs::read(git.beside("slot/tree").join(name)).unwrap();
    let name = "data/white space.bin";
    let others = || {
        assert_eq!((read("raw.bin"), read("empty.bin")), (CONTENT.to_vec(), Vec::new()));
        assert_eq!(read("no-attribute"), pointer().as_bytes());
    };
    let out = write(&git, &commit);
    assert_eq!((out.pointers, read(name)), (vec![PathBuf::from(name)], pointer().into_bytes()));
    others();
    // It comes later.
    put_into_store(&git);
    let out = write(&git, &commit);
    assert_eq!((out.pointers, read(name)), (vec![], CONTENT.to_vec()));
    others();
    // What is as it should be keeps its time.
    let old = SystemTime::now() - Duration::from_secs(1_000_000);
    let time = || fs::metadata(git.beside("slot/tree").join(name)).unwrap().modified().unwrap();
    let file = fs::File::options().write(true).open(git.beside("slot/tree").join(name)).unwrap();
    file.set_modified(old).unwrap();
    write(&git, &commit);
    assert_eq!((time(), read(name)), (old, CONTENT.to_vec()));
    // What a build spoilt is mended.
    fs::write(git.beside("slot/tree").join(name), "spoilt").unwrap();
    write(&git, &commit);
    assert_eq!(read(name), CONTENT);
    others();
    // Once there, it need not be in the store.
    fs::remove_file(store(&git)).unwrap();
    assert_eq!((write(&git, &commit).pointers, read(name)), (vec![], CONTENT.to_vec()));
}

#[test]
fn a_changed_work_tree_is_filled_too() {
    let (git, _) = with_pointers();
    put_into_store(&git);
    git.write("changed", "");
    let repository = Repository::discover(git.root()).unwrap();
    let slot = git.beside("slot");
    let out = repository.write_tree(&repository.tree_of_work_tree(&slot).unwrap(), &slot).unwrap();
    assert_eq!(fs::read(out.files.join("data/white space.bin")).unwrap(), CONTENT);
    assert_eq!(out.pointers, [""; 0].map(PathBuf::from));
}

/// A store that the user moved, and that of the repository of a linked work tree.
#[test]
fn the_store_is_found_where_it_is() {
    let (git, commit) = with_pointers();
    put_into_store(&git);
    let linked = git.beside("linked");
    git.run(["worktree", "add", "--quiet", "--detach", linked.to_str().unwrap()]);
    let repository = Repository::discover(&linked).unwrap();
    let slot = git.beside("other");
    let out = repository.write_tree(&repository.tree_of(&commit, &slot).unwrap(), &slot).unwrap();
    assert_eq!(out.pointers, [""; 0].map(PathBuf::from));
    fs::rename(git.root().join(".git/lfs"), git.beside("moved store")).unwrap();
    assert_eq!(write(&git, &commit).pointers.len(), 1);
    git.run(["config", "lfs.storage", git.beside("moved store").to_str().unwrap()]);
    assert_eq!(write(&git, &commit).pointers.len(), 0);
}

/// The user's own Git LFS knows more: it fetches.
#[test]
fn the_users_own_filter_goes_first() {
    let (git, commit) = with_pointers();
    put_into_store(&git);
    git.run(["config", "filter.lfs.smudge", "cat >/dev/null; printf own"]);
    write(&git, &commit);
    assert_eq!(fs::read(git.beside("slot/tree/data/white space.bin")).unwrap(), b"own");
}

#[test]
fn what_is_not_there_stands_at_the_top_of_the_report() {
    let git = small();
    git.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n");
    git.write("data/large.bin", pointer());
    git.commit("data");
    git.write("notes", "");
    git.commit("notes");
    let expected = "`data/large.bin`, which Git LFS keeps, is not in this clone: benchmarks that read it see its pointer; \
        `git lfs fetch --all` gets it";
    assert_eq!(perfgate(&git, git.root(), &["check"], &[]).code, 4);
    assert_eq!(last(git.root()).warnings, [expected]);
    put_into_store(&git);
    assert_eq!(perfgate(&git, git.root(), &["check"], &[]).code, 4);
    assert_eq!(last(git.root()).warnings, [""; 0]);
}
