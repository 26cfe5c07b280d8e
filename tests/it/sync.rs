//! `baseline push` and `pull` between clones, by the git program; and `prune`.

#[cfg(unix)]
mod hooks;
#[cfg(target_os = "linux")]
mod pushers;
mod remotes;

use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_perfgate::store::{BASELINES, Store};
use tempfile::TempDir;

use crate::fixture::{Ran, clean};
use crate::store::run_of;
use crate::support::git_in;

const COMMIT: &str = "1234abcd1234abcd1234abcd1234abcd1234abcd";
const OTHER: &str = "12ffffffffffffffffffffffffffffffffffffff";

/// A bare repository with one commit, and clones of it.
pub struct Hub {
    folder: TempDir,
    /// The bare repository.
    pub path: PathBuf,
}

impl Hub {
    pub fn new() -> Self {
        // In memory where that can be had: thousands of flushes to a busy disk take minutes, and have no bearing on this.
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
        let path = folder.path().canonicalize().unwrap().join("hub.git");
        let hub = Self { folder, path };
        git_in(hub.folder.path(), ["init", "--quiet", "--bare", "--initial-branch=main", "hub.git"]);
        let first = hub.clone_with(&[], "first");
        first.git(&["commit", "--quiet", "--allow-empty", "--message", "first"]);
        first.git(&["push", "--quiet", "origin", "HEAD:main"]);
        hub
    }

    pub fn address(&self) -> String {
        format!("file://{}", self.path.display())
    }

    pub fn clone_to(&self, name: &str) -> Local {
        self.clone_with(&[], name)
    }

    pub fn clone_with(&self, options: &[&str], name: &str) -> Local {
        let address = self.address();
        let arguments = [&["clone", "--quiet"], options, &[address.as_str(), name]].concat();
        git_in(self.folder.path(), arguments);
        Local { root: self.folder.path().canonicalize().unwrap().join(name) }
    }

    /// What a clone that was made just now finds.
    pub fn records(&self) -> usize {
        let clone = tempfile::tempdir_in(self.folder.path()).unwrap();
        git_in(clone.path(), ["clone", "--quiet", &self.address(), "."]);
        let clone = Local { root: clone.path().to_owned() };
        assert_eq!(clone.says(&["baseline", "pull"]).code, 0);
        clone.records()
    }
}

/// A clone.
pub struct Local {
    pub root: PathBuf,
}

impl Local {
    pub fn git(&self, arguments: &[&str]) -> String {
        git_in(&self.root, arguments)
    }

    pub fn says(&self, arguments: &[&str]) -> Ran {
        self.says_in(&self.root, arguments)
    }

    pub fn says_in(&self, directory: &Path, arguments: &[&str]) -> Ran {
        let done = clean(Command::new(env!("CARGO_BIN_EXE_cargo-perfgate")))
            .args(arguments)
            .current_dir(directory)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .unwrap();
        Ran::new(arguments, &done)
    }

    pub fn store(&self) -> Store {
        Store::open(&self.root).unwrap()
    }

    /// Stores a run that tells itself from others by `nanoseconds`.
    pub fn measured(&self, commit: &str, environment: &str, nanoseconds: f64) {
        self.store().add(&run_of(commit, environment, "2026-08-05T09:41:07Z", nanoseconds)).unwrap();
    }

    /// Packs refs, lines of `ID NAME`, which are new.
    pub fn pack(&self, refs: &str) {
        let packed = self.root.join(".git/packed-refs");
        let before = std::fs::read_to_string(&packed).unwrap_or_default();
        let rest = before.split_once('\n').map_or("", |(_, rest)| rest);
        std::fs::write(&packed, format!("# pack-refs with: peeled fully-peeled \n{rest}{refs}")).unwrap();
    }

    pub fn push(&self) -> String {
        let ran = self.says(&["baseline", "push"]);
        assert_eq!(ran.code, 0);
        last_line(&ran)
    }

    pub fn pull(&self) -> String {
        let ran = self.says(&["baseline", "pull"]);
        assert_eq!(ran.code, 0);
        last_line(&ran)
    }

    /// How many records there are, all of them readable.
    pub fn records(&self) -> usize {
        let listing = self.store().list().unwrap();
        assert_eq!(listing.skipped, []);
        let commits = listing.entries.iter().map(|entry| self.store().load(&entry.commit).unwrap());
        for loaded in commits {
            assert_eq!(loaded.skipped, []);
        }
        listing.entries.iter().map(|entry| entry.records.len()).sum()
    }
}

/// The last line that the user reads.
pub fn last_line(ran: &Ran) -> String {
    ran.stderr.lines().last().unwrap_or_default().trim_start().to_owned()
}

#[test]
fn two_clones_that_measured_the_same_commit_lose_nothing() {
    let hub = Hub::new();
    let (one, two) = (hub.clone_to("one"), hub.clone_to("two"));
    one.measured(COMMIT, "aa11", 1.0);
    one.measured(OTHER, "aa11", 2.0);
    two.measured(COMMIT, "aa11", 3.0);
    two.measured(COMMIT, "bb22", 4.0);
    assert_eq!(one.pull(), "Pulled nothing new from origin");
    assert_eq!(one.push(), "Pushed 2 records of 2 commits to origin");
    assert_eq!(one.push(), "Pushed nothing new to origin");
    assert_eq!(two.push(), "Pushed 2 records of 1 commit to origin");
    assert_eq!(two.records(), 3, "what is here of no commit is not fetched to push");
    assert_eq!(hub.records(), 4);
    assert_eq!(one.pull(), "Pulled 2 records of 1 commit from origin");
    assert_eq!(one.pull(), "Pulled nothing new from origin");
    assert_eq!(one.push(), "Pushed nothing new to origin");
    assert!(one.says(&["baseline", "verify"]).stderr.contains("4 records of 2 commits can be read"));

    // What was deleted goes from the others, too, and nothing else.
    assert_eq!(one.says(&["baseline", "delete", COMMIT, "--environment", "bb22"]).code, 0);
    two.measured(COMMIT, "bb22", 5.0);
    assert_eq!(one.push(), "Pushed 0 records of 1 commit to origin; deleted 1 record there, as here");
    assert_eq!(two.push(), "Pushed 1 record of 1 commit to origin");
    assert_eq!(two.pull(), "Pulled 1 record of 1 commit from origin");
    assert_eq!(one.pull(), "Pulled 1 record of 1 commit from origin");
    for clone in [&one, &two] {
        assert_eq!(clone.records(), 4);
        clone.git(&["fsck", "--strict", "--no-dangling"]);
    }
    git_in(&hub.path, ["fsck", "--strict", "--no-dangling"]);
}

#[test]
fn only_the_commits_that_are_asked_for_are_pulled() {
    let hub = Hub::new();
    let (one, two) = (hub.clone_to("one"), hub.clone_to("two"));
    let here = one.git(&["rev-parse", "HEAD"]);
    for commit in [COMMIT, OTHER, &here] {
        one.measured(commit, "aa11", 1.0);
    }
    one.push();
    let ran = two.says(&["baseline", "pull", "origin", "HEAD", "main", OTHER]);
    assert_eq!(ran.code, 0);
    assert_eq!(last_line(&ran), "Pulled 2 records of 2 commits from origin");
    assert_eq!(two.says(&["baseline", "pull", "origin", "nonsense"]).code, 2);
    let absent = "00".repeat(20);
    let ran = two.says(&["baseline", "pull", "origin", COMMIT, &absent]);
    assert_eq!(ran.code, 2);
    assert_eq!(
        ran.stderr,
        format!(
            "error: no baseline of {absent} (0000000000) is on origin, and nothing was pulled\nhelp: push it from where it was measured: `cargo perfgate baseline push`\n"
        )
    );
    assert_eq!(two.records(), 2);
}

#[test]
fn shallow_and_partial_clones_pull_and_push() {
    let hub = Hub::new();
    git_in(&hub.path, ["config", "uploadpack.allowFilter", "true"]);
    let full = hub.clone_to("full");
    full.git(&["commit", "--quiet", "--allow-empty", "--message", "second"]);
    full.git(&["push", "--quiet", "origin", "HEAD:main"]);
    full.measured(COMMIT, "aa11", 1.0);
    full.push();
    full.measured(COMMIT, "aa11", 2.0);
    full.push();
    for (number, option) in ["--depth=1", "--filter=blob:none", "--filter=tree:0"].into_iter().enumerate() {
        let clone = hub.clone_with(&[option], option.trim_start_matches('-'));
        let shallow = clone.git(&["rev-parse", "--is-shallow-repository"]);
        let commits = clone.git(&["rev-list", "--count", "HEAD"]);
        assert_eq!(clone.pull(), format!("Pulled {} records of 1 commit from origin", 2 + number));
        // Nothing was left out, and nothing became less or more of the rest.
        let reference = format!("{BASELINES}/{COMMIT}");
        let all = clone.git(&["rev-list", "--objects", "--missing=print", &reference]);
        assert!(!all.contains('?'), "{option}: {all}");
        assert_eq!(clone.git(&["rev-parse", "--is-shallow-repository"]), shallow, "{option}");
        assert_eq!(clone.git(&["rev-list", "--count", "HEAD"]), commits, "{option}");
        clone.measured(COMMIT, "aa11", 10.0 + number as f64);
        assert_eq!(clone.push(), "Pushed 1 record of 1 commit to origin", "{option}");
    }
    assert_eq!(full.pull(), "Pulled 3 records of 1 commit from origin");
    assert_eq!(full.records(), 5);
    git_in(&hub.path, ["fsck", "--strict", "--no-dangling"]);
}

/// What an unfiltered clone would have got, a partial one got of what users fetched by themselves.
#[test]
fn records_that_a_partial_clone_left_out_are_pulled() {
    let hub = Hub::new();
    git_in(&hub.path, ["config", "uploadpack.allowFilter", "true"]);
    let full = hub.clone_to("full");
    full.measured(COMMIT, "aa11", 1.0);
    full.push();
    let partial = hub.clone_with(&["--filter=blob:none"], "partial");
    partial.git(&["fetch", "--quiet", "origin", &format!("{BASELINES}/*:{BASELINES}/*")]);
    assert_eq!(partial.store().load(COMMIT).unwrap().runs.len(), 0);
    assert_eq!(partial.pull(), "Pulled 1 record of 1 commit from origin");
    assert_eq!(partial.records(), 1);
    assert_eq!(partial.pull(), "Pulled nothing new from origin");
}

/// More refs than can be named to a program at once, or looked up one by one.
#[test]
fn thousands_of_commits_are_pushed_and_pulled() {
    const COMMITS: usize = 4000;
    let hub = Hub::new();
    let (one, two) = (hub.clone_to("one"), hub.clone_to("two"));
    one.measured(COMMIT, "aa11", 1.0);
    let tip = one.git(&["rev-parse", &format!("{BASELINES}/{COMMIT}")]);
    let refs: String = (1..COMMITS).map(|n| format!("{tip} refs/perfgate/commits/{n:040x}\n")).collect();
    one.pack(&refs);
    assert_eq!(one.push(), "Pushed 4,000 records of 4,000 commits to origin");
    assert_eq!(two.pull(), "Pulled 4,000 records of 4,000 commits from origin");
    assert_eq!(two.pull(), "Pulled nothing new from origin");
}

#[test]
fn prune_deletes_what_is_of_no_use_here_and_pulling_brings_back_what_is_elsewhere() {
    let hub = Hub::new();
    let one = hub.clone_to("one");
    let first = one.git(&["rev-parse", "HEAD"]);
    let commit = |message: &str| {
        one.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
        one.git(&["rev-parse", "HEAD"])
    };
    let tagged = commit("tagged");
    one.git(&["tag", "kept"]);
    one.git(&["reset", "--quiet", "--hard", &first]);
    let linked = commit("checked out elsewhere");
    one.git(&["worktree", "add", "--quiet", "--detach", "../linked"]);
    one.git(&["reset", "--quiet", "--hard", &first]);
    let amended = commit("to be amended");
    one.git(&["commit", "--quiet", "--amend", "--allow-empty", "--message", "amended"]);
    for commit in [&first, &tagged, &linked, &amended, COMMIT] {
        one.measured(commit, "aa11", 1.0);
    }
    let tip = one.git(&["rev-parse", &format!("{BASELINES}/{amended}")]);
    let ran = one.says(&["baseline", "prune", "--dry-run"]);
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains(&format!(" Would prune {amended} (was {tip})\n")), "{}", ran.stderr);
    assert_eq!((ran.stderr.lines().count(), one.records()), (2, 5));
    one.says(&["baseline", "push"]);
    assert_eq!(one.says(&["baseline", "prune"]).code, 0);
    let left: Vec<String> = one.store().tips().unwrap().into_keys().collect();
    let mut expected = [first.clone(), tagged, linked];
    expected.sort();
    assert_eq!(left, expected);
    assert_eq!(last_line(&one.says(&["baseline", "prune"])), "Pruned nothing: all baselines are of commits in use");
    assert_eq!(one.push(), "Pushed nothing new to origin");
    assert_eq!(one.pull(), "Pulled 2 records of 2 commits from origin");

    let shallow = hub.clone_with(&["--depth=1"], "shallow");
    shallow.measured(&first, "aa11", 1.0);
    // A clone of a single commit is not shallow in git's eyes.
    std::fs::write(shallow.root.join(".git/shallow"), format!("{first}\n")).unwrap();
    let ran = shallow.says(&["baseline", "prune"]);
    assert_eq!(ran.code, 101);
    assert!(
        ran.stderr.contains("this clone is shallow") && ran.stderr.contains("\nhelp: fetch all of it"),
        "{}",
        ran.stderr
    );
    assert_eq!(shallow.records(), 1);
}

/// A commit that is made while prune looks around is in use, and so is what is stored of it; what is measured once more
/// meanwhile is not what was found to be of no use.
#[cfg(unix)]
#[test]
fn prune_leaves_what_is_stored_meanwhile() {
    use std::os::unix::fs::PermissionsExt;
    let hub = Hub::new();
    let one = hub.clone_to("one");
    one.measured(COMMIT, "aa11", 1.0);
    one.measured(OTHER, "aa11", 1.0);
    let stale = one.store().tips().unwrap()[OTHER].clone();
    one.measured(OTHER, "aa11", 2.0);
    let moved = one.store().tips().unwrap()[OTHER].clone();
    one.git(&["update-ref", &format!("{BASELINES}/{OTHER}"), &stale]);
    // Git, beside which others are at work while it lists what is in use.
    let programs = one.root.join("../programs");
    std::fs::create_dir(&programs).unwrap();
    let own = std::env::var_os("PATH").unwrap();
    let script = format!(
        "#!/bin/sh\nPATH={own:?}\ncase \" $* \" in *\" rev-list \"*) ;; *) exec git \"$@\";; esac\ngit \"$@\"\n\
         git update-ref {BASELINES}/{OTHER} {moved}\n\
         new=$(git commit-tree -p HEAD -m meanwhile HEAD^{{tree}})\n\
         git update-ref refs/heads/meanwhile \"$new\"\ngit update-ref {BASELINES}/\"$new\" {stale}\n"
    );
    std::fs::write(programs.join("git"), script).unwrap();
    std::fs::set_permissions(programs.join("git"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::join_paths([programs].into_iter().chain(std::env::split_paths(&own))).unwrap();
    let done = clean(Command::new(env!("CARGO_BIN_EXE_cargo-perfgate")))
        .args(["baseline", "prune"])
        .current_dir(&one.root)
        .env("PATH", path)
        .output()
        .unwrap();
    assert_eq!(Ran::new(&["baseline", "prune"], &done).code, 0);
    let mut expected = [OTHER.to_owned(), one.git(&["rev-parse", "meanwhile"])];
    expected.sort();
    let left = one.store().tips().unwrap();
    assert_eq!(left.keys().cloned().collect::<Vec<_>>(), expected);
    assert_eq!(left[OTHER], moved);
}
