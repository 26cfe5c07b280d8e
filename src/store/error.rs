//! What the store says when it cannot do what was asked: the attempt, the place, the cause, the next step.

use std::path::{Path, PathBuf};

use crate::model::{RUN_FORMAT_VERSION, short};
use crate::report::{shell_word, visible};

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// No repository around the path.
    #[error(
        "could not open the baselines of {}: neither this nor a folder above it is a git repository\nhelp: run inside a repository, or make one with `git init`",
        path.display()
    )]
    NoRepository {
        /// Where one was looked for.
        path: PathBuf,
    },
    /// The repository belongs to another user and git's configuration does not trust it.
    #[error(
        "could not open the baselines of {}: the repository is owned by another user\nhelp: if you trust it, run `git config --global --add safe.directory {}`",
        path.display(),
        shell_word(&path.to_string_lossy())
    )]
    Owner {
        /// The folder that is owned by someone else.
        path: PathBuf,
    },
    /// A repository format that libgit2 does not read.
    #[error(
        "could not open the baselines of {}: the repository uses {what}, which this version cannot read\nhelp: {help}",
        path.display()
    )]
    UnknownFormat {
        /// Where the repository was looked for.
        path: PathBuf,
        /// The format, in words.
        what: String,
        /// What to do about it.
        help: &'static str,
    },
    /// Any other reason why the repository could not be opened.
    #[error("could not open the baselines of {}: {cause}\nhelp: see whether `git status` works there", path.display())]
    Open {
        /// Where the repository was looked for.
        path: PathBuf,
        /// What git says.
        cause: String,
    },
    /// The temporary folder cannot be used.
    #[error(
        "could not open the baselines of {}: no temporary file can be made in {}: {cause}\nhelp: set TMPDIR to a folder that can be written and has room",
        path.display(),
        folder.display()
    )]
    Temporary {
        /// Where the repository was looked for.
        path: PathBuf,
        /// The temporary folder.
        folder: PathBuf,
        /// What went wrong.
        cause: String,
    },
    /// Results of a dirty tree belong to no commit.
    #[error(
        "could not store the baseline of {commit} in {}: the work tree had changes that are not committed\nhelp: commit them and measure again; a dirty tree can be judged, but not stored",
        repository.display()
    )]
    Dirty {
        /// Abbreviated commit id.
        commit: String,
        /// The repository.
        repository: PathBuf,
    },
    /// The run is not fit to be stored.
    #[error(
        "could not store the baseline of {commit} in {}: {reason}\nhelp: measure it again with `cargo perfgate run`",
        repository.display()
    )]
    Refused {
        /// Abbreviated commit id.
        commit: String,
        /// The repository.
        repository: PathBuf,
        /// What is wrong with the run.
        reason: String,
    },
    /// Another program held the ref for too long.
    #[error(
        "could not {what} the baseline of {commit} in {}: another git program holds {}\nhelp: if none is running, delete that file and try again",
        repository.display(),
        lock.display()
    )]
    Locked {
        /// What was attempted.
        what: &'static str,
        /// Abbreviated commit id.
        commit: String,
        /// The repository.
        repository: PathBuf,
        /// git's lock file.
        lock: PathBuf,
    },
    /// The repository could not be written, or the stored tree cannot be added to.
    #[error(
        "could not {what} the baseline of {commit} in {}: {cause}\nhelp: see that the folder can be written and has room, and that `git fsck` finds nothing wrong",
        repository.display()
    )]
    Write {
        /// What was attempted.
        what: &'static str,
        /// Abbreviated commit id.
        commit: String,
        /// The repository.
        repository: PathBuf,
        /// What went wrong.
        cause: String,
    },
    /// The ref or its tree could not be read.
    #[error("could not read the baselines in {}: {cause}\nhelp: see what `git fsck` finds there", repository.display())]
    Read {
        /// The repository.
        repository: PathBuf,
        /// What went wrong.
        cause: String,
    },
    /// A file could not be written.
    #[error(
        "could not export the run of {commit} to {}: {cause}\nhelp: see that the folder can be written and has room, or name another file",
        path.display()
    )]
    Export {
        /// Abbreviated commit id.
        commit: String,
        /// The file.
        path: PathBuf,
        /// What went wrong.
        cause: String,
    },
    /// A file could not be read, or holds no run.
    #[error("could not read a run from {}: {cause}\nhelp: expected a file that `cargo perfgate baseline export` wrote", path.display())]
    Exported {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        cause: String,
    },
}

impl StoreError {
    pub(super) fn refused(commit: &str, repository: &Path, reason: String) -> Self {
        Self::Refused { commit: printable(short(commit)), repository: repository.to_owned(), reason }
    }
}

/// Why bytes are no readable record, or a run cannot become one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// A later version of the program wrote it.
    #[error(
        "written by a newer version (format {found}, this version reads up to {RUN_FORMAT_VERSION}); update cargo-perfgate"
    )]
    Newer {
        /// Its `format_version`.
        found: u64,
    },
    /// Not JSON, or not of the shape of a run.
    #[error("no readable record: {0}")]
    Malformed(String),
    /// Larger than any record may be.
    #[error("it is larger than {} MiB, which is more than a record may have", super::MAX_BYTES >> 20)]
    TooLarge,
    /// The right shape, but values that cannot be.
    #[error("no usable record: {0}")]
    Invalid(String),
}

/// The text without what would act on a terminal: names and messages may come from someone else's push.
pub(super) fn printable(text: &str) -> String {
    visible(text)
}
