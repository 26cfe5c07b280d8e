//! Which benchmarks an executable holds, without measuring any.

use std::path::Path;
use std::time::Duration;

use super::Way;
use super::channel::PORT;
use super::files;
use super::options::{MATCHES_NOTHING, Slicing, Version};
use super::session::{Ending, EndingKind, NoSession, Starting, Step};
use crate::harness::asked::point;
use crate::harness::{HarnessError, Program};
use crate::instrument::Spawn;

/// What an executable holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enumeration {
    /// criterion's version; `None` where it did not connect.
    pub version: Option<Version>,
    /// How it will be measured.
    pub way: Way,
    /// Full ids in the order in which the executable runs them. An id may stand twice.
    pub names: Vec<String>,
}

/// Why an executable has no benchmarks for us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotCriterion {
    /// Built with another harness, or with none.
    OtherHarness,
    /// It is criterion, and it died or hung before it had named its benchmarks; in one line.
    Broken(String),
}

/// Asks `program` for its benchmarks. `home` is a folder for what it may write.
pub fn enumerate(
    program: &Program,
    home: &Path,
    time_out: Duration,
) -> Result<Result<Enumeration, NotCriterion>, HarnessError> {
    let start_error = |cause: String| HarnessError::Start { program: program.path.display().to_string(), cause };
    if !holds(&program.path).map_err(|e| start_error(e.to_string()))? {
        return Ok(Err(NotCriterion::OtherHarness));
    }
    point(program)?;
    let spawn = spawn(program, &program.path, home).args(["--bench", "--noplot", MATCHES_NOTHING]);
    let starting = Starting::start(spawn, time_out, false).map_err(|e| start_error(e.to_string()))?;
    let mut session = match starting.connect() {
        Ok(session) => session,
        Err(NoSession::NeverConnected(Ending { kind: EndingKind::Finished, .. })) => {
            return enumerate_by_files(program, home, time_out);
        }
        Err(NoSession::NeverConnected(ending) | NoSession::Failed(ending)) => return broken(ending),
    };
    let mut names = Vec::new();
    loop {
        match session.next() {
            Step::Skipped(name) => names.push(name),
            // A benchmark whose name the filter matches by its own strange will.
            Step::Measured(complete, _) => names.push(complete.name),
            Step::Ended(Ending { kind: EndingKind::Finished, .. }) => break,
            Step::Ended(ending) => return broken(ending),
        }
    }
    Ok(Ok(Enumeration { version: Some(session.version), way: Way::Channel, names }))
}

/// Without the channel only a measurement tells full ids: listings show titles, which are cut.
fn enumerate_by_files(
    program: &Program,
    home: &Path,
    time_out: Duration,
) -> Result<Result<Enumeration, NotCriterion>, HarnessError> {
    let measured = files::measure_all(program, &program.path, home, time_out, &[])?;
    match measured {
        Ok((version, samples)) => {
            let names = samples.into_iter().map(|(name, _)| name).collect();
            Ok(Ok(Enumeration { version: Some(version), way: Way::Files, names }))
        }
        Err(ending) => broken(ending),
    }
}

fn broken<T>(ending: Ending) -> Result<Result<T, NotCriterion>, HarnessError> {
    match ending.kind {
        EndingKind::Stopped => Err(HarnessError::Stopped),
        EndingKind::TimedOut => Ok(Err(NotCriterion::Broken(format!("hung: {}", ending.detail)))),
        _ => Ok(Err(NotCriterion::Broken(ending.detail))),
    }
}

/// A process of `program` from `file`, which may be a copy of it.
pub(super) fn spawn(program: &Program, file: &Path, home: &Path) -> Spawn {
    let mut spawn = Spawn::new(file, &program.directory).env("CRITERION_HOME", home);
    for (name, value) in &program.environment {
        spawn = spawn.env(name, value);
    }
    // cargo-criterion's own variables would make the executable talk to somebody else.
    spawn.env_remove("CARGO_CRITERION_PORT").env_remove("CRITERION_DEBUG")
}

/// The shortest slices that an executable of unknown version may understand, most likely first.
pub(super) fn guesses() -> [(Version, Slicing); 2] {
    [Version(0, 4, 0), Version(0, 3, 0)].map(|version| (version, Slicing::of(version)))
}

/// Whether `executable` can be read and was built with criterion.
pub fn holds_criterion(executable: &Path) -> bool {
    holds(executable).unwrap_or(false)
}

/// The name of the variable stands in every executable that looks for it.
fn holds(executable: &Path) -> std::io::Result<bool> {
    let (bytes, wanted) = (std::fs::read(executable)?, PORT.as_bytes());
    Ok(bytes.windows(wanted.len()).any(|window| window == wanted))
}
