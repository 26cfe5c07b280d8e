//! The pre-push hook: where it is put, what it leaves alone, and what it judges.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cargo_perfgate::flow::pre_push::{Pushed, pushed};

use super::{init, initialised, read};
use crate::base::small::{home, small};
use crate::fixture::clean;
use crate::support::{Git, git_in};

const HOOK: &str = ".git/hooks/pre-push";

fn script(git: &Git, path: &str, text: &str, mode: u32) {
    git.write(path, text);
    fs::set_permissions(git.root().join(path), fs::Permissions::from_mode(mode)).unwrap();
}

fn mode(git: &Git, path: &str) -> u32 {
    fs::metadata(git.root().join(path)).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_hook_is_put_before_what_is_there_and_once() {
    let (git, ran) = initialised(&["--hook"]);
    assert!(ran.stderr.contains("Created") && ran.stderr.contains(HOOK), "{}", ran.stderr);
    let block = read(&git, HOOK);
    assert!(block.starts_with("#!/bin/sh\n# >>> cargo-perfgate >>>\n") && block.contains("git push --no-verify"));
    assert_eq!(mode(&git, HOOK), 0o755);
    assert!(init(&git, &["--hook"]).stderr.contains("pre-push, as it is"));

    // What a hook does already stays, and so do its permissions; a link leads to the file as before.
    script(&git, "scripts/hook", "#!/usr/bin/env -S bash -e\necho mine\n", 0o700);
    fs::remove_file(git.root().join(HOOK)).unwrap();
    symlink("../../scripts/hook", git.root().join(HOOK)).unwrap();
    assert!(init(&git, &["--hook"]).stderr.contains("Extended"));
    let ours = block.strip_prefix("#!/bin/sh\n").unwrap();
    assert_eq!(read(&git, "scripts/hook"), format!("#!/usr/bin/env -S bash -e\n{ours}echo mine\n"));
    assert_eq!(mode(&git, "scripts/hook"), 0o700);
    assert!(git.root().join(HOOK).is_symlink());
    // An older block of ours gives way to the new one.
    let older = read(&git, "scripts/hook").replace("perfgate pre-push", "perfgate old");
    script(&git, "scripts/hook", &older, 0o700);
    assert_eq!(init(&git, &["--hook"]).code, 0);
    assert_eq!(read(&git, "scripts/hook"), format!("#!/usr/bin/env -S bash -e\n{ours}echo mine\n"));
}

#[test]
fn a_hook_goes_where_git_looks() {
    let git = small();
    git.run(["config", "core.hooksPath", ".githooks"]);
    assert_eq!(init(&git, &["--hook"]).code, 0);
    assert!(read(&git, ".githooks/pre-push").contains("cargo-perfgate pre-push"));
    assert!(!git.root().join(HOOK).exists());
    // What other repositories use, too, is not ours to change.
    let shared = git.beside("shared");
    git.run(["config", "core.hooksPath", shared.to_str().unwrap()]);
    let ran = init(&git, &["--hook"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("is not this repository's alone (core.hooksPath), and nothing was changed\nhelp: "));
    assert!(!shared.exists());

    let (git, _) = initialised(&[]);
    git.write(".husky/_/h", "");
    git.run(["config", "core.hooksPath", ".husky/_"]);
    assert_eq!(init(&git, &["--hook"]).code, 0);
    assert!(read(&git, ".husky/pre-push").contains("cargo-perfgate pre-push"));
}

#[test]
fn managers_of_hooks_are_told_and_not_edited() {
    for (file, text, says) in [
        (".pre-commit-config.yaml", "repos: []\n", "        stages: [pre-push]\n"),
        ("lefthook.yml", "pre-commit: {}\n", "      use_stdin: true\n"),
    ] {
        let git = small();
        git.write(file, text);
        let ran = init(&git, &["--hook"]);
        assert_eq!(ran.code, 0);
        assert!(ran.stdout.contains(says) && ran.stdout.contains("cargo-perfgate pre-push\n"), "{}", ran.stdout);
        super::yaml(&ran.stdout);
        assert_eq!(read(&git, file), text);
        assert!(!git.root().join(HOOK).exists());
        for known in [ran.stdout.clone(), ran.stdout.replace("cargo-perfgate pre-push", "cargo perfgate pre-push")] {
            git.write(file, known);
            assert_eq!(init(&git, &["--hook"]).stdout, "");
        }
    }
}

#[test]
fn what_cannot_be_extended_is_left_alone() {
    for (text, mode, says) in [
        ("#!/usr/bin/env python3\nprint()\n", 0o755, "is no shell script, and nothing was changed\nhelp: "),
        ("#!/usr/bin/fish\n", 0o755, "is no shell script"),
        ("#!/bin/sh\necho\n", 0o644, "is not executable, so git does not run it"),
    ] {
        let git = small();
        script(&git, HOOK, text, mode);
        let ran = init(&git, &["--hook"]);
        assert_eq!(ran.code, 2);
        assert!(ran.stderr.contains(says), "{}", ran.stderr);
        assert_eq!(read(&git, HOOK), text);
        assert!(!git.root().join(".config").exists(), "all or nothing");
    }
}

#[test]
fn what_a_push_sends() {
    let (a, b, zero) = ("a".repeat(40), "b".repeat(40), "0".repeat(40));
    let judged = |said: &str| pushed(said).map_err(|e| e.to_string());
    let one = |commit: &str, before: &str| Pushed { commit: commit.into(), before: before.into() };
    assert_eq!(judged(""), Ok(vec![]));
    let lines = [
        format!("refs/heads/x {a} refs/heads/x {zero}"),
        format!("HEAD@{{1 day ago}} {b} refs/heads/y {a}"),
        format!("(delete) {zero} refs/heads/z {b}"),
        format!("refs/tags/v1 {} refs/tags/v1 {zero}", "c".repeat(40)),
        format!("refs/perfgate/commits/{b} {} refs/perfgate/commits/{b} {zero}", "d".repeat(40)),
        format!("refs/heads/same {a} refs/heads/same {b}"),
    ];
    assert_eq!(judged(&(lines.join("\n") + "\n")), Ok(vec![one(&a, &zero), one(&b, &a)]));
    for garbage in ["x", "a b c d", &format!("refs/heads/x {a} refs/heads/x abc"), &format!("r {a} {a}")] {
        assert!(judged(garbage).unwrap_err().contains("git says `LOCAL-REF"), "{garbage}");
    }
}

/// A clone's pushes, with the program on the path and nothing of this process's own run.
struct Pushing {
    git: Git,
    remote: PathBuf,
}

impl Pushing {
    fn push(&self, from: &Path, arguments: &[&str]) -> (Output, String) {
        let binary = Path::new(env!("CARGO_BIN_EXE_cargo-perfgate")).parent().unwrap();
        let cargo = PathBuf::from(std::env::var_os("CARGO").unwrap());
        let paths = [binary.to_owned(), cargo.parent().unwrap().to_owned()];
        let own = std::env::var_os("PATH").unwrap();
        let path: OsString = std::env::join_paths(paths.into_iter().chain(std::env::split_paths(&own))).unwrap();
        let done = clean(Command::new("git"))
            .args([&["push", "origin"], arguments].concat())
            .current_dir(from)
            .env("PATH", path)
            .env("GIT_CONFIG_GLOBAL", home(&self.git).join("none"))
            .env("PERFGATE_TARGET_DIR", self.git.beside("builds"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        println!("$ git push {arguments:?}\n{said}");
        (done, said)
    }

    /// What the remote has of a branch.
    fn has(&self, branch: &str) -> String {
        git_in(&self.remote, ["for-each-ref", "--format=%(objectname)", &format!("refs/heads/{branch}")])
    }
}

/// From a linked work tree, where git tells hooks of itself by variables; what is checked out is not what is pushed.
#[test]
fn the_pushed_commit_is_judged_and_nothing_else() {
    let git = small();
    let remote = git.beside("remote.git");
    git_in(git.root(), ["init", "--quiet", "--bare", remote.to_str().unwrap()]);
    git.run(["remote", "add", "origin", remote.to_str().unwrap()]);
    git.run(["push", "--quiet", "origin", "main"]);
    git.run(["fetch", "--quiet", "origin"]);
    git.write("src/lib.rs", "pub fn one() {}\n");
    let good = git.commit("a change");
    git.run(["branch", "good"]);
    git.write("benches/nothing.rs", "fn main() { does_not_exist() }\n");
    let bad = git.commit("a mistake");
    git.run(["branch", "bad"]);
    git.run(["reset", "--quiet", "--hard", "main~2"]);
    let linked = git.beside("linked");
    git.run(["worktree", "add", "--quiet", linked.to_str().unwrap(), "-b", "elsewhere"]);
    // A hook that was there before reads what git says, too.
    script(&git, HOOK, "#!/bin/sh\ncat > \"$(git rev-parse --git-common-dir)/seen\"\nexit 0\n", 0o755);
    let pushing = Pushing { git, remote };
    let git = &pushing.git;
    let ran = crate::base::small::perfgate(git, &linked, &["init", "--hook"], &[]);
    assert_eq!(ran.code, 0);
    // Nor do settings of cargo decide what judges.
    fs::create_dir_all(git.beside(".cargo")).unwrap();
    fs::write(git.beside(".cargo/config.toml"), "[alias]\nperfgate = \"version\"\n").unwrap();

    let (done, said) = pushing.push(&linked, &["good"]);
    assert!(done.status.success(), "{said}");
    assert!(said.contains(&format!("Judging {}, which is pushed", &good[..10])), "{said}");
    assert_eq!(pushing.has("good"), good);
    let zero = "0".repeat(40);
    assert_eq!(read(git, ".git/seen"), format!("refs/heads/good {good} refs/heads/good {zero}\n"));

    let (done, said) = pushing.push(&linked, &["bad"]);
    assert!(!done.status.success());
    assert!(said.contains("head does not build") && said.contains("`git push --no-verify` pushes all the same"));
    assert_eq!(pushing.has("bad"), "");
    assert_eq!(read(git, ".git/seen").split(' ').next(), Some("refs/heads/good"), "a push that failed goes no further");

    // The way out, and what is no work for benchmarks.
    assert!(pushing.push(&linked, &["--no-verify", "bad"]).0.status.success());
    assert_eq!(pushing.has("bad"), bad);
    let (done, said) = pushing.push(&linked, &[":bad", "bad:refs/tags/v1"]);
    assert!(done.status.success() && !said.contains("Judging"), "{said}");
    assert_eq!(pushing.has("bad"), "");
    // Looked at, and not touched.
    assert_eq!(git.run(["status", "--porcelain"]), "");
    assert_eq!(git.run(["worktree", "list"]).lines().count(), 2);
}
