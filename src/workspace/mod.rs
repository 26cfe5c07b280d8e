//! Cargo's side of things: which bench targets there are, building them for a revision, telling whether two
//! executables are the same. What the executables say when they run is their harness's business.

mod around;
mod build;
mod dep_info;
mod graph;
mod identity;
mod layout;
mod manifest;
mod profile;
mod removal;
mod seeding;
mod settings;
mod slot;
mod toolchain;
mod transplant;
mod units;

pub use around::{normal, sources_as_shown};
pub use build::{BenchExecutable, Built, build, environment_of, rustc_version};
pub use dep_info::{library_sources, parse_dep_info, sources_of};
pub use graph::{Node, graph};
pub use identity::{executable_identity, identity_of, short_hash};
pub use layout::has_benches;
pub use manifest::{BenchTarget, CargoOptions, Selection, Targets, locate, targets};
pub use profile::profile_setting;
pub use removal::{Removal, remove_builds};
pub use settings::{c_compiler, settings_around};
pub use slot::{Slot, Slots};
pub use toolchain::{TOOLCHAIN_FILES, toolchain_is_given, toolchain_of};
pub use transplant::{lock_with, manifest_with, root_with};
pub use units::{CHECKSUMS, forget_changed_vendored};

use std::path::PathBuf;

/// What can go wrong with cargo or the folders for builds.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// No manifest.
    #[error("no project of cargo's: {cause}\nhelp: run this in a cargo project, or name one with --manifest-path")]
    NoManifest {
        /// cargo's words.
        cause: String,
    },
    /// `cargo metadata` failed.
    #[error(
        "could not read the packages of {side} ({manifest}): {cause}\nhelp: see what `cargo metadata --no-deps` says there"
    )]
    Metadata {
        /// Which side.
        side: String,
        /// Which manifest.
        manifest: PathBuf,
        /// cargo's words.
        cause: String,
    },
    /// A selection that names nothing.
    #[error("{0}")]
    Selection(String),
    /// Nothing could be built.
    #[error(
        "{side} does not build: {cause}\nhelp: cargo's own output is above; what git ignores is no part of the check-out that was built"
    )]
    Build {
        /// Which side.
        side: String,
        /// cargo's first error line.
        cause: String,
    },
    /// The toolchain that a side's own file asks for cannot be used.
    #[error(
        "could not find the toolchain that {side} asks for: {cause}\nhelp: install it, or build both sides with head's: --pin toolchain"
    )]
    Toolchain {
        /// Which side.
        side: String,
        /// rustup's words.
        cause: String,
    },
    /// A program could not be started.
    #[error("{0}\nhelp: see that it is installed, and that TMPDIR names a folder that can be written")]
    Spawn(#[from] crate::instrument::SpawnError),
    /// The folders for builds could not be used.
    #[error("could not {what} {path}: {source}\nhelp: name another folder for builds with --target-dir")]
    Folder {
        /// What was attempted.
        what: &'static str,
        /// On what.
        path: PathBuf,
        #[source]
        /// Why.
        source: std::io::Error,
    },
}

impl WorkspaceError {
    /// The same with more help, where cargo failed.
    pub fn with_help(mut self, help: impl Iterator<Item = String>) -> Self {
        if let Self::Metadata { cause, .. } | Self::Build { cause, .. } = &mut self {
            for sentence in help {
                *cause = format!("{cause}\nhelp: {sentence}");
            }
        }
        self
    }
}
