//! Hooks: the user's own are not run, those of the remote are obeyed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::{COMMIT, Hub, OTHER};

fn hook(folder: &Path, name: &str, what: &str) {
    let path = folder.join("hooks").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, format!("#!/bin/sh\n{what}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn the_users_hooks_are_not_run() {
    let hub = Hub::new();
    let one = hub.clone_to("one");
    for name in ["pre-push", "reference-transaction", "post-merge", "pre-auto-gc"] {
        hook(&one.root.join(".git"), name, "touch \"$0.ran\"; exit 1");
    }
    let two = hub.clone_to("two");
    two.measured(COMMIT, "aa11", 1.0);
    two.push();
    one.measured(COMMIT, "aa11", 2.0);
    assert_eq!(one.push(), "Pushed 1 record of 1 commit to origin");
    let ran = fs::read_dir(one.root.join(".git/hooks")).unwrap().flatten();
    let ran: Vec<_> =
        ran.map(|entry| entry.file_name()).filter(|name| name.to_string_lossy().ends_with(".ran")).collect();
    assert!(ran.is_empty(), "{ran:?}");
}

#[test]
fn what_a_remote_says_of_its_refusal_is_told_at_once() {
    let hub = Hub::new();
    let one = hub.clone_to("one");
    one.measured(COMMIT, "aa11", 1.0);
    one.measured(OTHER, "aa11", 1.0);
    hook(&hub.path, "pre-receive", "echo n >> ../pushes; echo 'ask \u{1b}[31mthe keeper' >&2; exit 1");
    let ran = one.says(&["baseline", "push"]);
    assert_eq!(ran.code, 101);
    let expected = [
        "could not push the baselines of 2 commits to origin in ",
        "it does not take them: 1234abcd12: [remote rejected] (pre-receive hook declined)\nask \\u{1b}[31mthe keeper\n",
        "\nhelp: ask whoever keeps it",
    ];
    for expected in expected {
        assert!(ran.stderr.contains(expected), "{expected:?} in {}", ran.stderr);
    }
    assert_eq!(fs::read_to_string(hub.path.parent().unwrap().join("pushes")).unwrap(), "n\n", "it is not asked twice");

    // One of them alone is refused: the other is there.
    fs::remove_file(hub.path.join("hooks/pre-receive")).unwrap();
    hook(&hub.path, "update", &format!("case $1 in */{COMMIT}) exit 1; esac"));
    let ran = one.says(&["baseline", "push"]);
    assert_eq!(ran.code, 101);
    assert!(ran.stderr.contains("baselines of 1 commit to origin in "), "{}", ran.stderr);
    assert!(ran.stderr.contains("take them; 1 record of 1 commit were pushed: 1234abcd12: "), "{}", ran.stderr);
    assert_eq!(hub.records(), 1);
}
