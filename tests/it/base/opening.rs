//! Repositories that are not like most: what cannot be opened says so with a way out, which is tried here; all else works.

use std::fs;
use std::path::Path;
use std::process::Command;

use cargo_perfgate::vcs::Repository;

use super::small::{base_chosen, home, perfgate, small, write_package};
use super::{base_in, branch, forked, nothing_said, refused};
use crate::support::{Git, git_in};

/// The first command between backquotes in what `said` advises.
fn advised(said: &str) -> &str {
    said.split("\nhelp: ").nth(1).unwrap().split('`').nth(1).unwrap()
}

/// Runs a line of shell as the user at `home`.
fn shell(directory: &Path, home: &Path, line: &str) {
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).current_dir(directory).env("HOME", home).env("GIT_CONFIG_NOSYSTEM", "1");
    let done = shell.output().unwrap();
    assert!(done.status.success(), "{line}: {}", String::from_utf8_lossy(&done.stderr));
}

/// Only root can give a folder away, so elsewhere this shows nothing.
#[cfg(unix)]
#[test]
fn another_users_repository_opens_after_the_command_that_the_error_names() {
    use std::os::unix::fs::chown;
    let git = Git::named("white space");
    write_package(&git, "below");
    git.write(".gitignore", "target\n");
    let first = git.commit("first");
    git.write("notes", "");
    git.commit("second");
    let (root, below) = (git.root().display(), git.root().join("below"));
    // The whole work tree, and the folder `.git` alone.
    for owned in ["", ".git"] {
        let owned = git.root().join(owned);
        if chown(&owned, Some(12345), None).is_err() {
            return;
        }
        let ran = perfgate(&git, &below, &["check"], &[]);
        assert_eq!(ran.code, 101);
        let command = format!("git config --global --add safe.directory '{root}'");
        let expected = format!(
            "error: could not open the git repository {root}: another user owns it\nhelp: if you trust it, run `{command}`"
        );
        assert!(ran.stderr.contains(&expected), "{}", ran.stderr);
        shell(&below, &home(&git), &command);
        let expected = (first.clone(), "parent of HEAD".to_owned());
        assert_eq!(base_chosen(&git, &below, &[]), expected);
        fs::remove_file(home(&git).join(".gitconfig")).unwrap();
        chown(&owned, Some(0), None).unwrap();
    }
}

#[test]
fn formats_that_cannot_be_read_are_named() {
    let made = |options: &[&str]| {
        let git = Git::named("first");
        let root = git.beside("made");
        git_in(&git.beside("."), [&["init", "--quiet", "--initial-branch=main", "made"], options].concat());
        for message in ["one", "two"] {
            git_in(&root, ["commit", "--quiet", "--allow-empty", "--message", message]);
        }
        (git, root)
    };
    let (_kept, root) = made(&["--ref-format=reftable"]);
    let shown = root.display();
    let said = refused(&root, &nothing_said());
    assert_eq!(
        said,
        format!(
            "could not open the git repository of {shown}: it keeps its refs in the reftable format, which this version \
             cannot read\nhelp: check in a clone of it: `git clone --ref-format=files . COPY`"
        )
    );
    shell(&root, &root, advised(&said));
    assert_eq!(base_in(&root.join("COPY"), &nothing_said()).unwrap().unwrap().reason, "parent of HEAD");

    let (_kept, root) = made(&["--object-format=sha256"]);
    let said = refused(&root, &nothing_said());
    let shown = root.display();
    let start = format!(
        "could not open the git repository of {shown}: it has SHA-256 object ids, which this version cannot read\nhelp: "
    );
    assert!(said.starts_with(&start), "{said}");

    // As git made partial clones up to 2.26.
    let (_kept, root) = made(&[]);
    git_in(&root, ["config", "core.repositoryFormatVersion", "1"]);
    git_in(&root, ["config", "extensions.partialClone", "origin"]);
    let said = refused(&root, &nothing_said());
    assert!(said.contains(": it uses the extension `extensions.partialclone` of git, which this version"), "{said}");
    shell(&root, &root, advised(&said));
    assert_eq!(base_in(&root, &nothing_said()).unwrap().unwrap().reason, "parent of HEAD");
    git_in(&root, ["config", "extensions.fromTheFuture", "true"]);
    let said = refused(&root, &nothing_said());
    assert!(
        said.contains("`extensions.fromthefuture`") && said.contains("\nhelp: see `git config --get-reg"),
        "{said}"
    );
}

#[test]
fn without_a_commit_the_error_says_what_to_do() {
    let git = Git::new();
    write_package(&git, "");
    let ran = perfgate(&git, git.root(), &["check"], &[]);
    assert_eq!(ran.code, 101);
    let said =
        format!("error: could not look up HEAD in {}: there is no commit yet\nhelp: commit", git.root().display());
    assert!(ran.stderr.contains(&said), "{}", ran.stderr);
}

/// Head and base of a linked work tree are its own; it is built, and its results lie in it.
#[test]
fn a_linked_work_tree_is_judged_by_itself() {
    let git = small();
    let first = git.id("HEAD");
    git.write("notes", "main");
    git.commit("main 1");
    let linked = git.beside("linked tree");
    git.run(["worktree", "add", "--quiet", "-b", "side", linked.to_str().unwrap(), "HEAD~1"]);
    fs::write(linked.join("side"), "1").unwrap();
    git_in(&linked, ["add", "side"]);
    git_in(&linked, ["commit", "--quiet", "--message", "side 1"]);
    let expected = (first, "merge base of HEAD and main".to_owned());
    assert_eq!(base_chosen(&git, &linked, &[]), expected);
    assert!(!git.root().join("target").exists());
}

#[test]
fn a_work_tree_of_a_bare_repository_is_like_any() {
    let (git, fork) = forked();
    git_in(&git.beside("."), ["clone", "--quiet", "--bare", "repo", "bare.git"]);
    let (bare, linked) = (git.beside("bare.git"), git.beside("linked"));
    git_in(&bare, ["worktree", "add", "--quiet", linked.to_str().unwrap(), "feature"]);
    let look = || [git_in(&bare, ["for-each-ref"]), git_in(&linked, ["status", "--porcelain"])];
    let before = look();
    let base = base_in(&linked, &nothing_said()).unwrap().unwrap();
    assert_eq!((base.commit.as_str(), base.reason.as_str()), (fork.as_str(), "merge base of HEAD and main"));
    let repository = Repository::discover(&linked).unwrap();
    assert!(!repository.head().unwrap().dirty);
    let slot = git.beside("slot");
    let read = |name: &str| fs::read_to_string(slot.join("tree").join(name)).ok();
    repository.write_tree(&repository.tree_of(&git.id("feature~1"), &slot).unwrap(), &slot).unwrap();
    assert_eq!(read("feature").as_deref(), Some("1"));
    assert_eq!(look(), before);
    fs::write(linked.join("feature"), "3").unwrap();
    assert!(repository.head().unwrap().dirty);
    repository.write_tree(&repository.tree_of_work_tree(&slot).unwrap(), &slot).unwrap();
    assert_eq!((read("feature").as_deref(), read("main")), (Some("3"), None));
}

/// Configuration of each work tree, and a work tree that lies elsewhere.
#[test]
fn extensions_and_settings_that_can_be_read() {
    let (git, fork) = forked();
    git.run(["config", "extensions.worktreeConfig", "true"]);
    git.run(["config", "extensions.preciousObjects", "true"]);
    git.run(["config", "--worktree", "core.abbrev", "9"]);
    assert_eq!(base_in(git.root(), &nothing_said()).unwrap().unwrap().commit, fork);
    let apart = git.beside("apart.git");
    git_in(&git.beside("."), ["clone", "--quiet", "--separate-git-dir=apart.git", "repo", "clone"]);
    assert!(apart.join("HEAD").exists());
    let base = base_in(&git.beside("clone"), &branch("origin/main")).unwrap().unwrap();
    assert_eq!((base.commit.as_str(), base.reason.as_str()), (fork.as_str(), "merge base of HEAD and origin/main"));
}

#[cfg(unix)]
#[test]
fn the_path_of_a_repository_may_be_anything() {
    for name in ["white space", "ü \"quoted\" $(x) 'y'", "-n"] {
        let git = Git::named(name);
        write_package(&git, "");
        git.write(".gitignore", "target\n");
        let first = git.commit("first");
        git.write("notes", "");
        git.commit("second");
        assert_eq!(base_chosen(&git, git.root(), &[]).0, first, "{name}");
    }
}
