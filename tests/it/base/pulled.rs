//! `check` pulls the baseline that it looks for and lacks: that one, and only where that is allowed.

use std::path::PathBuf;

use cargo_perfgate::store::{BASELINES, Store};

use super::small::{perfgate, small};
use crate::store::run_of;
use crate::support::{Git, git_in};

/// A clone of a project whose base has a baseline where it comes from, as another commit has.
fn clone_without_baselines() -> (Git, PathBuf, String) {
    let git = small();
    let base = git.id("HEAD");
    git.write("README.md", "more\n");
    let head = git.commit("second");
    for commit in [&base, &head] {
        Store::open(git.root()).unwrap().add(&run_of(commit, "aa11", "2026-08-05T09:41:07Z", 1.0)).unwrap();
    }
    let address = format!("file://{}", git.root().display());
    git_in(&git.beside("."), ["clone", "--quiet", &address, "clone"]);
    let clone = git.beside("clone");
    (git, clone, base)
}

fn stored(clone: &std::path::Path) -> String {
    git_in(clone, ["for-each-ref", "--format=%(refname)", BASELINES])
}

#[test]
fn the_baseline_of_base_is_pulled_where_it_is_needed_and_allowed() {
    let (git, clone, base) = clone_without_baselines();
    let check = |arguments: &[&str]| {
        let ran = perfgate(&git, &clone, &[&["check", "--base", "HEAD~1"], arguments].concat(), &[]);
        // There is nothing to measure.
        assert_eq!(ran.code, 4);
        ran
    };
    check(&[]);
    check(&["--method", "stored", "--no-fetch"]);
    check(&["--method", "stored", "--offline"]);
    assert_eq!(stored(&clone), "");
    let ran = check(&["--method", "stored"]);
    assert_eq!(stored(&clone), format!("{BASELINES}/{base}"));
    // It is of another environment, and stays of no use.
    assert!(
        ran.stdout.contains("no baseline of") && ran.stdout.contains("only 1 from other environments"),
        "{}",
        ran.stdout
    );
}

#[test]
fn what_cannot_be_pulled_is_a_warning() {
    let (git, clone, _) = clone_without_baselines();
    git_in(&clone, ["remote", "set-url", "origin", "file:///no/such/repository"]);
    let ran = perfgate(&git, &clone, &["check", "--base", "HEAD~1", "--method", "stored"], &[]);
    assert_eq!(ran.code, 4);
    let expected =
        "warning: no baseline was pulled, and the check goes on without: could not list the baselines of origin in ";
    assert!(ran.stderr.contains(expected), "{}", ran.stderr);
    git_in(&clone, ["remote", "remove", "origin"]);
    let ran = perfgate(&git, &clone, &["check", "--base", "HEAD~1", "--method", "stored"], &[]);
    assert_eq!(ran.code, 4);
    assert!(!ran.stderr.contains("warning: no baseline was pulled"), "{}", ran.stderr);
}
