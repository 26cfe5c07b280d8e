//! Submodules: a build needs their files on both sides, and they come from the clone itself.

use std::fs;
use std::path::{Path, PathBuf};

use cargo_perfgate::vcs::{Repository, Tree};

use super::small::{last, perfgate, small};
use super::trees::{files, look, write_commit, write_work_tree};
use super::{base_in, nothing_said};
use crate::support::{Git, git_in};

/// Git refuses to clone submodules by path unless it is told to.
fn clone(git: &Git, options: &[&str], name: &str) -> PathBuf {
    let address = format!("file://{}", git.root().display());
    let all = [&["-c", "protocol.file.allow=always", "clone", "--quiet"], options, &[&address, name]].concat();
    git_in(&git.beside("."), all);
    git.beside(name)
}

fn add(git: &Git, library: &Git, path: &str) {
    let address = format!("file://{}", library.root().display());
    git.run(["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &address, path]);
}

fn content(folder: &Path, name: &str) -> Option<String> {
    fs::read_to_string(folder.join("tree").join(name)).ok()
}

/// Commits in the submodule itself.
fn commit_inside(git: &Git, path: &str, message: &str) -> String {
    let inside = git.root().join(path);
    git_in(&inside, ["add", "--all"]);
    git_in(&inside, ["commit", "--quiet", "--message", message]);
    git_in(&inside, ["rev-parse", "HEAD"])
}

/// A library, and a repository that has it as the submodule `lib dir/ü`: at its first commit, then at its second.
fn with_submodule() -> (Git, Git, [String; 2]) {
    let library = Git::new();
    library.write("file", "1");
    library.write("below/file", "1");
    library.commit("library 1");
    let git = Git::new();
    git.write("own", "");
    add(&git, &library, SUB);
    let first = git.commit("first");
    git.write(Path::new(SUB).join("file"), "2");
    commit_inside(&git, SUB, "library 2");
    let second = git.commit("second");
    git_in(&git.root().join(SUB), ["push", "--quiet", "origin", "HEAD:refs/heads/second"]);
    (git, library, [first, second])
}

const SUB: &str = "lib dir/ü";

#[test]
fn each_commit_is_written_with_its_own_state_of_a_submodule() {
    let (git, _library, [first, second]) = with_submodule();
    let before = look(&git);
    let slot = git.beside("slot");
    for _ in 0..2 {
        let written = write_commit(&git, &first, &slot);
        let names = written.keys().map(|path| path.to_str().unwrap().to_owned());
        let inside = |name: &str| format!("{SUB}/{name}");
        let expected = [".gitmodules".to_owned(), inside("below/file"), inside("file"), "own".to_owned()];
        assert_eq!(names.collect::<Vec<_>>(), expected);
        assert_eq!(content(&slot, &inside("file")).as_deref(), Some("1"));
        write_commit(&git, &second, &slot);
        assert_eq!(content(&slot, &inside("file")).as_deref(), Some("2"));
    }
    assert_eq!(look(&git), before);
    let repository = Repository::discover(git.root()).unwrap();
    let [base, head] = [&first, &second].map(|commit| repository.tree_of(commit, &slot).unwrap());
    assert_eq!(repository.changed_paths(&base, &head, &slot).unwrap(), [Path::new(SUB).join("file")]);
}

#[test]
fn changes_inside_a_submodule_are_changes_of_the_work_tree() {
    let (git, _library, [_, second]) = with_submodule();
    let repository = Repository::discover(git.root()).unwrap();
    let (slot, inside) = (git.beside("slot"), git.root().join(SUB));
    let changed = |tree: &Tree| {
        let base = repository.tree_of(&second, &slot).unwrap();
        repository.changed_paths(&base, tree, &slot).unwrap()
    };
    let expected = || {
        let mut expected = files(git.root());
        expected.remove(&Path::new(SUB).join(".git")).unwrap();
        expected
    };
    assert!(!repository.head().unwrap().dirty);
    fs::write(inside.join("file"), "3").unwrap();
    fs::write(inside.join("new"), "3").unwrap();
    // Where the user wants to be told nothing of such changes, too.
    for ignore in ["none", "all"] {
        git.run(["config", "submodule.lib dir/ü.ignore", ignore]);
        let before = [look(&git).concat(), git_in(&inside, ["status", "--porcelain"])];
        assert!(repository.head().unwrap().dirty, "{ignore}");
        assert_eq!(write_work_tree(&git, &slot), expected(), "{ignore}");
        let tree = repository.tree_of_work_tree(&slot).unwrap();
        assert_eq!(changed(&tree), ["file", "new"].map(|name| Path::new(SUB).join(name)), "{ignore}");
        assert_eq!([look(&git).concat(), git_in(&inside, ["status", "--porcelain"])], before);
    }
    // A commit that the repository itself does not know of yet.
    commit_inside(&git, SUB, "library 3");
    assert!(repository.head().unwrap().dirty);
    assert_eq!(write_work_tree(&git, &slot), expected());
}

#[test]
fn submodules_of_submodules_are_written() {
    let (middle, _library, _) = with_submodule();
    let git = Git::new();
    add(&git, &middle, "outer");
    git.run(["-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init", "--recursive"]);
    let commit = git.commit("first");
    let slot = git.beside("slot");
    write_commit(&git, &commit, &slot);
    let name = format!("outer/{SUB}/file");
    assert_eq!(content(&slot, &name).as_deref(), Some("2"));
    fs::write(git.root().join(&name), "changed").unwrap();
    write_work_tree(&git, &slot);
    assert_eq!(content(&slot, &name).as_deref(), Some("changed"));
}

/// Head may have moved or removed it: git keeps its repository by name.
#[test]
fn a_submodule_is_found_that_head_has_no_longer() {
    let (git, _library, [first, _]) = with_submodule();
    let slot = git.beside("slot");
    git.run(["mv", SUB, "moved"]);
    let moved = git.commit("moved");
    git.run(["rm", "--quiet", "moved"]);
    git.commit("removed");
    assert!(!git.root().join("moved").exists());
    write_commit(&git, &first, &slot);
    assert_eq!(content(&slot, &format!("{SUB}/file")).as_deref(), Some("1"));
    write_commit(&git, &moved, &slot);
    assert_eq!((content(&slot, "moved/file").as_deref(), content(&slot, SUB)), (Some("2"), None));
}

#[test]
fn a_linked_work_tree_finds_the_submodules_of_its_repository() {
    let (git, _library, [first, _]) = with_submodule();
    let linked = git.beside("linked");
    git.run(["worktree", "add", "--quiet", "--detach", linked.to_str().unwrap()]);
    let repository = Repository::discover(&linked).unwrap();
    let slot = git.beside("slot");
    for (tree, expected) in [
        (repository.tree_of(&first, &slot).unwrap(), "1"),
        // Not checked out there, and still what the build needs.
        (repository.tree_of_work_tree(&slot).unwrap(), "2"),
    ] {
        assert_eq!(tree.absent, []);
        repository.write_tree(&tree, &slot).unwrap();
        assert_eq!(content(&slot, &format!("{SUB}/file")).as_deref(), Some(expected));
    }
}

#[test]
fn a_submodule_is_a_repository_of_its_own() {
    let (git, _library, _) = with_submodule();
    let inside = git.root().join(SUB);
    let parent = git_in(&inside, ["rev-parse", "HEAD~1"]);
    let repository = Repository::discover(&inside.join("below")).unwrap();
    assert_eq!(repository.root(), inside);
    assert_eq!(base_in(&inside, &nothing_said()).unwrap().unwrap().commit, parent);
}

/// Untracked, and not a submodule: what committing everything would make of it.
#[test]
fn a_repository_inside_the_work_tree_is_part_of_it() {
    let git = Git::new();
    git.commit("first");
    git_in(git.root(), ["init", "--quiet", "inner"]);
    git.write("inner/file", "1");
    commit_inside(&git, "inner", "inner");
    git.write("inner/file", "2");
    let slot = git.beside("slot");
    write_work_tree(&git, &slot);
    assert_eq!(content(&slot, "inner/file").as_deref(), Some("2"));
}

#[test]
fn what_is_not_here_stays_empty_and_names_the_command_that_gets_it() {
    let (git, _library, [first, _]) = with_submodule();
    let slot = git.beside("slot");
    let bare = clone(&git, &[], "without");
    let repository = Repository::discover(&bare).unwrap();
    assert!(!repository.head().unwrap().dirty);
    assert_eq!(repository.empty_submodules().unwrap(), [Path::new(SUB)]);
    let tree = repository.tree_of(&first, &slot).unwrap();
    let said: Vec<_> = tree.absent.iter().map(ToString::to_string).collect();
    let command = format!("git submodule update --init '{SUB}'");
    assert_eq!(said, [format!("submodule `{SUB}` is empty, as it is not in this clone: `{command}` gets it")]);
    repository.write_tree(&tree, &slot).unwrap();
    assert!(slot.join("tree").join(SUB).is_dir());
    let all = ["-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init", SUB];
    git_in(&bare, all);
    let tree = repository.tree_of(&first, &slot).unwrap();
    assert_eq!(tree.absent, []);
    repository.write_tree(&tree, &slot).unwrap();
    assert_eq!(content(&slot, &format!("{SUB}/file")).as_deref(), Some("1"));
}

/// A file `.git` that leads nowhere, and a folder that is no repository.
#[test]
fn a_broken_submodule_is_like_one_that_is_not_checked_out() {
    let (git, _library, [first, _]) = with_submodule();
    let slot = git.beside("slot");
    let file = git.root().join(SUB).join(".git");
    for nowhere in [true, false] {
        fs::remove_file(&file).unwrap();
        if nowhere {
            fs::write(&file, "gitdir: /no/such/folder\n").unwrap();
        } else {
            fs::create_dir(&file).unwrap();
        }
        write_commit(&git, &first, &slot);
        assert_eq!(content(&slot, &format!("{SUB}/file")).as_deref(), Some("1"));
    }
}

/// As CI clones: one commit of the submodule, head's.
#[test]
fn a_shallow_submodule_fetches_the_one_commit_that_base_needs() {
    let (git, library, [first, _]) = with_submodule();
    let commit = library.id("main");
    library.commit("library 3");
    let shallow = clone(&git, &["--recurse-submodules", "--shallow-submodules"], "shallow");
    let mut repository = Repository::discover(&shallow).unwrap();
    repository.forbid_fetching();
    let slot = git.beside("slot");
    let absent = repository.tree_of(&first, &slot).unwrap().absent;
    assert_eq!(
        absent.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [format!(
            "submodule `{SUB}` is empty, as its commit {} is not in this clone: `git -C '{SUB}' fetch origin {commit}` gets it",
            &commit[..10]
        )]
    );
    let repository = Repository::discover(&shallow).unwrap();
    let tree = repository.tree_of(&first, &slot).unwrap();
    assert_eq!(tree.absent, []);
    repository.write_tree(&tree, &slot).unwrap();
    assert_eq!(content(&slot, &format!("{SUB}/file")).as_deref(), Some("1"));
}

/// A package whose library is a submodule, through the program.
#[test]
fn a_member_that_is_a_submodule_is_built_or_named() {
    let library = Git::new();
    library.write("Cargo.toml", "[package]\nname = \"member\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
    library.write("src/lib.rs", "pub fn one() {}\n");
    library.commit("library");
    let git = small();
    add(&git, &library, "member");
    let manifest = fs::read_to_string(git.root().join("Cargo.toml")).unwrap();
    git.write("Cargo.toml", format!("{manifest}\n[dependencies]\nmember = {{ path = \"member\" }}\n"));
    git.write(
        "Cargo.lock",
        "version = 4\n\n[[package]]\nname = \"member\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"small\"\nversion = \"0.1.0\"\ndependencies = [\n \"member\",\n]\n",
    );
    git.write("src/lib.rs", "pub use member::one;\n");
    git.commit("a member");
    git.write("member/src/lib.rs", "pub fn one() {}\npub fn two() {}\n");
    commit_inside(&git, "member", "two");
    git.write("src/lib.rs", "pub use member::two;\n");
    git.commit("the member moves");
    assert_eq!(perfgate(&git, git.root(), &["check"], &[]).code, 4);
    assert_eq!(last(git.root()).warnings, [""; 0]);

    let without = clone(&git, &[], "without");
    let ran = perfgate(&git, &without, &["check"], &[]);
    assert_eq!(ran.code, 101);
    let help = "error: head does not build: cargo failed without a compiler's error\nhelp: in head the submodule `member` is \
        empty, as it is not in this clone: `git submodule update --init member` gets it\nhelp: ";
    assert!(ran.stderr.contains(help), "{}", ran.stderr);
    // As a member of the workspace cargo misses it sooner.
    fs::write(without.join("Cargo.toml"), format!("{manifest}\n[workspace]\nmembers = [\"member\"]\n")).unwrap();
    let ran = perfgate(&git, &without, &["check"], &[]);
    assert_eq!(ran.code, 101);
    let help = "\nhelp: the submodule `member` is not checked out: `git submodule update --init member`";
    assert!(ran.stderr.contains("error: could not read the packages of the work tree"), "{}", ran.stderr);
    assert!(ran.stderr.contains(help), "{}", ran.stderr);

    // Head's commit of it is there, base's is not.
    let old = library.id("main");
    library.commit("neither side's");
    git_in(&git.root().join("member"), ["push", "--quiet", "origin", "HEAD:refs/heads/second"]);
    let shallow = clone(&git, &["--recurse-submodules", "--shallow-submodules"], "shallow");
    let ran = perfgate(&git, &shallow, &["check", "--no-fetch"], &[]);
    assert_eq!(ran.code, 4);
    let expected = format!("in base the submodule `member` is empty, as its commit {} is not", &old[..10]);
    let warnings = last(&shallow).warnings;
    assert!(warnings.iter().any(|warning| warning.contains(&expected)), "{warnings:?}");
    assert_eq!(perfgate(&git, &shallow, &["check"], &[]).code, 4);
    assert_eq!(last(&shallow).warnings, [""; 0]);
}
