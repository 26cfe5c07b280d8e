//! The seam between measuring and judging: what the scheduler may ask of a harness. A folder or file for each harness holds
//! all that is known of its formats; `found` tells which one an executable was built with.

mod asked;
mod counts;
pub mod criterion;
pub mod divan;
mod found;
pub mod libtest;
mod readings;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use crate::instrument::{CopiesError, Layouter, Layouts, SideLink};
use crate::model::Side;

pub use asked::Failed;
pub use counts::{Counting, Counts, Executed, Patience, Watched};
pub use found::{Found, Harness, NotFound, find, is_known};

/// A bench executable as a harness sees it.
#[derive(Clone, Debug)]
pub struct Program {
    /// The file.
    pub path: PathBuf,
    /// What gives every process a layout of its own; else why nothing does.
    pub layouter: Result<Layouter, String>,
    /// The link by which paths that are compiled into it lead to its own side.
    pub link: Option<SideLink>,
    /// The working directory that it expects.
    pub directory: PathBuf,
    /// The variables that it expects.
    pub environment: Vec<(OsString, OsString)>,
}

/// Something that measures benchmarks, one short slice at a time. Adapters implement it with real executables, tests
/// with recorded numbers.
pub trait Bench {
    /// Measures every name of the request once on every side of it, in alternation, and answers for each name in the
    /// order of the request. `Err` means that measuring as such is impossible; a benchmark that fails is an answer.
    fn measure(&mut self, request: &Request<'_>) -> Result<Vec<Slice>, HarnessError>;

    /// How finely the processes of an executable got layouts of their own, where it was measured and that is known.
    fn layouts(&self, _executable: usize) -> Option<Layouts> {
        None
    }
}

/// One round of measurements of one executable.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Which executable, as an index into those that the bench was made with.
    pub executable: usize,
    /// Which benchmarks of it.
    pub names: &'a [String],
    /// Base and head, or head alone.
    pub sides: Sides,
    /// The number of the round, from 0: it decides the core and balances which side goes first.
    pub round: usize,
    /// The time that is left, where it is bounded: after it no other benchmark is begun.
    pub left: Option<Duration>,
}

/// Which sides to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sides {
    /// Base and head as a pair.
    Both,
    /// Head alone.
    HeadOnly,
    /// Base in both places: what two equal programs look like here.
    BaseTwice,
}

/// The answer for one benchmark in one round.
#[derive(Clone, Debug, PartialEq)]
pub struct Slice {
    /// Its name.
    pub name: String,
    /// What came of it.
    pub result: SliceResult,
}

impl Slice {
    /// The time that the harness spent on it, on all sides.
    pub fn cost(&self) -> Duration {
        match &self.result {
            SliceResult::Measured { base, head } => head.cost + base.as_ref().map_or(Duration::ZERO, |base| base.cost),
            _ => Duration::ZERO,
        }
    }
}

/// What came of one benchmark in one round.
#[derive(Clone, Debug, PartialEq)]
pub enum SliceResult {
    /// Every side was measured.
    Measured {
        /// Base's, unless head was measured alone.
        base: Option<Sample>,
        /// Head's.
        head: Sample,
    },
    /// It failed on a side.
    Failed(Failure),
    /// The process ended before its turn, because of another benchmark: ask again without that one.
    NotReached,
}

/// One execution's measurements of one benchmark.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Nanoseconds per iteration, one value a sample, in the order of measuring.
    pub times: Vec<f64>,
    /// The whole time that the harness spent on this benchmark.
    pub cost: Duration,
    /// Whether the benchmark's code fixed the time to measure, against what was asked.
    pub fixes_time: bool,
    /// Whether it was seen with more than one thread, if that was looked for.
    pub threads: bool,
    /// The unit that the harness names, if it was asked and it is not time.
    pub other_unit: Option<String>,
}

/// A benchmark that could not be measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// On which side.
    pub side: Side,
    /// How.
    pub kind: FailureKind,
    /// What is known, in one line.
    pub detail: String,
}

/// How a benchmark failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// Its process died, or ended without having measured it.
    Crashed,
    /// It took longer than its time-out.
    TimedOut,
}

/// Measuring as such is impossible.
#[derive(Debug, thiserror::Error)]
pub enum HarnessError {
    /// The executable could not be started.
    #[error(
        "could not start {program}: {cause}\nhelp: see that programs may be started there; --target-dir names another folder for builds, TMPDIR one for copies"
    )]
    Start {
        /// Which.
        program: String,
        /// Why.
        cause: String,
    },
    /// It could not be copied.
    #[error(transparent)]
    Copy(#[from] CopiesError),
    /// A signal asked this program to stop.
    #[error("stopped by a signal")]
    Stopped,
}
