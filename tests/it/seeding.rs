//! What one side takes over of another's build: dependencies, and nothing of the repository's own.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use crate::fixture::{Fixture, clean};

/// What is known of a package that this program itself depends on: cargo has fetched it, and it depends on nothing.
fn fetched(name: &str) -> (String, String) {
    let lock: toml::Table =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock")).unwrap().parse().unwrap();
    let packages = lock["package"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"].as_str() == Some(name)).unwrap();
    let version = package["version"].as_str().unwrap().to_owned();
    (version, format!("\n[[package]]\n{}", toml::to_string(package).unwrap()))
}

/// Compiled libraries of a crate on a side, by file name, with the time when they were compiled.
fn libraries(builds: &Path, side: &str, name: &str) -> BTreeMap<String, SystemTime> {
    let project = fs::read_dir(builds).unwrap().next().unwrap().unwrap().path();
    let files = fs::read_dir(project.join(side).join("target/release/deps")).unwrap().map(Result::unwrap);
    files
        .map(|file| (file.file_name().into_string().unwrap(), file.metadata().unwrap().modified().unwrap()))
        .filter(|(file, _)| file.starts_with(&format!("lib{name}-")) && file.ends_with(".rlib"))
        .collect()
}

#[test]
fn base_takes_over_dependencies_that_head_compiled_since_and_no_code_of_the_repository() {
    let held = tempfile::tempdir().unwrap();
    let folder = held.path().canonicalize().unwrap();
    let (fixture, builds) = (Fixture { root: folder.join("project") }, folder.join("builds"));
    // It has no benchmarks that could be asked for: both sides are built, and nothing is compared.
    let check = || {
        let done = clean(std::process::Command::new(env!("CARGO_BIN_EXE_cargo-perfgate")))
            .args(["check", "--base", "HEAD", "--locked", "--offline"])
            .current_dir(&fixture.root)
            .env("PERFGATE_TARGET_DIR", &builds)
            .output()
            .unwrap();
        assert_eq!(done.status.code(), Some(4), "{}", String::from_utf8_lossy(&done.stderr));
    };
    let write = |version: &str, dependencies: &str, more: &str, locked: &str| {
        let manifest = format!(
            "[package]\nname = \"tiny\"\nversion = \"{version}\"\nedition = \"2021\"\n\n{dependencies}\n\
             [[bench]]\nname = \"own\"\nharness = false\n"
        );
        fixture.write("Cargo.toml", &manifest);
        let own = format!("[[package]]\nname = \"tiny\"\nversion = \"{version}\"\n{more}");
        fixture.write("Cargo.lock", &format!("version = 4\n{locked}\n{own}"));
    };
    write("0.1.0", "", "", "");
    fixture.write("src/lib.rs", "");
    fixture.write("benches/own.rs", "fn main() {}\n");
    fixture.git(&["init", "-q", "-b", "main"]);
    fixture.commit("nothing is needed");
    check();
    let before = libraries(&builds, "head", "tiny");
    assert_eq!(libraries(&builds, "base", "tiny"), before, "a first base is a copy");

    // A new dependency, and a package that cargo would build anew for its version alone.
    let (version, locked) = fetched("cfg-if");
    let dependencies = format!("[dependencies]\ncfg-if = \"{version}\"\n");
    write("0.2.0", &dependencies, "dependencies = [\n \"cfg-if\",\n]\n", &locked);
    fixture.commit("something is needed");
    check();
    let heads = libraries(&builds, "head", "cfg_if");
    assert_eq!(heads.len(), 1);
    assert_eq!(libraries(&builds, "base", "cfg_if"), heads, "what is compiled twice has another time");
    let new = |side| -> BTreeMap<String, SystemTime> {
        let all = libraries(&builds, side, "tiny");
        all.into_iter().filter(|(file, _)| !before.contains_key(file)).collect()
    };
    let (base, head) = (new("base"), new("head"));
    assert_eq!(base.len(), 1);
    assert!(base.keys().eq(head.keys()) && !base.values().eq(head.values()), "base's own code is compiled there");
}
