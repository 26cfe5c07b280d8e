//! Floor 5: the use cases. They know all adapters and pass between them; they know neither arguments nor terminals.

pub mod accept;
pub mod baseline;
pub mod check;
pub mod clean;
#[cfg(feature = "forge")]
pub mod comment;
pub mod compare;
pub mod doctor;
pub mod explain;
pub mod init;
pub mod list;
pub mod merge;
pub mod pre_push;
pub mod profile;
pub mod run;
pub mod saved;
pub mod screening;
pub mod sync;

mod absent;
mod across;
mod affected;
mod assemble;
mod bench_sources;
mod call_sites;
mod counted;
mod counter;
mod counts;
mod culprits;
mod filter;
mod head_counts;
mod layouts;
mod lines;
mod measure;
mod measured;
mod noise;
mod open;
mod paired;
mod policy;
mod project;
mod renamed;
mod schedule;
mod share;
mod source_lines;
mod stored;
mod stored_counts;
mod suites;
mod tally;
mod tried;
mod untimed;

pub use affected::{Affected, Layout, Package, affected};
pub use bench_sources::{Place, own_changes};
pub use measure::Effort;
pub use measured::{Estimate, Measured, Verdictless};
pub use policy::PolicyOf;
pub use project::{Pin, ProjectRequest, Setting};
pub use schedule::{Planned, Schedule, Scheduled, schedule};
pub use source_lines::line_of;

use std::io;
use std::path::Path;
use std::time::Duration;

use crate::config::ConfigError;
use crate::harness::HarnessError;
use crate::instrument::{CopiesError, Interrupt, interrupted};
use crate::model::{BenchmarkId, ExitCode};
use crate::report::system;
use crate::store::{StoreError, write_whole};
use crate::vcs::VcsError;
use crate::workspace::WorkspaceError;

/// A use case could not be completed. A failed gate is none of these.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// The request makes no sense.
    #[error("{0}")]
    Usage(String),
    /// Nothing is stored of what was named.
    #[error("{0}")]
    NoBaseline(String),
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// git failed.
    #[error(transparent)]
    Vcs(#[from] VcsError),
    /// cargo failed.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Measuring failed.
    #[error(transparent)]
    Harness(#[from] HarnessError),
    /// Executables could not be copied.
    #[error(transparent)]
    Copies(#[from] CopiesError),
    /// The server of pull requests refused, or could not be reached.
    #[cfg(feature = "forge")]
    #[error(transparent)]
    Forge(#[from] crate::forge::ForgeError),
    /// A program that the user named could not be counted.
    #[error("could not profile `{program}`: {cause}\nhelp: {help}")]
    Program {
        /// Which, with its arguments.
        program: String,
        /// Why.
        cause: String,
        /// What to do next.
        help: &'static str,
    },
    /// A file could not be read or written.
    #[error("could not {what} {path}: {cause}\nhelp: {help}")]
    File {
        /// What was attempted.
        what: &'static str,
        /// On what.
        path: String,
        /// Why.
        cause: String,
        /// What to do next.
        help: &'static str,
    },
    /// A part of the run is not there.
    #[error("{0}")]
    Incomplete(String),
    /// A signal asked this program to stop.
    #[error("stopped by a signal")]
    Interrupted,
}

impl FlowError {
    /// The exit code that belongs to it.
    pub fn exit_code(&self) -> ExitCode {
        match (interrupted(), self) {
            (Some(Interrupt::Terminated), _) => ExitCode::Terminated,
            (Some(Interrupt::Interrupted), _) => ExitCode::Interrupted,
            (
                None,
                Self::Usage(_)
                | Self::Config(_)
                | Self::Vcs(VcsError::NoSuchRevision { .. } | VcsError::NoRemote { .. } | VcsError::NoFile { .. }),
            ) => ExitCode::Usage,
            (None, Self::NoBaseline(_)) => ExitCode::NothingCompared,
            (None, Self::Workspace(WorkspaceError::NoManifest { .. } | WorkspaceError::Selection(_))) => {
                ExitCode::Usage
            }
            _ => ExitCode::CouldNotComplete,
        }
    }
}

/// What a use case tells while it works. Everything may be ignored.
pub trait Progress {
    /// A step begins: a verb in cargo's manner (`Building`) and what it is about.
    fn status(&mut self, _verb: &str, _message: &str) {}
    /// Why something is done or left out, for those who want to know: as [`Progress::status`].
    fn detail(&mut self, _verb: &str, _message: &str) {}
    /// What takes time begins, until the next such part or the end: what it is, in the past tense.
    fn phase(&mut self, _done: &'static str) {}
    /// Something the user should know, and which stands in no report.
    fn warn(&mut self, _message: &str) {}
    /// A compiler's message, as it renders it.
    fn diagnostic(&mut self, _text: &str) {}
    /// Measuring goes on: benchmarks decided, benchmarks in all, and the time that the rest is likely to take.
    fn measuring(&mut self, _decided: usize, _benchmarks: usize, _remaining: Duration) {}
    /// Counting goes on: the share of the counts that is there, in benchmarks, benchmarks in all, and the time that the rest is
    /// likely to take, if that is known.
    fn counting(&mut self, _counted: usize, _benchmarks: usize, _remaining: Option<Duration>) {}
    /// One process pair was measured: both sides' lower quartiles in nanoseconds.
    fn pair(&mut self, _id: &BenchmarkId, _base: f64, _head: f64) {}
    /// A benchmark's verdict stands; the time that it took: its slices of both sides, and its share of links and starts.
    fn decided(&mut self, _id: &BenchmarkId, _measuring: Duration) {}
    /// Measuring is over, or counting.
    fn measured(&mut self) {}
}

/// Says nothing.
#[derive(Debug, Default)]
pub struct Silent;

impl Progress for Silent {}

/// Writes a whole file or none, and the folders above it.
pub(crate) fn write_file(path: &Path, text: &str) -> Result<(), FlowError> {
    let folders = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    folders.and_then(|()| write_whole(path, text.as_bytes())).map_err(|e| file_error("write", path, e))
}

/// A file could not be used; what to do next follows from the cause.
pub(crate) fn file_error(what: &'static str, path: &Path, cause: io::Error) -> FlowError {
    use io::ErrorKind as Kind;
    let help = match cause.kind() {
        Kind::NotFound | Kind::NotADirectory => "see that the path is right",
        Kind::IsADirectory => "name a file, not a folder",
        Kind::PermissionDenied | Kind::ReadOnlyFilesystem => "see that you may use it, or name another place",
        Kind::StorageFull | Kind::FileTooLarge | Kind::QuotaExceeded => "make room there, or name another place",
        // A content that is not what it should be.
        Kind::Other | Kind::InvalidData => "write it anew",
        _ => "see that it is there and can be used",
    };
    FlowError::File { what, path: path.display().to_string(), cause: system(&cause), help }
}
