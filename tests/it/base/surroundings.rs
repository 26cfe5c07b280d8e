//! What lies around the repository: a build elsewhere finds it as the user's own does, or the user is told.

use std::fs;
use std::path::{Path, PathBuf};

use super::small::{last, perfgate, small, write_package};
use crate::support::Git;

/// A package in the repository `inner/repo`, so that there are two folders of ours above it.
fn below_two_folders() -> Git {
    let git = Git::named("inner/repo");
    write_package(&git, "");
    git.write(".gitignore", "target\n");
    git
}

fn write(path: PathBuf, content: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// The project's folder of builds, for the slot of head.
fn head_slot(builds: &Path) -> PathBuf {
    let mut projects = fs::read_dir(builds).unwrap();
    projects.next().unwrap().unwrap().path().join("head")
}

#[test]
fn cargos_configuration_of_all_folders_above_holds_as_cargo_merges_it() {
    let git = below_two_folders();
    let outer =
        "[env]\nOUTER = \"outer\"\nINNER = \"outer\"\nOWN = \"outer\"\n\n[build]\nrustflags = [\"--cfg\", \"outer\"]\n";
    write(git.beside(".cargo/config.toml"), outer);
    let inner = "[env]\nINNER = \"inner\"\nOWN = \"inner\"\nDATA = { value = \"some/data\", relative = true }\n\n\
        [build]\nrustflags = [\"--cfg\", \"inner\"]\n";
    // The name without an ending counts, too.
    write(git.beside("inner/.cargo/config"), inner);
    git.write(".cargo/config.toml", "[env]\nOWN = \"own\"\n\n[build]\nrustflags = [\"--cfg\", \"own\"]\n");
    git.write(
        "build.rs",
        format!(
            r#"fn main() {{
                println!("cargo::rustc-check-cfg=cfg(outer, inner, own)");
                for (name, value) in [("OUTER", "outer"), ("INNER", "inner"), ("OWN", "own"), ("DATA", {:?})] {{
                    assert_eq!(std::env::var(name).unwrap(), value);
                }}
                let flags = std::env::var("CARGO_ENCODED_RUSTFLAGS").unwrap();
                assert_eq!(flags.split('\x1f').collect::<Vec<_>>(), ["--cfg", "outer", "--cfg", "inner", "--cfg", "own"]);
            }}"#,
            git.beside("inner/some/data")
        ),
    );
    git.commit("first");
    git.write("notes", "");
    git.commit("second");
    // Below the outer folder cargo itself finds that one's configuration, elsewhere it finds neither.
    let elsewhere = tempfile::tempdir().unwrap();
    for builds in [git.beside("builds"), elsewhere.path().to_owned()] {
        let builds = builds.to_str().unwrap();
        let ran = perfgate(&git, git.root(), &["check"], &[("PERFGATE_TARGET_DIR", builds)]);
        assert_eq!(ran.code, 4, "{builds}");
    }
    // What is gone there is gone here.
    fs::remove_file(git.beside("inner/.cargo/config")).unwrap();
    let ran = perfgate(&git, git.root(), &["check"], &[]);
    assert_eq!(ran.code, 101);
    assert!(ran.stderr.contains(r#"left: "outer""#) && ran.stderr.contains(r#"right: "inner""#), "{}", ran.stderr);
}

/// Paths of all kinds in a configuration lead to where they led.
#[test]
fn relative_paths_in_cargos_configuration_are_made_absolute() {
    let git = below_two_folders();
    git.commit("first");
    let text = r#"
        paths = ["override"]
        [build]
        rustc-wrapper = "env"
        target = ["x86_64-unknown-linux-gnu"]
        [target.'cfg(all())']
        linker = "bin/ld"
        runner = ["bin/run", "./stays"]
        [source.mirror]
        directory = "vendor"
        [patch.crates-io]
        nothing = { path = "nothing" }
        [env]
        PLAIN = "a/b"
    "#;
    write(git.beside("inner/.cargo/config.toml"), text);
    let elsewhere = tempfile::tempdir().unwrap();
    let builds = elsewhere.path().to_str().unwrap();
    perfgate(&git, git.root(), &["list"], &[("PERFGATE_TARGET_DIR", builds)]);
    let read = fs::read_to_string(head_slot(elsewhere.path()).join(".cargo/config.toml")).unwrap();
    let read: toml::Table = read.parse().unwrap();
    let inner = git.beside("inner");
    let absolute = |path: &str| inner.join(path).to_str().unwrap().to_owned();
    let mut expected: toml::Table = text.parse().unwrap();
    for (from, to) in [
        ("\"override\"", absolute("override")),
        ("\"bin/ld\"", absolute("bin/ld")),
        ("\"bin/run\"", absolute("bin/run")),
        ("\"vendor\"", absolute("vendor")),
        ("\"nothing\"", absolute("nothing")),
    ] {
        expected = toml::to_string(&expected).unwrap().replace(from, &format!("{to:?}")).parse().unwrap();
    }
    assert_eq!(read, expected);
}

#[test]
fn the_toolchain_file_of_a_folder_above_comes_along() {
    let git = below_two_folders();
    git.commit("first");
    let elsewhere = tempfile::tempdir().unwrap();
    let builds = elsewhere.path().to_str().unwrap();
    let there = |name: &str| fs::read_to_string(head_slot(elsewhere.path()).join(name)).ok();
    let list = || assert_eq!(perfgate(&git, git.root(), &["list"], &[("PERFGATE_TARGET_DIR", builds)]).code, 4);
    // A name that most have, should rustup be asked: where cargo runs the tests, it has said which.
    write(git.beside("rust-toolchain"), "stable\n");
    list();
    assert_eq!((there("rust-toolchain").as_deref(), there("rust-toolchain.toml")), (Some("stable\n"), None));
    let nearer = "[toolchain]\nchannel = \"stable\"\n";
    write(git.beside("inner/rust-toolchain.toml"), nearer);
    list();
    assert_eq!((there("rust-toolchain"), there("rust-toolchain.toml").as_deref()), (None, Some(nearer)));
}

fn library(name: &str, more: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{more}")
}

/// A library beside the repository, one that it needs itself, and a file; the workspace lies deeper in the repository.
#[test]
fn what_lies_beside_the_repository_is_reached() {
    let git = Git::named("inner/repo");
    write_package(&git, "deep/down");
    git.write(".gitignore", "target\nCargo.lock\n");
    let manifest = fs::read_to_string(git.root().join("deep/down/Cargo.toml")).unwrap();
    git.write(
        "deep/down/Cargo.toml",
        format!("{manifest}\n[dependencies]\nfirst = {{ path = \"../../../first/library\" }}\n"),
    );
    git.write("deep/down/src/lib.rs", "pub use first::second;\n");
    fs::remove_file(git.root().join("deep/down/Cargo.lock")).unwrap();
    let at = |path: &str| git.beside("inner").join(path);
    let more = "\n[dependencies]\nsecond = { path = \"../../second\" }\n";
    write(at("first/library/Cargo.toml"), &library("first", more));
    write(at("first/library/src/lib.rs"), "pub fn second() { second::second() }\n");
    write(at("second/Cargo.toml"), &library("second", "\n[lib]\npath = \"../third/second.rs\"\n"));
    write(at("third/second.rs"), "pub fn second() {}\n");
    git.commit("first");
    git.write("notes", "");
    git.commit("second");
    let folder = git.root().join("deep/down");
    assert_eq!(perfgate(&git, &folder, &["check"], &[]).code, 4);
    assert_eq!(perfgate(&git, &folder, &["check"], &[]).code, 4, "a second time");
}

#[test]
fn what_lies_farther_away_is_named() {
    let git = below_two_folders();
    fs::remove_file(git.root().join("Cargo.lock")).unwrap();
    let manifest = fs::read_to_string(git.root().join("Cargo.toml")).unwrap();
    write(git.beside("far/Cargo.toml"), &library("far", ""));
    write(git.beside("far/src/lib.rs"), "");
    git.write("Cargo.toml", format!("{manifest}\n[dependencies]\nfar = {{ path = \"../../far\" }}\n"));
    git.commit("first");
    git.write("notes", "");
    git.commit("second");
    let ran = perfgate(&git, git.root(), &["check"], &[]);
    assert_eq!(ran.code, 101);
    let far = git.beside("far");
    let help =
        format!("\nhelp: `{}` lies farther away than beside the repository, where no relative path", far.display());
    assert!(ran.stderr.contains("error: head does not build: "), "{}", ran.stderr);
    assert!(ran.stderr.contains(&help), "{}", ran.stderr);
    // As the help says.
    let absolute = format!("{manifest}\n[dependencies]\nfar = {{ path = {far:?} }}\n");
    git.write("Cargo.toml", absolute);
    git.commit("third");
    assert_eq!(perfgate(&git, git.root(), &["check", "--base", "HEAD"], &[]).code, 4);
}

#[test]
fn an_ignored_file_that_the_build_needs_is_named() {
    let git = small();
    git.write(".gitignore", "target\ngenerated.rs\n");
    git.write("src/lib.rs", "include!(\"../generated.rs\");\n");
    git.write("generated.rs", "");
    git.commit("generated");
    let ran = perfgate(&git, git.root(), &["check"], &[]);
    assert_eq!(ran.code, 101);
    let help =
        "\nhelp: `generated.rs` is in the work tree, and git ignores it: what a build needs has to be tracked, or made";
    assert!(ran.stderr.contains("error: head does not build: "), "{}", ran.stderr);
    assert!(ran.stderr.contains(help), "{}", ran.stderr);
}

/// Cargo adds a comment to such a file when it builds head; base is compared by what its commit holds.
#[test]
fn a_lock_file_that_cargo_writes_anew_is_no_difference() {
    let git = small();
    assert!(!fs::read_to_string(git.root().join("Cargo.lock")).unwrap().contains("generated by Cargo"));
    git.write("notes", "");
    git.commit("notes");
    for _ in 0..2 {
        assert_eq!(perfgate(&git, git.root(), &["check"], &[]).code, 4);
        assert_eq!(last(git.root()).warnings, [""; 0]);
    }
}
