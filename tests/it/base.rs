//! The choice of the base, on repositories that the git program made.

mod events;
mod filters;
mod hooks;
mod lfs;
mod names;
mod opening;
mod partial;
mod shapes;
pub mod small;
mod submodules;
mod surroundings;
mod trees;

use std::fs;
use std::path::Path;

use cargo_perfgate::vcs::{Base, BaseRequest, CiEvent, Repository, VcsError};

use crate::support::{Git, git_in};

fn base_in(directory: &Path, request: &BaseRequest) -> Result<Option<Base>, VcsError> {
    let mut repository = Repository::discover(directory)?;
    repository.forbid_fetching();
    repository.base(&repository.head()?, request)
}

fn base_fetched(directory: &Path, request: &BaseRequest) -> Result<Option<Base>, VcsError> {
    let repository = Repository::discover(directory)?;
    repository.base(&repository.head()?, request)
}

/// The base's id, and the reason for it.
fn chosen(git: &Git, request: &BaseRequest) -> Option<(String, String)> {
    base_in(git.root(), request).unwrap().map(|base| (base.commit, base.reason))
}

fn refused(directory: &Path, request: &BaseRequest) -> String {
    base_in(directory, request).unwrap_err().to_string()
}

fn nothing_said() -> BaseRequest {
    BaseRequest::default()
}

fn explicit(name: &str) -> BaseRequest {
    BaseRequest { explicit: Some(name.into()), ..nothing_said() }
}

fn branch(name: &str) -> BaseRequest {
    BaseRequest { branch: Some(name.into()), ..nothing_said() }
}

fn event(event: CiEvent) -> BaseRequest {
    BaseRequest { event: Some(event), ..nothing_said() }
}

fn push(before: &str) -> BaseRequest {
    event(CiEvent::Push { before: before.into() })
}

fn because(commit: &str, reason: &str) -> Option<(String, String)> {
    Some((commit.to_owned(), reason.to_owned()))
}

/// Three commits on `main`: `one`, `two`, `three`.
fn straight() -> (Git, [String; 3]) {
    let git = Git::new();
    let commits = ["one", "two", "three"].map(|text| {
        git.write("file", text);
        git.commit(text)
    });
    (git, commits)
}

/// `main` with `fork` and one commit after it; `feature`, which is checked out, with two commits after `fork`.
fn forked() -> (Git, String) {
    let git = Git::new();
    git.commit("root");
    let fork = git.commit("fork");
    git.run(["switch", "--quiet", "--create", "feature"]);
    git.write("feature", "1");
    git.commit("feature 1");
    git.write("feature", "2");
    git.commit("feature 2");
    git.run(["switch", "--quiet", "main"]);
    git.write("main", "1");
    git.commit("main 1");
    git.run(["switch", "--quiet", "feature"]);
    (git, fork)
}

#[test]
fn what_the_user_names_wins_over_everything() {
    let (git, fork) = forked();
    git.write("feature", "dirty");
    let all = |name: &str| BaseRequest {
        explicit: Some(name.into()),
        branch: Some("no/such/branch".into()),
        event: Some(CiEvent::MergeRef),
    };
    let tip = git.id("HEAD");
    git.run(["tag", "--annotate", "--message", "tagged", "v1", "main~1"]);
    for (name, expected) in [
        ("main", git.id("main")),
        ("HEAD~1", git.id("HEAD~1")),
        ("v1", fork.clone()),
        (&fork, fork.clone()),
        (&fork[..10], fork.clone()),
        // Even HEAD itself: the user may want to see what two builds of one commit give.
        ("HEAD", tip),
    ] {
        assert_eq!(chosen(&git, &all(name)), because(&expected, &format!("--base {name}")));
    }
}

#[test]
fn a_name_that_stands_for_no_commit_is_refused_with_what_to_do() {
    let (git, _) = straight();
    let root = git.root().display();
    let said = refused(git.root(), &explicit("no-such"));
    assert!(said.starts_with(&format!("`no-such` names no commit in {root}: ")), "{said}");
    assert!(said.ends_with("\nhelp: see `git branch --all`, `git tag` and `git log`"), "{said}");
    assert!(refused(git.root(), &branch("gone")).contains("`gone` names no commit"));
    // A tree and a file are no commits.
    assert!(refused(git.root(), &explicit("HEAD^{tree}")).contains("names no commit"));
    assert!(refused(git.root(), &explicit("HEAD:file")).contains("names no commit"));
}

/// `git fetch origin origin/main` would look for a branch of that whole name.
#[test]
fn the_command_that_fetches_a_branch_of_a_remote_can_be_run() {
    let (git, _) = straight();
    let clone = git.beside("clone");
    git_in(&git.beside("."), ["clone", "--quiet", "repo", "clone"]);
    git.run(["branch", "topic"]);
    let said = refused(&clone, &branch("origin/topic"));
    let command = said.rsplit('`').nth(1).unwrap();
    assert_eq!(command, "git fetch origin topic:refs/remotes/origin/topic", "{said}");
    git_in(&clone, command.split(' ').skip(1));
    base_in(&clone, &branch("origin/topic")).unwrap();
}

#[test]
fn on_a_pull_requests_merge_ref_it_is_the_target_branch() {
    let (git, _) = forked();
    git.run(["switch", "--quiet", "--detach", "main"]);
    git.run(["merge", "--quiet", "--no-ff", "--message", "merge", "feature"]);
    let expected = because(&git.id("main"), "target branch of the pull request");
    assert_eq!(chosen(&git, &event(CiEvent::MergeRef)), expected);
    // Configuration and changes that CI made to the tree do not matter then.
    git.write("feature", "dirty");
    let request = BaseRequest { branch: Some("feature".into()), ..event(CiEvent::MergeRef) };
    assert_eq!(chosen(&git, &request), expected);
}

/// A workflow may check out the pull request's own head instead of the merge.
#[test]
fn the_event_of_a_merge_without_a_merge_is_any_branch() {
    let (git, fork) = forked();
    assert_eq!(chosen(&git, &event(CiEvent::MergeRef)), because(&fork, "merge base of HEAD and main"));
}

#[test]
fn on_a_branch_it_is_the_merge_base_with_the_configured_branch() {
    let (git, fork) = forked();
    git.run(["branch", "release", "HEAD~1"]);
    assert_eq!(chosen(&git, &branch("main")), because(&fork, "merge base of HEAD and main"));
    assert_eq!(chosen(&git, &branch("release")), because(&git.id("HEAD~1"), "merge base of HEAD and release"));
    // Changes on top, and what a push says, change nothing about where the branch began.
    git.write("feature", "dirty");
    assert_eq!(chosen(&git, &branch("main")), because(&fork, "merge base of HEAD and main"));
    assert_eq!(chosen(&git, &push(&git.id("HEAD~1"))), because(&fork, "merge base of HEAD and main"));
}

#[test]
fn the_default_branch_is_the_remotes_own_else_one_of_the_usual_names() {
    let (git, [one, two, _]) = straight();
    let reason = |name: &str| format!("merge base of HEAD and {name}");
    git.run(["branch", "--move", "topic"]);
    // Nothing known: the parent.
    assert_eq!(chosen(&git, &nothing_said()), because(&two, "parent of HEAD"));
    // The weakest first, so that each one has to win over those before.
    for name in ["refs/heads/master", "refs/heads/main", "refs/remotes/origin/master", "refs/remotes/origin/main"] {
        git.run(["update-ref", name, &one]);
        let short = name.trim_start_matches("refs/heads/").trim_start_matches("refs/remotes/");
        assert_eq!(chosen(&git, &nothing_said()), because(&one, &reason(short)));
    }
    git.run(["update-ref", "refs/remotes/origin/trunk", &two]);
    git.run(["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk"]);
    assert_eq!(chosen(&git, &nothing_said()), because(&two, &reason("origin/trunk")));
    // A remote that renamed its branch leaves a pointer to nothing.
    git.run(["update-ref", "-d", "refs/remotes/origin/trunk"]);
    assert_eq!(chosen(&git, &nothing_said()), because(&one, &reason("origin/main")));
}

#[test]
fn commits_that_are_not_pushed_are_compared_with_what_is() {
    let (git, [one, ..]) = straight();
    git.run(["update-ref", "refs/remotes/origin/main", &one]);
    assert_eq!(chosen(&git, &nothing_said()), because(&one, "merge base of HEAD and origin/main"));
}

#[test]
fn on_the_default_branch_it_is_the_parent_or_head_where_the_tree_is_dirty() {
    let (git, [_, two, three]) = straight();
    assert_eq!(chosen(&git, &nothing_said()), because(&two, "parent of HEAD"));
    assert_eq!(chosen(&git, &branch("main")), because(&two, "parent of HEAD"));
    git.write("new", "not added");
    assert_eq!(chosen(&git, &nothing_said()), because(&three, "HEAD, which the work tree departs from"));
    // Behind the branch HEAD is the merge base itself.
    git.run(["stash", "--quiet", "--include-untracked"]);
    git.run(["switch", "--quiet", "--detach", &two]);
    assert_eq!(chosen(&git, &nothing_said()).unwrap().1, "parent of HEAD");
}

#[test]
fn on_a_merge_into_the_default_branch_it_is_the_first_parent() {
    let (git, _) = forked();
    git.run(["switch", "--quiet", "main"]);
    let before = git.id("main");
    git.run(["merge", "--quiet", "--no-ff", "--message", "merge", "feature"]);
    assert_eq!(chosen(&git, &nothing_said()), because(&before, "parent of HEAD"));
}

#[test]
fn on_a_push_it_is_the_commit_before_the_push() {
    let (git, [one, two, three]) = straight();
    assert_eq!(chosen(&git, &push(&one)), because(&one, "the commit before this push"));
    // A new branch; a commit that a force push has removed; a push that changed nothing; no id at all.
    for before in [&"0".repeat(40), &"1234abcd".repeat(5), &three, "", "0", "no id"] {
        assert_eq!(chosen(&git, &push(before)), because(&two, "parent of HEAD"), "{before:?}");
    }
    git.write("file", "dirty");
    assert_eq!(chosen(&git, &push(&one)), because(&three, "HEAD, which the work tree departs from"));
}

#[test]
fn a_first_commit_has_no_base_until_something_is_changed() {
    let git = Git::new();
    git.write("file", "one");
    let first = git.commit("first");
    assert_eq!(chosen(&git, &nothing_said()), None);
    assert_eq!(chosen(&git, &push(&"0".repeat(40))), None);
    git.write("file", "two");
    assert_eq!(chosen(&git, &nothing_said()), because(&first, "HEAD, which the work tree departs from"));
}

#[test]
fn without_a_commit_there_is_nothing_to_look_up() {
    let git = Git::new();
    git.write("file", "one");
    let said = refused(git.root(), &nothing_said());
    let root = git.root().display();
    assert_eq!(said, format!("could not look up HEAD in {root}: there is no commit yet\nhelp: commit something first"));
}

#[test]
fn histories_without_a_common_commit_have_no_merge_base() {
    let (git, _) = straight();
    git.run(["switch", "--quiet", "--orphan", "alone"]);
    git.commit("alone");
    let said = refused(git.root(), &nothing_said());
    assert!(said.starts_with("could not find the merge base of HEAD and main in "), "{said}");
    assert!(said.ends_with("\nhelp: name a commit with --base"), "{said}");
}

#[test]
fn a_detached_head_is_like_any_branch() {
    let (git, fork) = forked();
    git.run(["switch", "--quiet", "--detach", "feature"]);
    assert_eq!(chosen(&git, &nothing_said()), because(&fork, "merge base of HEAD and main"));
    git.run(["switch", "--quiet", "--detach", "main"]);
    assert_eq!(chosen(&git, &nothing_said()), because(&fork, "parent of HEAD"));
}

#[test]
fn a_linked_worktree_has_a_head_of_its_own() {
    let (git, fork) = forked();
    let linked = git.beside("linked");
    git.run(["worktree", "add", "--quiet", linked.to_str().unwrap(), "main"]);
    let base = base_in(&linked, &nothing_said()).unwrap().unwrap();
    assert_eq!((base.commit.as_str(), base.reason.as_str()), (fork.as_str(), "parent of HEAD"));
    // Changes in one are none in the other.
    fs::write(linked.join("main"), "dirty").unwrap();
    assert!(Repository::discover(&linked).unwrap().head().unwrap().dirty);
    assert!(!Repository::discover(git.root()).unwrap().head().unwrap().dirty);
    assert_eq!(Repository::discover(&linked).unwrap().root(), linked);
}

#[test]
fn the_repository_is_found_from_a_folder_below_and_not_from_outside() {
    let (git, _) = straight();
    git.write("deep/below/file", "");
    let found = Repository::discover(&git.root().join("deep/below")).unwrap();
    assert_eq!(found.root(), git.root());
    let outside = git.beside("outside");
    fs::create_dir(&outside).unwrap();
    let said = refused(&outside, &nothing_said());
    assert!(said.starts_with(&format!("{} is in no git repository", outside.display())), "{said}");
    assert!(said.contains("\nhelp: run `git init`"), "{said}");
    git_in(&outside, ["init", "--quiet", "--bare"]);
    assert!(refused(&outside, &nothing_said()).contains("has no work tree\nhelp: "));
}

#[test]
fn what_is_dirty() {
    let (git, _) = straight();
    let dirty = || Repository::discover(git.root()).unwrap().head().unwrap().dirty;
    git.write(".gitignore", "ignored\n");
    git.commit("ignore");
    git.write("ignored", "");
    assert!(!dirty(), "ignored files do not count");
    // A new time alone is no change, though git's index has another one.
    git.write("file", "three");
    assert!(!dirty());
    git.write("new", "");
    assert!(dirty(), "untracked");
    // Even where the user does not want to be told of such files.
    git.run(["config", "status.showUntrackedFiles", "no"]);
    assert!(dirty(), "untracked and not shown");
    fs::remove_file(git.root().join("new")).unwrap();
    assert!(!dirty());
    git.write("file", "changed");
    assert!(dirty(), "changed");
    git.run(["add", "file"]);
    assert!(dirty(), "staged");
    git.run(["reset", "--quiet", "--hard"]);
    fs::remove_file(git.root().join("file")).unwrap();
    assert!(dirty(), "deleted");
}

/// `--depth` has no effect on a plain path.
fn shallow(git: &Git, options: &[&str]) -> std::path::PathBuf {
    let clone = git.beside("shallow");
    let address = format!("file://{}", git.root().display());
    let all = [&["clone", "--quiet", "--depth=1"], options, &[&address, "shallow"]].concat();
    git_in(&git.beside("."), all);
    clone
}

#[test]
fn a_shallow_clone_of_the_default_branch_says_which_command_fetches_the_parent() {
    let (git, [_, two, _]) = straight();
    let clone = shallow(&git, &[]);
    let said = refused(&clone, &nothing_said());
    let command = "git fetch --deepen=1";
    assert_eq!(
        said,
        format!(
            "could not find the parent of HEAD in {}: this clone is shallow and ends here\nhelp: fetch one commit more: `{command}`",
            clone.display()
        )
    );
    git_in(&clone, ["fetch", "--quiet", "--deepen=1"]);
    assert_eq!(base_in(&clone, &nothing_said()).unwrap().unwrap().commit, two);
}

#[test]
fn a_shallow_clone_of_a_branch_says_which_command_fetches_the_merge_base() {
    let (git, fork) = forked();
    let clone = shallow(&git, &["--no-single-branch", "--branch=feature"]);
    let said = refused(&clone, &branch("origin/main"));
    assert!(said.starts_with("could not find the merge base of HEAD and origin/main in "), "{said}");
    assert!(said.contains("\nhelp: this clone is shallow: `git fetch --unshallow`"), "{said}");
    git_in(&clone, ["fetch", "--quiet", "--unshallow"]);
    assert_eq!(base_in(&clone, &branch("origin/main")).unwrap().unwrap().commit, fork);
}

/// How CI checks out a pull request by default: the merge commit alone. With the tip of the target branch.
fn merge_ref() -> (Git, std::path::PathBuf, String) {
    let (git, _) = forked();
    git.run(["switch", "--quiet", "main"]);
    let target = git.id("main");
    git.run(["switch", "--quiet", "--create", "merged"]);
    git.run(["merge", "--quiet", "--no-ff", "--message", "merge", "feature"]);
    let clone = shallow(&git, &["--branch=merged"]);
    git_in(&clone, ["switch", "--quiet", "--detach"]);
    (git, clone, target)
}

#[test]
fn a_shallow_merge_ref_says_which_command_fetches_its_parents() {
    let (_git, clone, target) = merge_ref();
    let said = refused(&clone, &event(CiEvent::MergeRef));
    assert!(said.ends_with("\nhelp: fetch one commit more: `git fetch --deepen=1`"), "{said}");
    git_in(&clone, ["fetch", "--quiet", "--deepen=1"]);
    let base = base_in(&clone, &event(CiEvent::MergeRef)).unwrap().unwrap();
    assert_eq!((base.commit, base.reason.as_str()), (target, "target branch of the pull request"));
}

#[test]
fn a_push_onto_a_shallow_clone_needs_one_commit_too() {
    let (git, [one, ..]) = straight();
    let clone = shallow(&git, &[]);
    let said = refused(&clone, &push(&one));
    assert!(said.contains("this clone is shallow") && said.contains("`git fetch --deepen=1`"), "{said}");
    let said = refused(&clone, &explicit(&one));
    assert!(said.contains("\nhelp: this is a shallow clone: fetch more of it"), "{said}");
}

/// What a fetch must leave as it is.
fn refs_and_files(clone: &Path) -> [String; 3] {
    let fetched = clone.join(".git/FETCH_HEAD").exists().to_string();
    [git_in(clone, ["for-each-ref"]), git_in(clone, ["status", "--porcelain", "--branch"]), fetched]
}

#[test]
fn a_shallow_clone_fetches_the_one_commit_that_it_needs() {
    let (git, [one, two, _]) = straight();
    let clone = shallow(&git, &[]);
    let before = refs_and_files(&clone);
    let base = base_fetched(&clone, &nothing_said()).unwrap().unwrap();
    assert_eq!((base.commit.as_str(), base.reason.as_str()), (two.as_str(), "parent of HEAD"));
    // That one and no other: its own parent is still absent.
    let absent = |commit: &str| git2::Repository::open(&clone).unwrap().find_commit(commit.parse().unwrap()).is_err();
    assert!(absent(&one) && !absent(&two));
    // On a push the commit before it.
    let base = base_fetched(&clone, &push(&one)).unwrap().unwrap();
    assert_eq!((base.commit.as_str(), base.reason.as_str()), (one.as_str(), "the commit before this push"));
    // By name.
    git.run(["branch", "release", "HEAD~1"]);
    assert_eq!(base_fetched(&clone, &explicit("origin/release")).unwrap().unwrap().commit, two);
    assert!(base_fetched(&clone, &explicit("no-such")).is_err());
    // By its distance.
    assert_eq!(base_fetched(&clone, &explicit("HEAD~2")).unwrap().unwrap().commit, one);
    assert!(base_fetched(&clone, &explicit("HEAD~9")).is_err());
    assert_eq!(refs_and_files(&clone), before);
}

#[test]
fn a_shallow_merge_ref_fetches_its_first_parent() {
    let (_git, clone, target) = merge_ref();
    let base = base_fetched(&clone, &event(CiEvent::MergeRef)).unwrap().unwrap();
    assert_eq!((base.commit, base.reason.as_str()), (target, "target branch of the pull request"));
}

/// A clone that has one branch and its last commit: neither the other branch nor the common commit is here.
#[test]
fn a_shallow_clone_of_a_branch_fetches_up_to_the_merge_base() {
    let (git, fork) = forked();
    git.run(["switch", "--quiet", "main"]);
    let clone = shallow(&git, &["--branch=feature"]);
    let before = refs_and_files(&clone);
    for request in [nothing_said(), branch("origin/main")] {
        let base = base_fetched(&clone, &request).unwrap().unwrap();
        assert_eq!((base.commit.as_str(), base.reason.as_str()), (fork.as_str(), "merge base of HEAD and origin/main"));
    }
    assert_eq!(refs_and_files(&clone), before);
}

#[test]
fn what_cannot_be_fetched_is_said() {
    let (git, _) = straight();
    let clone = shallow(&git, &[]);
    git_in(&clone, ["remote", "set-url", "origin", "/no/such/repository"]);
    let said = base_fetched(&clone, &nothing_said()).unwrap_err().to_string();
    assert!(said.starts_with("could not fetch commit ") && said.contains("/no/such/repository"), "{said}");
}

/// A full clone is never made shallow.
#[test]
fn a_full_clone_fetches_nothing() {
    let (git, _) = straight();
    git_in(&git.beside("."), ["clone", "--quiet", "repo", "clone"]);
    let clone = git.beside("clone");
    git.write("file", "four");
    let four = git.commit("four");
    assert!(base_fetched(&clone, &explicit(&four)).is_err());
    assert_eq!(git_in(&clone, ["rev-parse", "--is-shallow-repository"]), "false");
}

#[test]
fn the_history_begins_with_the_newest_and_ends_when_asked() {
    let (git, [one, two, three]) = straight();
    let repository = Repository::discover(git.root()).unwrap();
    let history = |commit: &str, most| repository.history(commit, most).unwrap();
    assert_eq!(history(&three, 9), [three.as_str(), &two, &one]);
    assert_eq!(history(&three, 2), [three.as_str(), &two]);
    assert_eq!(history(&one, 9), [one]);
}
