//! `init --ci`, `init --hook`, and the action at the root: what is written, and that it does what it is for.

#[cfg(unix)]
mod hooks;
#[cfg(all(unix, feature = "forge"))]
mod played;
mod workflows;

use std::fs;

use serde_json::Value;

use crate::base::small::{perfgate, small};
use crate::fixture::Ran;
use crate::support::Git;

/// A small project after `init` with these options.
fn initialised(options: &[&str]) -> (Git, Ran) {
    let git = small();
    let ran = init(&git, options);
    assert_eq!(ran.code, 0);
    (git, ran)
}

fn init(git: &Git, options: &[&str]) -> Ran {
    perfgate(git, git.root(), &[&["init"], options].concat(), &[])
}

fn read(git: &Git, path: &str) -> String {
    fs::read_to_string(git.root().join(path)).unwrap()
}

fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

const WORKFLOWS: [&str; 3] = [
    ".github/workflows/perfgate.yml",
    ".github/workflows/perfgate-comment.yml",
    ".github/workflows/perfgate-baseline.yml",
];

#[test]
fn workflows_are_written_once_and_never_over_others() {
    let (git, ran) = initialised(&["--ci", "github"]);
    for path in WORKFLOWS.iter().chain(&[".config/perfgate.toml"]) {
        assert!(ran.stderr.contains(&format!("Created {}", git.root().join(path).display())), "{}", ran.stderr);
        assert!(!read(&git, path).contains("@VERSION@"));
    }
    // Twice is once.
    let ran = init(&git, &["--ci", "github"]);
    assert_eq!((ran.code, ran.stderr.matches("Kept").count()), (0, 4), "{}", ran.stderr);
    // A file of the user's stops all.
    git.write(WORKFLOWS[1], "mine\n");
    fs::remove_file(git.root().join(WORKFLOWS[0])).unwrap();
    let ran = init(&git, &["--ci", "github"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("perfgate-comment.yml is there already, and nothing was changed\nhelp: "));
    assert!(!git.root().join(WORKFLOWS[0]).exists());
    assert_eq!(read(&git, WORKFLOWS[1]), "mine\n");
}

#[test]
fn workflows_name_the_main_branch_and_the_project() {
    let git = Git::new();
    crate::base::small::write_package(&git, "rust/small");
    git.commit("first");
    git.run(["branch", "--move", "trunk"]);
    let ran = perfgate(&git, &git.root().join("rust/small"), &["init", "--ci", "github", "--hook"], &[]);
    assert_eq!(ran.code, 0);
    assert_eq!(yaml(&read(&git, WORKFLOWS[2]))["on"]["push"]["branches"], serde_json::json!(["trunk"]));
    let option = " --manifest-path rust/small/Cargo.toml ";
    for path in [WORKFLOWS[0], WORKFLOWS[2], ".git/hooks/pre-push"] {
        assert!(read(&git, path).contains(option), "{path}");
    }
    // Nothing that a shell would obey.
    let git = Git::new();
    crate::base::small::write_package(&git, "a;b");
    git.commit("first");
    let ran = perfgate(&git, &git.root().join("a;b"), &["init", "--ci", "github"], &[]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("could not write the path `a;b/Cargo.toml` into a script"), "{}", ran.stderr);
    assert!(!git.root().join(".github").exists() && !git.root().join("a;b/.config").exists());
}

#[test]
fn gitlabs_own_file_is_the_users() {
    let (git, ran) = initialised(&["--ci", "gitlab"]);
    let include = "include:\n  - local: .gitlab/perfgate.yml\n";
    assert_eq!(read(&git, ".gitlab-ci.yml"), include);
    assert_eq!(ran.stdout, "");
    git.write(".gitlab-ci.yml", "test:\n  script: [cargo test]\n");
    let ran = init(&git, &["--ci", "gitlab"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, include));
    assert!(ran.stderr.contains(".gitlab-ci.yml, which is not edited for you"), "{}", ran.stderr);
    assert_eq!(read(&git, ".gitlab-ci.yml"), "test:\n  script: [cargo test]\n");
}
