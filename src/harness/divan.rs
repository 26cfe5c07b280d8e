//! divan 0.1.19 and later, unmodified. Everything that is known of its options, its listings and how it measures is in this
//! file.
//!
//! Around the timed section of a sample it calls a function of its own that all threads of a benchmark meet in:
//!
//! ```text
//! inputs  sync_impl  now  [ as many iterations as it is asked for ]  now  sync_impl  drop
//! ```

use std::path::Path;
use std::time::{Duration, Instant};

use super::asked::{run, spawn};
use super::counts::{Counting, Counts, Executed, Patience, is_clock, of_iterations};
use super::readings::{OneByOne, Readings};
use super::{HarnessError, Program};
use crate::instrument::{Detail, Output, Spawn};

/// The name of a variable that stands in every executable with divan's `main`.
pub(super) const MARK: &str = "DIVAN_SAMPLE_COUNT";
/// How paths of its sources begin, which panics name.
const SOURCES: &str = "divan-0.1.";
/// The first version that lists arguments of benchmarks, too.
const FIRST: u16 = 19;

/// The function around the timed section, in both manglings.
const AROUND: &str = "*5divan*12BenchContext*9sync_impl*";
/// How many samples of one iteration are taken.
const SAMPLES: usize = 11;
/// Options by which they are, over those that the benchmark's code and variables have.
const ONE_EACH: [&str; 14] = [
    "--bench",
    "--color",
    "never",
    "--timer",
    "os",
    "--threads",
    "1",
    "--sample-size",
    "1",
    "--min-time",
    "0",
    "--max-time",
    "86400",
    "--exact",
];

/// Which 0.1 an executable was built with, where it tells.
pub(super) fn version(executable: &[u8]) -> Option<u16> {
    let mut places = executable.windows(SOURCES.len()).enumerate().filter(|(_, part)| *part == SOURCES.as_bytes());
    places.find_map(|(at, _)| {
        let digits = executable[at + SOURCES.len()..].iter().take_while(|byte| byte.is_ascii_digit());
        digits.map(|byte| char::from(*byte)).take(5).collect::<String>().parse().ok()
    })
}

/// Asks `program` for its benchmarks; else tells in one line how that failed.
pub(super) fn enumerate(
    program: &Program,
    version: Option<u16>,
    time_out: Duration,
) -> Result<Result<Vec<String>, String>, HarnessError> {
    if let Some(old) = version.filter(|version| *version < FIRST) {
        return Ok(Err(format!("divan 0.1.{old} does not name all of them; 0.1.{FIRST} does")));
    }
    // It names them so to one program alone.
    let spawn = spawn(program).args(["--list", "--format", "terse"]).env("NEXTEST", "1");
    let listing = run(program, Spawn { stdout: Output::Keep, ..spawn }, time_out)?;
    Ok(listing.map(|listing| super::libtest::listed(&listing)).map_err(|failed| failed.detail))
}

/// How every benchmark of `program` is run once; with an option more, one of them alone.
pub(super) fn once(program: &Program) -> Spawn {
    spawn(program).args(["--test", "--threads", "1"])
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
    let samples = SAMPLES.to_string();
    all.count(names, |name, folder| {
        let spawn = spawn(program).args(["--sample-count", &samples]).args(ONE_EACH).args(["--", name]);
        let readings = all.readings(&spawn, folder, AROUND, None, |readings, _| readings.count >= 2 * SAMPLES)?;
        Ok(readings.and_then(|readings| counts(&readings)))
    })
}

/// The timed sections lie before each second call of the function around them.
fn counts(readings: &Readings) -> Result<Counts, String> {
    if readings.count < 2 * SAMPLES {
        return Err(match &readings.ended {
            Some(detail) if !detail.is_empty() => detail.clone(),
            _ if !readings.has_names("divan::")? => super::readings::NO_NAMES.to_owned(),
            _ => "it ended without having measured it".to_owned(),
        });
    }
    // Memory settles in the first of them.
    let settled = (SAMPLES / 2..SAMPLES).map(|sample| readings.profile(2 * sample + 2)).collect::<Result<_, _>>()?;
    of_iterations(readings.profile(2)?, settled, Executed::default(), is_own)
}

/// What divan executes itself beside the timed section, or to watch it: reading the clock, and counting allocations.
fn is_own(function: &str) -> bool {
    let path = function.trim_start_matches('<');
    is_clock(path)
        || ["divan::alloc::", "divan::time::"].iter().any(|own| path.starts_with(own))
        || (path.starts_with("divan::") && path.ends_with("::sync_impl"))
}
