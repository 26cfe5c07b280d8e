//! libtest: functions with `#[bench]`, which nightly compilers know. Everything that is known of its options, its listings
//! and how it measures is in this file.
//!
//! How many iterations it times together it chooses by the clock. It reads the clock so, for one benchmark:
//!
//! ```text
//!     set-up
//! now  [ 1 iteration ]  now      how long does one take?
//! now
//! now  [ n iterations ]  now     fifty times, as many as take a millisecond
//!     statistics
//! now  [ 5 n iterations ]  now   fifty times
//! ```
//!
//! Where a benchmark is counted, it has to wait before it reads the clock after its first iteration. Libtest believes that
//! this one took longer than a millisecond, and n is 1.

use std::path::Path;
use std::time::{Duration, Instant};

use rustc_demangle::demangle;

use super::asked::{run, spawn};
use super::counts::{Counting, Counts, Executed, Patience, is_clock, of_iterations};
use super::readings::{NO_NAMES, OneByOne, Readings};
use super::{HarnessError, Program};
use crate::instrument::{Detail, Output, READS_CLOCK, Spawn};

/// The name of a variable that stands in every executable with libtest's `main`, and in those of no other harness.
pub(super) const MARK: &str = "RUST_TEST_THREADS";

/// How often it times a number of iterations before it looks at what they took.
const SAMPLES: usize = 50;
/// The first statistics lie before this reading of the clock: one for the program's start, two for one iteration, one for
/// the samples, two for each of them, and the next. Early versions did not time the program.
const STATISTICS: usize = 2 * SAMPLES + 5;
/// So many readings lie between the end of the first iteration and the first after the statistics.
const AFTER_FIRST: usize = 2 * SAMPLES + 2;
/// A process that takes longer is not watched up to the statistics, but for so many samples only; and the reading of the clock
/// that ends the last of them.
const SLOW: Duration = Duration::from_secs(4);
const FEW_SAMPLES: usize = 10;
const LAST_OF_FEW: usize = STATISTICS - AFTER_FIRST + 1 + 2 * FEW_SAMPLES;
/// Instructions of what is slow at least, and of libtest's own between two samples at most.
const MUCH: u64 = 1_000_000;
const LITTLE: u64 = 10_000;
/// How often a benchmark's set-up may read the clock: more would be the iterations themselves.
const OF_SET_UP: usize = SAMPLES;
/// The benchmarks that a terse listing names, in its order. Tests are left out.
pub fn listed(listing: &str) -> Vec<String> {
    listing.lines().filter_map(|line| line.strip_suffix(": benchmark")).map(str::to_owned).collect()
}

/// Asks `program` for its benchmarks, but for those that it ignores; else tells in one line how that failed.
pub(super) fn enumerate(program: &Program, time_out: Duration) -> Result<Result<Vec<String>, String>, HarnessError> {
    let ask = |more: &[&str]| {
        let spawn = own(program).args(["--bench", "--list", "--format", "terse"]).args(more);
        run(program, Spawn { stdout: Output::Keep, ..spawn }, time_out)
    };
    let (all, ignored) = match (ask(&[])?, ask(&["--ignored"])?) {
        (Ok(all), Ok(ignored)) => (listed(&all), listed(&ignored)),
        (Err(failed), _) | (_, Err(failed)) => return Ok(Err(failed.detail)),
    };
    Ok(Ok(all.into_iter().filter(|name| !ignored.contains(name)).collect()))
}

/// How every test of `program`, and every benchmark as one, is run once; with an option more, one of them alone.
pub(super) fn once(program: &Program) -> Spawn {
    Spawn { stdout: Output::Keep, ..own(program).args(["--test"]) }
}

/// Counts the benchmarks of `program`; `folder` takes the files of callgrind.
///
/// # Errors
/// Where the program cannot be started under valgrind at all. A benchmark that cannot be counted is an answer.
pub(super) fn count(
    program: &Program,
    names: &[String],
    folder: &Path,
    detail: Detail,
    patience: Patience<'_>,
) -> Result<Counting, HarnessError> {
    let all = OneByOne { program, folder, detail, patience, begun: Instant::now() };
    all.count(names, |name, folder| {
        let spawn = own(program).args(["--bench", "--exact", "--", name]);
        // Where it waits follows from how often the clock is read before that: not at all by most.
        let mut waits_at = STATISTICS - AFTER_FIRST;
        for attempt in ["first", "second"] {
            let readings = all.readings(&spawn, &folder.join(attempt), READS_CLOCK, Some(waits_at), is_enough)?;
            let found = readings.and_then(|readings| Ok((Iterations::of(&readings)?, readings)));
            match found {
                Err(reason) => return Ok(Err(reason)),
                Ok((iterations, readings)) if iterations.first == waits_at => return Ok(iterations.counts(&readings)),
                Ok((iterations, _)) => waits_at = iterations.first,
            }
        }
        Ok(Err("its set-up reads the clock now more often and now less".to_owned()))
    })
}

/// A process whose output is no other than what is asked for.
fn own(program: &Program) -> Spawn {
    ["RUST_TEST_NOCAPTURE", "RUST_TEST_SHUFFLE", "RUST_TEST_TIME_UNIT", "RUST_TEST_TIME_INTEGRATION"]
        .into_iter()
        .fold(spawn(program), Spawn::env_remove)
}

/// Whether a process has read the clock often enough: up to the statistics, or, where that takes long, a few times.
fn is_enough(readings: &Readings, took: Duration) -> bool {
    readings.count >= STATISTICS + OF_SET_UP || (took > SLOW && Iterations::of_few(readings).is_some())
}

/// The reading of the clock that libtest's statistics come before for the first time.
fn statistics(readings: &Readings) -> Result<usize, String> {
    for reading in 1..=readings.count {
        let symbols = readings.symbols(reading)?;
        if symbols.iter().any(|symbol| format!("{:#}", demangle(&symbol.name)).contains("test::stats::")) {
            return Ok(reading);
        }
    }
    match &readings.ended {
        Some(detail) if !detail.is_empty() => Err(detail.clone()),
        _ if !readings.has_names("test::")? => Err(NO_NAMES.to_owned()),
        Some(_) => Err("it ended without having measured it".to_owned()),
        None => Err("it reads the clock itself".to_owned()),
    }
}

/// Where one iteration alone was executed, by the reading of the clock that ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Iterations {
    /// The first of the process.
    pub first: usize,
    /// The last that is looked at.
    pub last: usize,
    /// In how many of those before it, with it, memory has settled: what it looks like settles in the first of them.
    settled: usize,
}

impl Iterations {
    fn of(readings: &Readings) -> Result<Self, String> {
        let few =
            Self::of_few(readings).filter(|_| readings.ended.is_none() && readings.count < STATISTICS + OF_SET_UP);
        few.map_or_else(|| Self::before(statistics(readings)?), Ok)
    }

    fn of_few(readings: &Readings) -> Option<Self> {
        if readings.count < LAST_OF_FEW {
            return None;
        }
        let totals = (1..=LAST_OF_FEW).map(|reading| Some(readings.profile(reading).ok()?.total));
        Self::of_slow(&totals.collect::<Option<Vec<u64>>>()?)
    }

    /// Those before the reading that the first statistics come before.
    ///
    /// # Errors
    /// Where there were not as many readings as fifty samples take, or where these cannot have been all.
    pub fn before(statistics: usize) -> Result<Self, String> {
        if statistics + 1 < STATISTICS {
            return Err("it never calls `iter`".to_owned());
        }
        if statistics > STATISTICS + OF_SET_UP {
            return Err("it reads the clock itself".to_owned());
        }
        Ok(Self { first: statistics - AFTER_FIRST, last: statistics - 1, settled: SAMPLES / 2 })
    }

    /// Those of a slow benchmark, without all of its samples, by the instructions before each reading from the first on: where
    /// nobody else reads the clock much lies before each second one, and between these next to nothing.
    pub fn of_slow(totals: &[u64]) -> Option<Self> {
        let first = STATISTICS - AFTER_FIRST;
        let is_iteration = |reading: usize| reading == first || (reading > first + 2 && reading.is_multiple_of(2));
        let fits = |reading: usize| {
            let total = totals.get(reading - 1)?;
            Some(if is_iteration(reading) { *total >= MUCH } else { *total < LITTLE })
        };
        let all = (first..=LAST_OF_FEW).all(|reading| fits(reading) == Some(true));
        all.then_some(Self { first, last: LAST_OF_FEW, settled: FEW_SAMPLES / 2 })
    }

    /// Those in which memory has settled.
    pub fn settled(self) -> impl Iterator<Item = usize> {
        (self.last + 2 - 2 * self.settled..=self.last).step_by(2)
    }

    fn counts(self, readings: &Readings) -> Result<Counts, String> {
        let settled = self.settled().map(|reading| readings.profile(reading)).collect::<Result<_, _>>()?;
        of_iterations(readings.profile(self.first)?, settled, Executed::default(), is_clock)
    }
}
