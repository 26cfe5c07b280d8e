//! Which harness a bench executable was built with, and which benchmarks it holds: the executable itself is asked.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use super::asked::{Failed, run, start_error};
use super::counts::{Counting, Patience};
use super::criterion::{self, NotCriterion, Version, Way};
use super::{HarnessError, Program, divan, libtest};
use crate::instrument::Detail;

/// What an executable holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What it was built with.
    pub harness: Harness,
    /// Its benchmarks by the harness's ids, in the order in which it runs them. An id may stand twice.
    pub names: Vec<String>,
}

/// Why an executable has no benchmarks for us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotFound {
    /// Built with a harness that is not known, or with none.
    OtherHarness,
    /// It died or hung before it had named its benchmarks; in one line.
    Broken(String),
}

/// A harness, with what is known of it that matters to what can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Harness {
    /// criterion, of this version where that is known, and measured in this way.
    Criterion(Option<Version>, Way),
    /// The compiler's own.
    Libtest,
    /// divan 0.1, and which one where that is known.
    Divan(Option<u16>),
}

/// Asks `program` for its benchmarks. `home` is a folder for what it may write.
pub fn find(program: &Program, home: &Path, time_out: Duration) -> Result<Result<Found, NotFound>, HarnessError> {
    match criterion::enumerate(program, home, time_out)? {
        Ok(found) => {
            let harness = Harness::Criterion(found.version, found.way);
            return Ok(Ok(Found { harness, names: found.names }));
        }
        Err(NotCriterion::Broken(detail)) => return Ok(Err(NotFound::Broken(detail))),
        Err(NotCriterion::OtherHarness) => {}
    }
    let bytes = std::fs::read(&program.path).map_err(|e| start_error(program, e))?;
    let Some(harness) = marked(&bytes) else { return Ok(Err(NotFound::OtherHarness)) };
    let names = match harness {
        Harness::Divan(version) => divan::enumerate(program, version, time_out)?,
        _ => libtest::enumerate(program, time_out)?,
    };
    Ok(names.map(|names| Found { harness, names }).map_err(NotFound::Broken))
}

/// Whether `executable` can be read, and was built with a harness that is known.
pub fn is_known(executable: &Path) -> bool {
    criterion::holds_criterion(executable) || std::fs::read(executable).is_ok_and(|bytes| marked(&bytes).is_some())
}

/// The harness, other than criterion, whose mark stands in an executable.
fn marked(executable: &[u8]) -> Option<Harness> {
    let holds = |mark: &str| executable.windows(mark.len()).any(|window| window == mark.as_bytes());
    // Who forgot `harness = false` has libtest's `main`, whatever else is linked.
    let other = || holds(divan::MARK).then(|| Harness::Divan(divan::version(executable)));
    if holds(libtest::MARK) { Some(Harness::Libtest) } else { other() }
}

impl Harness {
    /// Whether times of its benchmarks can be measured; else they can be counted alone.
    pub fn is_timed(self) -> bool {
        matches!(self, Self::Criterion(..))
    }

    /// Its name alone.
    pub fn name(self) -> &'static str {
        match self {
            Self::Criterion(..) => "criterion",
            Self::Libtest => "libtest",
            Self::Divan(_) => "divan",
        }
    }

    /// What executables of both understand; `None` where these are two harnesses.
    pub fn common(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Criterion(version, way), Self::Criterion(other_version, other_way)) => {
                let way = if way == other_way { way } else { Way::Files };
                Some(Self::Criterion(version.min(other_version), way))
            }
            (Self::Libtest, Self::Libtest) => Some(self),
            (Self::Divan(version), Self::Divan(other)) => Some(Self::Divan(version.min(other))),
            _ => None,
        }
    }

    /// Runs every benchmark of `program` once, and says whether all went well.
    pub fn runs_once(self, program: &Program, home: &Path, time_out: Duration) -> Result<bool, HarnessError> {
        match self {
            Self::Criterion(..) => criterion::runs_once(program, home, time_out),
            Self::Libtest => Ok(run(program, libtest::once(program), time_out)?.is_ok()),
            Self::Divan(_) => Ok(run(program, divan::once(program), time_out)?.is_ok()),
        }
    }

    /// Runs one benchmark of `program` once, where that is all that it can be run for; else tells how that failed. Of a harness
    /// that is timed nothing is run: timing tells.
    pub fn try_one(
        self,
        program: &Program,
        name: &str,
        time_out: Duration,
    ) -> Result<Result<(), Failed>, HarnessError> {
        let once = match self {
            Self::Criterion(..) => return Ok(Ok(())),
            Self::Libtest => libtest::once(program),
            Self::Divan(_) => divan::once(program),
        };
        Ok(run(program, once.args(["--exact", "--", name]), time_out)?.map(drop))
    }

    /// Counts benchmarks of `program`, with who called whom where lines are asked for. `folder` takes the files of callgrind
    /// and what the program may write.
    ///
    /// # Errors
    /// Where the program cannot be started under valgrind at all. A benchmark that cannot be counted is an answer.
    pub fn count(
        self,
        program: &Program,
        names: &[String],
        folder: &Path,
        detail: Detail,
        patience: Patience<'_>,
    ) -> Result<Counting, HarnessError> {
        match self {
            Self::Criterion(version, _) => {
                let (version, home) = (version.unwrap_or(Version::OLDEST), folder.join("home"));
                criterion::count(program, version, names, folder, &home, detail, patience)
            }
            Self::Libtest => libtest::count(program, names, folder, detail, patience),
            Self::Divan(_) => divan::count(program, names, folder, detail, patience),
        }
    }
}

impl fmt::Display for Harness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Criterion(Some(version), _) => write!(f, "criterion {version}"),
            Self::Divan(Some(version)) => write!(f, "divan 0.1.{version}"),
            _ => f.write_str(self.name()),
        }
    }
}
