//! Which of rustup's toolchains a tree asks for. Without rustup there is one, and nothing to choose.

use std::path::Path;

use super::WorkspaceError;
use crate::instrument::{Output, Spawn};

/// The files by which a tree asks for a toolchain.
pub const TOOLCHAIN_FILES: [&str; 2] = ["rust-toolchain.toml", "rust-toolchain"];

/// What rustup sets for the programs that it starts, to be taken away where a tree is to choose anew.
const CHOSEN: [&str; 2] = ["RUSTUP_TOOLCHAIN", "RUSTUP_TOOLCHAIN_SOURCE"];

/// Whether the user chose the toolchain in use for this call, as with `cargo +nightly`: then files do not count. Rustup
/// before 1.29 does not tell.
pub fn toolchain_is_given() -> bool {
    std::env::var("RUSTUP_TOOLCHAIN_SOURCE").is_ok_and(|source| source == "cli" || source == "env")
}

/// The toolchain that rustup chooses in `directory`; `None` where there is no rustup.
///
/// # Errors
/// A toolchain that is not installed, with rustup's own words.
pub fn toolchain_of(directory: &Path, side: &str) -> Result<Option<String>, WorkspaceError> {
    let mut spawn = CHOSEN.iter().fold(Spawn::new("rustup", directory), |spawn, name| spawn.env_remove(*name));
    spawn.stdout = Output::Keep;
    let Ok(shown) = spawn.args(["show", "active-toolchain"]).run() else { return Ok(None) };
    let text = String::from_utf8_lossy(&shown.stdout).into_owned();
    // The name stands first; what follows tells where it was found.
    match text.split_whitespace().next().filter(|_| shown.status.success()) {
        Some(name) => Ok(Some(name.to_owned())),
        None => Err(WorkspaceError::Toolchain { side: side.to_owned(), cause: shown.stderr.trim().to_owned() }),
    }
}
