//! Names of the base: all that git takes for a commit, and nothing else.

use super::{branch, chosen, explicit, refused, straight};

#[test]
fn a_name_means_what_it_means_to_git() {
    let (git, [one, two, three]) = straight();
    git.run(["tag", "light", "HEAD~1"]);
    git.run(["tag", "--annotate", "--message", "tagged", "v1", "HEAD~1"]);
    git.run(["tag", "--annotate", "--message", "a tag of a tag", "release", "v1"]);
    git.run(["update-ref", "refs/heads/-dash", &one]);
    git.run(["update-ref", "refs/elsewhere/x", &one]);
    git.run(["branch", "deadbeef", "HEAD~2"]);
    let odd = "wip/#1-ü\"q'$(x)%&{}";
    git.run(["branch", odd, "HEAD~2"]);
    // A tag goes before a branch of its name.
    git.run(["branch", "both", "HEAD~2"]);
    git.run(["tag", "both", "HEAD~1"]);
    git.run(["config", "branch.main.remote", "."]);
    git.run(["config", "branch.main.merge", "refs/heads/deadbeef"]);
    for (name, expected) in [
        ("HEAD~2", &one),
        ("HEAD^^", &one),
        ("@", &three),
        ("@~1", &two),
        ("HEAD@{1}", &two),
        ("main@{1}", &two),
        ("main@{upstream}", &one),
        (":/two", &two),
        ("HEAD^{/one}", &one),
        ("light", &two),
        ("v1", &two),
        ("v1^{commit}", &two),
        ("refs/tags/v1", &two),
        ("tags/v1", &two),
        ("v1~1", &one),
        ("release", &two),
        ("refs/elsewhere/x", &one),
        ("heads/main", &three),
        ("-dash", &one),
        ("deadbeef", &one),
        (odd, &one),
        ("both", &two),
        ("heads/both", &one),
        (&format!("v1-1-g{}", &three[..8]), &three),
        (&three[..7].to_uppercase(), &three),
    ] {
        let reason = format!("--base {name}");
        assert_eq!(chosen(&git, &explicit(name)), Some((expected.clone(), reason)), "{name}");
    }
    // So does the configured branch.
    assert_eq!(chosen(&git, &branch(odd)).unwrap(), (one, format!("merge base of HEAD and {odd}")));
}

#[test]
fn what_is_no_single_commit_is_refused() {
    let (git, _) = straight();
    git.run(["tag", "of-a-file", "HEAD:file"]);
    git.run(["tag", "--annotate", "--message", "tagged", "of-a-tree", "HEAD^{tree}"]);
    for name in
        ["of-a-file", "of-a-tree", "HEAD~1..HEAD", "HEAD...main", "HEAD~9", ":/no such message", "", " ", "^HEAD"]
    {
        let said = refused(git.root(), &explicit(name));
        assert!(said.starts_with(&format!("`{name}` names no commit in ")), "{name}: {said}");
    }
}
