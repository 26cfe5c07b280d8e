//! What differs between the sides besides their source: the toolchain that each asks for, and the lock file. A program
//! in rustup's place tells which toolchain was asked for, and builds with the one that there is.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_perfgate::instrument::SideLink;

use crate::fixture::{Fixture, clean};

const RUSTUP: &str = r#"#!/bin/sh
case $1 in
show)
    name=$(cat rust-toolchain 2>/dev/null || echo "$RUSTUP_FOUND")
    if [ "$name" = missing ]; then
        echo "error: toolchain 'missing' is not installed" >&2
        exit 1
    fi
    echo "$name (for a reason)" ;;
run)
    echo "$2" >>"$RUSTUP_LOG"
    shift 3
    exec "$CARGO" "$@" ;;
esac
"#;

/// A repository whose first commit, the base, asks for another toolchain and has another lock file than its second.
struct Project {
    fixture: Fixture,
    _folder: tempfile::TempDir,
    folder: PathBuf,
    in_use: String,
}

impl Project {
    fn new(toolchain_of_base: &str) -> Self {
        let held = tempfile::tempdir().unwrap();
        let folder = held.path().canonicalize().unwrap();
        let fixture = Fixture { root: folder.join("project") };
        let manifest = "[package]\nname = \"tiny\"\nedition = \"2021\"\n\n[[bench]]\nname = \"own\"\nharness = false\n";
        fixture.write("Cargo.toml", manifest);
        fixture.write("src/lib.rs", "");
        fixture.write("benches/own.rs", "fn main() {}\n");
        let lock = "version = 3\n\n[[package]]\nname = \"tiny\"\nversion = \"0.0.0\"\n";
        fixture.write("Cargo.lock", &format!("# base's\n{lock}"));
        fixture.write("rust-toolchain", toolchain_of_base);
        fixture.git(&["init", "-q", "-b", "main"]);
        fixture.commit("base");
        fs::remove_file(fixture.root.join("rust-toolchain")).unwrap();
        fixture.write("Cargo.lock", &format!("# head's\n{lock}"));
        fixture.write("src/lib.rs", "pub fn new() {}\n");
        fixture.commit("head");
        fs::create_dir(folder.join("bin")).unwrap();
        let rustup = folder.join("bin/rustup");
        fs::write(&rustup, RUSTUP).unwrap();
        fs::set_permissions(&rustup, fs::Permissions::from_mode(0o755)).unwrap();
        // Where rustc is rustup's proxy, it has to go on finding what it stands for.
        let in_use = std::env::var("RUSTUP_TOOLCHAIN").unwrap_or_else(|_| "usual".to_owned());
        Self { fixture, _folder: held, folder, in_use }
    }

    /// What `check` said and how it ended; `source` is what rustup says of where the toolchain in use was named.
    fn check(&self, source: &str, options: &[&str]) -> (i32, String) {
        let mut paths = vec![self.folder.join("bin")];
        paths.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap()));
        let done = clean(Command::new(env!("CARGO_BIN_EXE_cargo-perfgate")))
            .args(["check", "--base", "HEAD^"])
            .args(options)
            .current_dir(&self.fixture.root)
            .env("PATH", std::env::join_paths(paths).unwrap())
            .env("CARGO", env!("CARGO"))
            .env("RUSTUP_TOOLCHAIN", &self.in_use)
            .env("RUSTUP_TOOLCHAIN_SOURCE", source)
            .env("RUSTUP_FOUND", &self.in_use)
            .env("RUSTUP_LOG", self.folder.join("log"))
            .env("PERFGATE_TARGET_DIR", self.folder.join("builds"))
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let said = format!("{}{}", text(&done.stderr), text(&done.stdout));
        // Sentences are wrapped to the width of a terminal.
        (done.status.code().unwrap(), said.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// The toolchains that were asked for, once each.
    fn asked(&self) -> Vec<String> {
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let mut names: Vec<String> = log.lines().map(str::to_owned).collect();
        names.dedup();
        names
    }

    fn lock_of_base(&self) -> String {
        let project = fs::read_dir(self.folder.join("builds")).unwrap().next().unwrap().unwrap().path();
        fs::read_to_string(project.join(Path::new("base/tree/Cargo.lock"))).unwrap()
    }
}

#[test]
fn each_side_is_built_with_the_toolchain_that_it_asks_for() {
    let project = Project::new("old");
    let (code, said) = project.check("default", &[]);
    assert_eq!(code, 4, "{said}");
    let sentence = format!("base was built with old, head with {}", project.in_use);
    assert!(said.contains(&format!("the toolchain file differs between base and head: {sentence}")), "{said}");
    assert_eq!(project.asked(), ["old"]);
}

#[test]
fn a_toolchain_that_is_pinned_or_given_is_that_of_both_sides() {
    let project = Project::new("old");
    let (_, said) = project.check("default", &["--pin", "toolchain"]);
    assert!(said.contains("; both sides were built with head's (--pin toolchain)"), "{said}");
    let (_, said) = project.check("cli", &[]);
    assert!(said.contains("; both sides were built with the toolchain in use here"), "{said}");
    assert!(project.asked().is_empty());
}

#[test]
fn a_toolchain_that_is_not_installed_is_named_with_what_to_do() {
    let project = Project::new("missing");
    let (code, said) = project.check("default", &[]);
    let sentence = "error: could not find the toolchain that base asks for: error: toolchain 'missing' is not installed \
                    help: install it, or build both sides with head's: --pin toolchain";
    assert_eq!(code, 101);
    assert!(said.contains(sentence), "{said}");
    assert_eq!(project.check("default", &["--pin", "toolchain"]).0, 4);
}

#[test]
fn a_pinned_lock_file_is_heads_on_both_sides() {
    let project = Project::new("old");
    let (_, said) = project.check("cli", &[]);
    assert!(said.contains("Cargo.lock differs between base and head: a dependency may be the cause"), "{said}");
    assert!(project.lock_of_base().contains("# base's"));
    let (_, said) = project.check("cli", &["--pin", "lock,toolchain"]);
    assert!(said.contains("base was built with head's Cargo.lock (--pin lock)"), "{said}");
    assert!(project.lock_of_base().contains("# head's"));
    let (_, said) = project.check("cli", &[]);
    assert!(said.contains("Cargo.lock differs between base and head"), "{said}");
    assert!(project.lock_of_base().contains("# base's"), "the next check has base's own again");
}

#[test]
fn a_file_that_a_benchmark_may_read_is_told_and_one_that_git_ignores_does_not_count() {
    let project = Project::new("old");
    let timed = "Timing equal executables, too: data.txt differs between base and head, and a benchmark may read it";
    project.fixture.commit("nothing differs");
    assert!(!project.check("cli", &[]).1.contains("Timing equal executables"));
    project.fixture.write("data.txt", "new\n");
    let (_, said) = project.check("cli", &[]);
    assert!(said.contains(timed), "{said}");
    project.fixture.write(".gitignore", "data.txt\n");
    let (_, said) = project.check("cli", &[]);
    assert!(!said.contains("Timing equal executables"), "{said}");
}

#[test]
fn several_threads_point_a_link_at_one_side() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("side");
    for target in ["base", "head"].into_iter().cycle().take(200) {
        let link = SideLink { path: path.clone(), target };
        std::thread::scope(|scope| {
            let pointed: Vec<_> = (0..4).map(|_| scope.spawn(|| link.point())).collect();
            pointed.into_iter().for_each(|pointed| pointed.join().unwrap().unwrap());
        });
        assert_eq!(fs::read_link(&path).unwrap(), Path::new(target));
    }
}
