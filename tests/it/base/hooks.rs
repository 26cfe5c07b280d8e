//! Run from a hook: what git says of its own state there misleads no program that is started, and what the user says of
//! git by the environment is heard.

use super::small::{perfgate, small};
use super::{base_fetched, base_in, nothing_said, shallow, straight};
use crate::support::{Git, git_in};

#[test]
fn cargo_and_build_scripts_inherit_nothing_of_a_hook() {
    let git = small();
    let other = Git::new();
    other.commit("other");
    // What a build script that asks git for the version would come upon.
    git.write(
        "build.rs",
        r#"fn main() {
            for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
                assert_eq!(std::env::var_os(name), None, "{name}");
            }
            assert_eq!(std::env::var("GIT_AUTHOR_NAME").unwrap(), "kept");
        }"#,
    );
    git.commit("a build script");
    let inside = |name: &str| other.root().join(".git").join(name).to_str().unwrap().to_owned();
    let (folder, index) = (inside(""), inside("index"));
    let variables = [
        ("GIT_DIR", folder.as_str()),
        ("GIT_WORK_TREE", other.root().to_str().unwrap()),
        ("GIT_INDEX_FILE", &index),
        ("GIT_PREFIX", "below/"),
        ("GIT_AUTHOR_NAME", "kept"),
    ];
    let ran = perfgate(&git, git.root(), &["check"], &variables);
    assert_eq!(ran.code, 4);
    assert!(ran.stdout.contains("small::nothing: holds no benchmark of criterion, libtest or divan"), "{}", ran.stdout);
}

const CLONE: &str = "PERFGATE_TEST_HOOKS_CLONE";

/// No test of its own: the body of the process that the test below starts with a configuration in its environment.
#[test]
fn inside_an_environment() {
    let Some(clone) = std::env::var_os(CLONE).map(std::path::PathBuf::from) else { return };
    base_fetched(&clone, &nothing_said()).unwrap();
}

/// That is how CI hands over credentials and addresses.
#[test]
fn configuration_in_the_environment_is_heard() {
    let (git, [_, two, _]) = straight();
    let clone = shallow(&git, &[]);
    git_in(&clone, ["remote", "set-url", "origin", "https://nowhere.invalid/repo"]);
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["base::hooks::inside_an_environment", "--exact"])
        .env(CLONE, &clone)
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", format!("url.file://{}.insteadOf", git.root().display()))
        .env("GIT_CONFIG_VALUE_0", "https://nowhere.invalid/repo")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(base_in(&clone, &nothing_said()).unwrap().unwrap().commit, two);
}
