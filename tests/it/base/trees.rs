//! Trees written into folders of our own, and the user's repository afterwards: as it was.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use cargo_perfgate::vcs::Repository;

use crate::support::Git;

/// Every file below `folder`: mode, and content or target.
pub fn files(folder: &Path) -> BTreeMap<PathBuf, (char, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).unwrap().map(Result::unwrap) {
            let kind = entry.file_type().unwrap();
            let path = entry.path();
            if kind.is_dir() {
                if entry.file_name() != ".git" {
                    open.push(path);
                }
                continue;
            }
            let what = if kind.is_symlink() {
                ('l', fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes())
            } else {
                (if executable(&path) { 'x' } else { 'f' }, fs::read(&path).unwrap())
            };
            found.insert(path.strip_prefix(folder).unwrap().to_owned(), what);
        }
    }
    found
}

#[cfg(unix)]
fn executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn executable(_: &Path) -> bool {
    false
}

#[cfg(unix)]
pub fn make_executable(path: &Path, yes: bool) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(if yes { 0o755 } else { 0o644 })).unwrap();
}

/// Writes the work tree into `folder`; gives the files there.
pub fn write_work_tree(git: &Git, folder: &Path) -> BTreeMap<PathBuf, (char, Vec<u8>)> {
    let repository = Repository::discover(git.root()).unwrap();
    let tree = repository.tree_of_work_tree(folder).unwrap();
    files(&repository.write_tree(&tree, folder).unwrap().files)
}

pub fn write_commit(git: &Git, commit: &str, folder: &Path) -> BTreeMap<PathBuf, (char, Vec<u8>)> {
    let repository = Repository::discover(git.root()).unwrap();
    let tree = repository.tree_of(commit, folder).unwrap();
    files(&repository.write_tree(&tree, folder).unwrap().files)
}

/// A work tree with all that can happen to a file.
#[cfg(unix)]
fn eventful(git: &Git) -> String {
    use std::os::unix::ffi::OsStringExt;
    for name in ["same", "changed", "deleted", "below/kept", "became-script", "was-script", "to-link"] {
        git.write(name, format!("{name} before"));
    }
    make_executable(&git.root().join("was-script"), true);
    std::os::unix::fs::symlink("same", git.root().join("link")).unwrap();
    git.write(".gitignore", "ignored\n*.o\n");
    let commit = git.commit("before");
    git.write("changed", "changed after");
    git.write("staged", "in the index and here");
    git.run(["add", "staged"]);
    fs::remove_file(git.root().join("deleted")).unwrap();
    git.write("untracked", "not added");
    git.write("new folder/with \"quotes\"", "1");
    git.write("line\nbreak", "2");
    git.write("-n", "3");
    git.write("*", "4");
    git.write(PathBuf::from(OsString::from_vec(b"not \xff utf-8".to_vec())), "5");
    git.write("below/empty", "");
    git.write("ignored", "ignored");
    git.write("below/thing.o", "ignored");
    make_executable(&git.root().join("became-script"), true);
    make_executable(&git.root().join("was-script"), false);
    fs::remove_file(git.root().join("link")).unwrap();
    std::os::unix::fs::symlink("nowhere/at all", git.root().join("link")).unwrap();
    fs::remove_file(git.root().join("to-link")).unwrap();
    std::os::unix::fs::symlink("below", git.root().join("to-link")).unwrap();
    commit
}

#[cfg(unix)]
#[test]
fn the_work_tree_is_written_as_it_is_without_what_is_ignored() {
    let git = Git::new();
    let commit = eventful(&git);
    let mut expected = files(git.root());
    for ignored in ["ignored", "below/thing.o"] {
        expected.remove(Path::new(ignored)).unwrap();
    }
    assert_eq!(write_work_tree(&git, &git.beside("slot")), expected);
    assert_eq!(expected.len(), 16, "{expected:?}");

    // The commit's own state comes back in the same folder, and the other way round.
    let before = write_commit(&git, &commit, &git.beside("slot"));
    assert_eq!(before[Path::new("changed")], ('f', b"changed before".to_vec()));
    assert_eq!(before[Path::new("was-script")].0, 'x');
    assert_eq!(before[Path::new("link")], ('l', b"same".to_vec()));
    assert_eq!(before.len(), 9, "{before:?}");
    assert_eq!(write_work_tree(&git, &git.beside("slot")), expected);
}

/// cargo takes a newer file for a changed one and builds all that depends on it.
#[test]
fn files_that_do_not_differ_keep_their_times() {
    let git = Git::new();
    for name in ["same", "changed", "below/same"] {
        git.write(name, "1");
    }
    let first = git.commit("first");
    git.write("changed", "2");
    let second = git.commit("second");
    let slot = git.beside("slot");
    write_commit(&git, &first, &slot);
    let old = SystemTime::now() - Duration::from_secs(1_000_000);
    let time = |name: &str| fs::metadata(slot.join("tree").join(name)).unwrap().modified().unwrap();
    for name in ["same", "changed", "below/same"] {
        fs::File::options().write(true).open(slot.join("tree").join(name)).unwrap().set_modified(old).unwrap();
    }
    write_commit(&git, &second, &slot);
    assert_eq!((time("same"), time("below/same")), (old, old));
    assert!(time("changed") > old);
    write_commit(&git, &second, &slot);
    assert_eq!((time("same"), time("below/same")), (old, old));
    git.write("changed", "3");
    write_work_tree(&git, &slot);
    assert_eq!((time("same"), time("below/same")), (old, old));
}

#[test]
fn what_the_tree_does_not_know_stays_and_what_was_spoilt_is_mended() {
    let git = Git::new();
    git.write("file", "tracked");
    git.write("gone", "tracked");
    let first = git.commit("first");
    fs::remove_file(git.root().join("gone")).unwrap();
    let second = git.commit("second");
    let slot = git.beside("slot");
    write_commit(&git, &first, &slot);
    fs::write(slot.join("tree/Cargo.lock"), "made by a build").unwrap();
    fs::write(slot.join("tree/file"), "spoilt by a build").unwrap();
    let repository = Repository::discover(git.root()).unwrap();
    let out = repository.write_tree(&repository.tree_of(&second, &slot).unwrap(), &slot).unwrap();
    let left = files(&out.files);
    assert_eq!(left.keys().map(|path| path.to_str().unwrap()).collect::<Vec<_>>(), ["Cargo.lock", "file"]);
    assert_eq!(left[Path::new("file")].1, b"tracked");
    assert!(out.tracks(Path::new("file")));
    assert!(!out.tracks(Path::new("Cargo.lock")) && !out.tracks(Path::new("gone")));
}

/// All of the user's repository that git or they could notice.
pub fn look(git: &Git) -> Vec<String> {
    let inside = |name: &str| format!("{name}: {:?}", fs::read(git.root().join(".git").join(name)).ok());
    // First what a look by git itself could change.
    let mut seen: Vec<String> = ["HEAD", "index", "config", "logs/HEAD", "logs/refs/stash"].map(inside).into();
    seen.push(format!("{:?}", files(&git.root().join(".git/objects")).keys().collect::<Vec<_>>()));
    seen.push(format!("{:?}", files(git.root())));
    for arguments in [
        &["--no-optional-locks", "status", "--porcelain=v2", "--branch", "--show-stash"][..],
        &["worktree", "list", "--porcelain"],
        &["stash", "list"],
        &["for-each-ref"],
    ] {
        seen.push(git.run(arguments));
    }
    seen
}

#[cfg(unix)]
#[test]
fn the_users_repository_stays_as_it_was() {
    let git = Git::new();
    git.write("stashed", "1");
    git.commit("first");
    git.write("stashed", "2");
    git.run(["stash", "--quiet"]);
    let commit = eventful(&git);
    for hook in ["post-checkout", "post-index-change", "reference-transaction", "fsmonitor"] {
        git.hook(hook, &format!("touch '{}'", git.beside("hook-ran").display()));
    }
    let monitor = git.root().join(".git/hooks/fsmonitor");
    git.run(["config", "core.fsmonitor", monitor.to_str().unwrap()]);
    // The index that git refreshes at a look: all times in it are stale now.
    make_executable(&git.root().join("same"), false);
    let old = SystemTime::now() - Duration::from_secs(1_000);
    fs::File::options().write(true).open(git.root().join("same")).unwrap().set_modified(old).unwrap();

    let before = look(&git);
    let _ = fs::remove_file(git.beside("hook-ran"));
    let repository = Repository::discover(git.root()).unwrap();
    assert!(repository.head().unwrap().dirty);
    write_work_tree(&git, &git.beside("slot"));
    write_commit(&git, &commit, &git.beside("slot"));
    assert!(!git.beside("hook-ran").exists());
    assert_eq!(look(&git), before);
}

#[cfg(unix)]
#[test]
fn a_linked_worktree_is_written_from_its_own_index() {
    let git = Git::new();
    git.write("file", "main");
    git.commit("first");
    let linked = git.beside("linked");
    git.run(["worktree", "add", "--quiet", "-b", "side", linked.to_str().unwrap()]);
    fs::write(linked.join("file"), "side").unwrap();
    fs::write(linked.join("new"), "side").unwrap();
    let before = look(&git);
    let repository = Repository::discover(&linked).unwrap();
    let slot = git.beside("slot");
    let tree = repository.tree_of_work_tree(&slot).unwrap();
    let written = files(&repository.write_tree(&tree, &slot).unwrap().files);
    let expected = [("file", "side"), ("new", "side")];
    let expected = expected.map(|(name, content)| (PathBuf::from(name), ('f', content.as_bytes().to_vec())));
    assert_eq!(written, expected.into());
    assert_eq!(look(&git), before);
}

/// Git separates the folders of its variables by `:` and quotes by `"`.
#[cfg(unix)]
#[test]
fn a_repository_may_lie_anywhere() {
    for name in ["a:b", "a \"b\":c", "white space", "\\:", "ü"] {
        let git = Git::named(name);
        git.write("file", "1");
        let commit = git.commit("first");
        git.write("file", "2");
        assert_eq!(write_work_tree(&git, &git.beside("slot"))[Path::new("file")].1, b"2", "{name}");
        assert_eq!(write_commit(&git, &commit, &git.beside("slot"))[Path::new("file")].1, b"1", "{name}");
        // The folder of ours too.
        assert_eq!(write_work_tree(&git, &git.beside("s:l\"ot"))[Path::new("file")].1, b"2", "{name}");
    }
}

#[test]
fn an_index_that_is_not_there_yet_is_no_obstacle() {
    let git = Git::new();
    git.write("file", "1");
    git.commit("first");
    fs::remove_file(git.root().join(".git/index")).unwrap();
    let slot = git.beside("slot");
    assert_eq!(write_work_tree(&git, &slot)[Path::new("file")].1, b"1");
    assert!(!git.root().join(".git/index").exists());
}

#[test]
fn a_commit_that_is_none_is_refused() {
    let git = Git::new();
    git.commit("first");
    let repository = Repository::discover(git.root()).unwrap();
    for id in ["", "xyz", &"1234abcd".repeat(5)] {
        let said = repository.tree_of(id, &git.beside("slot")).unwrap_err().to_string();
        assert!(said.starts_with(&format!("could not read commit {id} in {}", git.root().display())), "{said}");
    }
    let tree = repository.tree_of(&git.id("HEAD"), &git.beside("slot")).unwrap();
    fs::write(git.beside("file"), "").unwrap();
    let said = repository.write_tree(&tree, &git.beside("file")).unwrap_err().to_string();
    assert!(said.starts_with(&format!("could not write tree {} into ", tree.id)), "{said}");
}

const INSIDE: &str = "PERFGATE_TEST_TREES_REPOSITORY";

/// No test of its own: the body of the process that the test below starts as a hook of another repository.
#[test]
fn inside_a_hook() {
    let Some(root) = std::env::var_os(INSIDE).map(PathBuf::from) else { return };
    let repository = Repository::discover(&root).unwrap();
    assert_eq!(repository.root(), root);
    let head = repository.head().unwrap();
    assert!(head.dirty);
    let slot = root.with_file_name("slot");
    let tree = repository.tree_of_work_tree(&slot).unwrap();
    let written = files(&repository.write_tree(&tree, &slot).unwrap().files);
    let expected = [("mine", "changed"), ("new", "untracked")];
    let expected = expected.map(|(name, content)| (PathBuf::from(name), ('f', content.as_bytes().to_vec())));
    assert_eq!(written, expected.into());
    fs::write(root.with_file_name("commit"), head.commit).unwrap();
}

#[test]
fn variables_that_git_hands_to_hooks_do_not_mislead() {
    let (git, other) = (Git::new(), Git::new());
    git.write("mine", "1");
    let commit = git.commit("mine");
    git.write("mine", "changed");
    git.write("new", "untracked");
    other.write("other", "1");
    other.commit("other");
    let (before, of_other) = (look(&git), look(&other));
    let inside = |name: &str| other.root().join(".git").join(name);
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["base::trees::inside_a_hook", "--exact"])
        .env(INSIDE, git.root())
        .env("GIT_DIR", inside(""))
        .env("GIT_WORK_TREE", other.root())
        .env("GIT_INDEX_FILE", inside("index"))
        .env("GIT_OBJECT_DIRECTORY", inside("objects"))
        .env("GIT_COMMON_DIR", inside(""))
        .env("GIT_PREFIX", "below/")
        .env("GIT_CONFIG_PARAMETERS", "'core.bare=true'")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(fs::read_to_string(git.beside("commit")).unwrap(), commit);
    assert_eq!((look(&git), look(&other)), (before, of_other));
}
