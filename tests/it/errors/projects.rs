//! Where there is no project, no repository, or neither is what it should be.

use std::fs;

use snapbox::str;

use super::{Place, reads};

const MANIFEST: &str = "[package]\nname = \"lone\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";

fn project() -> Place {
    let place = Place::empty();
    place.write("Cargo.toml", MANIFEST);
    place.write("src/lib.rs", "");
    place
}

#[test]
fn no_manifest() {
    let place = Place::empty();
    for command in ["check", "run", "list", "doctor", "init", "clean"] {
        reads(
            place.told(&[command]),
            str![[r#"
error: no project of cargo's: could not find `Cargo.toml` in `HERE` or any parent directory
help: run this in a cargo project, or name one with --manifest-path
exit 2
"#]],
        );
    }
    reads(
        place.told(&["list", "--manifest-path", "nowhere/Cargo.toml"]),
        str![[r#"
error: no project of cargo's: manifest path `HERE/nowhere/Cargo.toml` does not exist
help: run this in a cargo project, or name one with --manifest-path
exit 2
"#]],
    );
}

#[test]
fn a_broken_manifest() {
    let place = project();
    place.write("Cargo.toml", "[package\nname = 1\n");
    reads(
        place.told(&["check"]),
        str![[r#"
error: no project of cargo's: unclosed table, expected `]`
 --> Cargo.toml:1:9
  |
1 | [package
  |         ^
help: run this in a cargo project, or name one with --manifest-path
exit 2
"#]],
    );
}

#[test]
fn no_repository() {
    let place = project();
    for arguments in [&["check"][..], &["run"], &["list"], &["clean"], &["baseline", "list"], &["baseline", "verify"]] {
        reads(
            place.told(arguments),
            str![[r#"
error: HERE is in no git repository, where commits and their baselines are
help: run `git init` and commit; what was exported can be compared without: `cargo perfgate compare BASE.json HEAD.json`
exit 101
"#]],
        );
    }
}

#[test]
fn a_repository_without_a_commit_or_a_work_tree() {
    let place = project();
    git2::Repository::init(&place.root).unwrap();
    for command in ["check", "run", "list"] {
        reads(
            place.told(&[command]),
            str![[r#"
error: could not look up HEAD in HERE: there is no commit yet
help: commit something first
exit 101
"#]],
        );
    }
    let place = Place::empty();
    git2::Repository::init_bare(&place.root).unwrap();
    reads(
        place.told(&["baseline", "list"]),
        str![[r#"
error: the git repository HERE has no work tree
help: run this in a check-out of it
exit 101
"#]],
    );
}

#[test]
fn a_manifest_outside_of_the_repository() {
    let place = Place::empty();
    place.write("inside/Cargo.toml", "[workspace]\nmembers = [\"../outside\"]\nresolver = \"2\"\n");
    place.write("outside/Cargo.toml", format!("{MANIFEST}workspace = \"../inside\"\n"));
    place.write("outside/src/lib.rs", "");
    let git = git2::Repository::init(place.root.join("inside")).unwrap();
    let author = git2::Signature::now("a", "a@example.org").unwrap();
    let tree = git.find_tree(git.treebuilder(None).unwrap().write().unwrap()).unwrap();
    git.commit(Some("HEAD"), &author, &author, "first", &tree, &[]).unwrap();
    reads(
        place.told(&["list", "--manifest-path", "outside/Cargo.toml"]),
        str![[r#"
error: HERE/outside/Cargo.toml lies outside of its workspace's git repository HERE/inside, which alone is checked out
help: name a manifest inside of it with --manifest-path
exit 2
"#]],
    );
}

#[test]
fn a_current_directory_that_is_gone() {
    let place = Place::empty();
    fs::create_dir(place.root.join("gone")).unwrap();
    reads(
        place.told_in_shell("cd gone && rmdir ../gone && perfgate baseline list"),
        str![[r#"
> $ cargo perfgate baseline list
> error: could not work in the current directory: No such file or directory (os error 2)
> help: change into a folder that is there
> exit 101
exit 0
"#]],
    );
}

#[test]
fn a_name_that_stands_for_nothing() {
    let place = Place::repository();
    reads(
        place.told(&["baseline", "show", "\u{1b}[31mnope"]),
        str![[r#"
error: `\u{1b}[31mnope` names no commit in HERE: failed to parse revision specifier - Invalid pattern '\u{1b}[31mnope'
help: see `git branch --all`, `git tag` and `git log`
exit 2
"#]],
    );
    reads(
        place.told(&["compare", "run.jso", "HEAD"]),
        str![[r#"
error: `run.jso` is neither an exported file nor the name of a commit: revspec 'run.jso' not found
help: see that the path is right; `cargo perfgate baseline list` shows the commits with a baseline
exit 2
"#]],
    );
    reads(
        place.told(&["compare", "HEAD", "HEAD"]),
        str![[r#"
error: no baseline of HEAD (COMMIT) can be read
help: `cargo perfgate baseline list` shows what is stored; check the commit out and `cargo perfgate run` stores one
exit 4
"#]],
    );
    reads(
        Place::empty().told(&["compare", "base.json", "head.json"]),
        str![[r#"
error: `base.json` is no exported file, and HERE is in no git repository where it could name a commit
help: see that the path is right
exit 2
"#]],
    );
}
