//! The smallest cargo project, without dependencies and without a benchmark that could be measured, and the program run
//! on it: the report still says what base is, and what the user should know.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_perfgate::model::Report;
use cargo_perfgate::report::json;

use crate::fixture::{Ran, clean};
use crate::support::Git;

/// The project, committed once on `main`.
pub fn small() -> Git {
    let git = Git::new();
    write_package(&git, "");
    git.write(".gitignore", "target\n");
    git.commit("first");
    git
}

/// A package `small` in `folder` of the repository.
pub fn write_package(git: &Git, folder: &str) {
    let path = |name: &str| Path::new(folder).join(name);
    git.write(path("Cargo.toml"), MANIFEST);
    git.write(path("Cargo.lock"), LOCK);
    git.write(path("src/lib.rs"), "");
    git.write(path("benches/nothing.rs"), "fn main() {}\n");
}

const MANIFEST: &str = "[package]\nname = \"small\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[lib]\nbench = false\n\n\
    [[bench]]\nname = \"nothing\"\nharness = false\n";
const LOCK: &str = "version = 4\n\n[[package]]\nname = \"small\"\nversion = \"0.1.0\"\n";

/// The home of the user who runs the program: git's configuration of the machine is kept out.
pub fn home(git: &Git) -> PathBuf {
    let home = git.beside("home");
    fs::create_dir_all(&home).unwrap();
    home
}

/// Runs the program in `directory` with some variables; its builds lie beside the repository.
pub fn perfgate(git: &Git, directory: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    let done = clean(Command::new(env!("CARGO_BIN_EXE_cargo-perfgate")))
        .args(arguments)
        .current_dir(directory)
        .env("PERFGATE_TARGET_DIR", git.beside("builds"))
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("HOME", home(git))
        .envs(homes_of_cargo())
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    Ran::new(arguments, &done)
}

/// Cargo and rustup stay at home where they are.
fn homes_of_cargo() -> impl Iterator<Item = (&'static str, PathBuf)> {
    let home = std::env::home_dir().unwrap();
    [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")].into_iter().map(move |(variable, folder)| {
        (variable, std::env::var_os(variable).map_or_else(|| home.join(folder), PathBuf::from))
    })
}

/// The last report of the project in `directory`.
pub fn last(directory: &Path) -> Report {
    json::parse(&fs::read(directory.join("target/perfgate/last.json")).unwrap()).unwrap()
}

/// Base's id, and the reason for it, after `check` with these variables.
pub fn base_chosen(git: &Git, directory: &Path, variables: &[(&str, &str)]) -> (String, String) {
    let ran = perfgate(git, directory, &["check"], variables);
    // There is nothing to measure.
    assert_eq!(ran.code, 4);
    let base = last(directory).base.unwrap();
    (base.commit.unwrap(), base.reason)
}
