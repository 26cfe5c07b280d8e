//! Partial clones, which hold the contents of files once they are needed: git fetches them, unless that is forbidden.

use std::fs;
use std::path::{Path, PathBuf};

use cargo_perfgate::vcs::Repository;

use super::small::{last, perfgate, small};
use super::{base_in, nothing_said};
use crate::support::{Git, git_in};

/// A clone without any content that its check-out does not need.
fn partial(git: &Git, filter: &str) -> PathBuf {
    git.run(["config", "uploadpack.allowFilter", "true"]);
    git.run(["config", "uploadpack.allowAnySHA1InWant", "true"]);
    let address = format!("file://{}", git.root().display());
    git_in(&git.beside("."), ["clone", "--quiet", filter, &address, "partial"]);
    git.beside("partial")
}

/// Whether the object is in the clone; asking does not fetch it.
fn holds(clone: &Path, object: &str) -> bool {
    let all = git_in(clone, ["cat-file", "--batch-all-objects", "--batch-check=%(objectname)"]);
    all.lines().any(|line| line == object)
}

fn two_versions() -> (Git, String) {
    let git = Git::new();
    git.write("file", "old");
    git.write("kept/file", "kept");
    let first = git.commit("first");
    git.write("file", "new");
    git.commit("second");
    (git, first)
}

#[test]
fn what_base_needs_is_fetched() {
    for filter in ["--filter=blob:none", "--filter=tree:0"] {
        let (git, first) = two_versions();
        let old = git.id("HEAD~1:file");
        let clone = partial(&git, filter);
        assert!(!holds(&clone, &old));
        let base = base_in(&clone, &nothing_said()).unwrap().unwrap();
        assert_eq!(base.commit, first);
        let repository = Repository::discover(&clone).unwrap();
        let slot = git.beside("slot");
        let tree = repository.tree_of(&first, &slot).unwrap();
        let out = repository.write_tree(&tree, &slot).unwrap();
        let read = |name: &str| fs::read_to_string(out.files.join(name)).unwrap();
        assert_eq!((read("file"), read("kept/file")), ("old".into(), "kept".into()), "{filter}");
        // Into the folder, not into the user's clone.
        assert!(!holds(&clone, &old), "{filter}");
        fs::write(clone.join("file"), "newest").unwrap();
        assert!(repository.head().unwrap().dirty);
        let head = repository.tree_of_work_tree(&slot).unwrap();
        assert_eq!(repository.changed_paths(&tree, &head, &slot).unwrap(), [Path::new("file")], "{filter}");
    }
}

#[test]
fn what_may_not_or_cannot_be_fetched_is_said_with_what_to_do() {
    let (git, first) = two_versions();
    let clone = partial(&git, "--filter=blob:none");
    let mut repository = Repository::discover(&clone).unwrap();
    let slot = git.beside("slot");
    let tree = repository.tree_of(&first, &slot).unwrap();
    let said = |repository: &Repository| repository.write_tree(&tree, &slot).unwrap_err().to_string();
    let start = format!(
        "could not write tree {} into {} in {}: this clone is partial, and lacks some of it: fatal: ",
        tree.id,
        slot.display(),
        clone.display()
    );
    git_in(&clone, ["remote", "set-url", "origin", "file:///no/such/repository"]);
    let unreachable = said(&repository);
    assert!(unreachable.starts_with(&start) && unreachable.contains("/no/such/repository"), "{unreachable}");
    assert!(unreachable.contains("\nhelp: see that `git fetch` works"), "{unreachable}");

    let address = format!("file://{}", git.root().display());
    git_in(&clone, ["remote", "set-url", "origin", &address]);
    repository.forbid_fetching();
    let forbidden = said(&repository);
    let end = "\nhelp: leave out --no-fetch, or fetch all of it once: `git fetch --refetch --no-filter`";
    assert!(forbidden.starts_with(&start) && forbidden.ends_with(end), "{forbidden}");
    git_in(&clone, ["fetch", "--quiet", "--refetch", "--no-filter"]);
    let out = repository.write_tree(&tree, &slot).unwrap();
    assert_eq!(fs::read_to_string(out.files.join("file")).unwrap(), "old");
}

/// A file that was not fetched yet is not one that base lacks: its limits would be off.
#[test]
fn bases_configuration_is_found_in_a_partial_clone() {
    let git = small();
    let path = ".config/perfgate.toml";
    git.write(path, "[gate]\nmax-regression = \"3%\"\n");
    git.commit("strict");
    git.write(path, "[gate]\nmax-regression = \"50%\"\n");
    git.commit("loose");
    let clone = partial(&git, "--filter=blob:none");
    let ran = perfgate(&git, &clone, &["check", "--no-fetch"], &[]);
    assert_eq!(ran.code, 101);
    assert!(ran.stderr.contains("error: could not read .config/perfgate.toml of "), "{}", ran.stderr);
    assert!(ran.stderr.contains("\nhelp: leave out --no-fetch"), "{}", ran.stderr);
    assert_eq!(perfgate(&git, &clone, &["check"], &[]).code, 4);
    let warnings = last(&clone).warnings;
    assert!(warnings.iter().any(|warning| warning.contains("max-regression is 3 % (head: 50 %)")), "{warnings:?}");
}
