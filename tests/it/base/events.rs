//! What CI says of the event: which base that gives, and which variables and files say it.

use std::fs;

use cargo_perfgate::vcs::CiEvent;

use super::small::{base_chosen, small};
use super::{base_fetched, because, chosen, event, forked, refused, shallow};
use crate::support::{Git, git_in};

fn queue(into: Option<&str>) -> CiEvent {
    CiEvent::MergeQueue { into: into.map(str::to_owned) }
}

/// `main`, and the ref of a queue, which is checked out: one entry ahead of this one, then this one's commits.
fn queued() -> (Git, String, String) {
    let (git, _) = forked();
    git.run(["switch", "--quiet", "--create", "queue", "main"]);
    git.write("ahead", "1");
    let ahead = git.commit("the entry ahead");
    git.run(["merge", "--quiet", "--no-ff", "--message", "merge", "feature"]);
    let merge = git.id("HEAD");
    git.run(["update-ref", "refs/heads/gh-readonly-queue/main/pr-1-abc", "HEAD"]);
    git.run(["switch", "--quiet", "--detach", "HEAD"]);
    (git, ahead, merge)
}

const QUEUE: &str = "what the merge queue merges into";

#[test]
fn in_a_merge_queue_it_is_what_the_queue_merges_into() {
    let (git, ahead, merge) = queued();
    // Not `main`: what the entry ahead costs is judged with that one.
    assert_eq!(chosen(&git, &event(queue(Some(&ahead)))), because(&ahead, QUEUE));
    // A queue that rebases adds commits, each with one parent.
    git.write("more", "1");
    git.commit("a second commit of the pull request");
    assert_eq!(chosen(&git, &event(queue(Some(&ahead)))), because(&ahead, QUEUE));
    // Where CI does not say it, it is the first parent.
    assert_eq!(chosen(&git, &event(queue(None))), because(&merge, QUEUE));
    git.run(["switch", "--quiet", "--detach", &merge]);
    assert_eq!(chosen(&git, &event(queue(None))), because(&ahead, QUEUE));
    // A workflow that checks out the target instead has nothing of the queue before it.
    git.run(["switch", "--quiet", "main"]);
    let main = git.id("main");
    assert_eq!(chosen(&git, &event(queue(Some(&main)))).unwrap().1, "parent of HEAD");
}

#[test]
fn a_shallow_clone_of_a_merge_queue_fetches_what_it_merges_into() {
    let (git, ahead, _) = queued();
    git.run(["branch", "queued"]);
    let clone = shallow(&git, &["--branch=queued"]);
    git_in(&clone, ["switch", "--quiet", "--detach"]);
    for into in [Some(ahead.as_str()), None] {
        let said = refused(&clone, &event(queue(into)));
        assert!(said.contains("shallow") && said.contains("\nhelp: "), "{said}");
    }
    let base = base_fetched(&clone, &event(queue(Some(&ahead)))).unwrap().unwrap();
    assert_eq!((base.commit.as_str(), base.reason.as_str()), (ahead.as_str(), QUEUE));
}

/// The variables as the services set them, and the program's answer.
#[test]
fn the_variables_of_ci_are_understood() {
    let git = small();
    let first = git.id("HEAD");
    git.run(["switch", "--quiet", "--create", "feature"]);
    git.write("notes", "1");
    let middle = git.commit("feature 1");
    git.write("notes", "2");
    git.commit("feature 2");
    git.run(["switch", "--quiet", "main"]);
    git.write("other", "1");
    let target = git.commit("main 1");
    git.run(["switch", "--quiet", "--detach", "main"]);
    git.run(["merge", "--quiet", "--no-ff", "--message", "merge", "feature"]);
    let file = |name: &str, content: &str| {
        let path = git.beside(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let into_first = format!(r#"{{"merge_group": {{"base_sha": "{first}", "base_ref": "refs/heads/main"}}}}"#);
    let (into_first, into_nothing) = (file("first.json", &into_first), file("nothing.json", "{}"));
    let on = |variables: &[(&str, &str)]| base_chosen(&git, git.root(), variables);
    let expected = |commit: &String, reason: &str| (commit.clone(), reason.to_owned());

    let pull = [("GITHUB_EVENT_NAME", "pull_request"), ("GITHUB_REF", "refs/pull/7/merge")];
    assert_eq!(on(&pull), expected(&target, "target branch of the pull request"));
    let name = "refs/heads/gh-readonly-queue/main/pr-1-abc";
    let queue = [("GITHUB_EVENT_NAME", "merge_group"), ("GITHUB_REF", name), ("GITHUB_EVENT_PATH", &into_first)];
    assert_eq!(on(&queue), expected(&first, QUEUE));
    for path in [into_nothing.as_str(), "/no/such/file"] {
        let queue = [queue[0], queue[1], ("GITHUB_EVENT_PATH", path)];
        assert_eq!(on(&queue), expected(&target, QUEUE));
    }
    for name in ["refs/merge-requests/7/merge", "refs/merge-requests/7/train"] {
        let merged = [("GITLAB_CI", "true"), ("CI_MERGE_REQUEST_REF_PATH", name), ("CI_COMMIT_BEFORE_SHA", &middle)];
        assert_eq!(on(&merged), expected(&target, "target branch of the pull request"));
    }
    git.run(["switch", "--quiet", "feature"]);
    let own = [("GITLAB_CI", "true"), ("CI_MERGE_REQUEST_REF_PATH", "refs/merge-requests/7/head")];
    assert_eq!(on(&own), expected(&first, "merge base of HEAD and main"));
    git.run(["branch", "--move", "--force", "feature", "main"]);
    let pushed = file("push.json", &format!(r#"{{"before": "{first}", "ref": "refs/heads/main"}}"#));
    let push = [("GITHUB_EVENT_NAME", "push"), ("GITHUB_REF", "refs/heads/main"), ("GITHUB_EVENT_PATH", &pushed)];
    assert_eq!(on(&push), expected(&first, "the commit before this push"));
    assert_eq!(
        on(&[("GITLAB_CI", "true"), ("CI_COMMIT_BEFORE_SHA", &first)]),
        expected(&first, "the commit before this push")
    );
    assert_eq!(on(&[("CI_COMMIT_BEFORE_SHA", &first)]), expected(&middle, "parent of HEAD"));
}
