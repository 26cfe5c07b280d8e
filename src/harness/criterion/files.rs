//! Measurements from the files that criterion writes: the way for executables that do not connect.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use super::enumerate::{guesses, spawn};
use super::options::{Slicing, Version, filters};
use super::saved::saved_samples;
use super::session::{Ending, EndingKind, ending};
use crate::harness::{HarnessError, Program, Sample};
use crate::instrument::interrupted;

/// Samples by full id.
pub type Samples = Vec<(String, Sample)>;

/// Lets `program`, started from `file`, measure `names` (all, if empty) in one process; gives the version family that
/// its options belong to, and the samples. The inner `Err` says how the process ended, where that was not well.
pub fn measure_all(
    program: &Program,
    file: &Path,
    home: &Path,
    time_out: Duration,
    names: &[String],
) -> Result<Result<(Version, Samples), Ending>, HarnessError> {
    let mut last = None;
    for (version, slicing) in guesses() {
        match measure(program, file, home, time_out, names, slicing)? {
            Ok(samples) => return Ok(Ok((version, samples))),
            Err(ending) if ending.kind == EndingKind::Crashed => last = last.or(Some(ending)),
            Err(ending) => return Ok(Err(ending)),
        }
    }
    let unknown = Ending { kind: EndingKind::Crashed, during: None, detail: String::new() };
    Ok(Err(last.unwrap_or(unknown)))
}

/// As [`measure_all`], with slices of a known length.
pub fn measure(
    program: &Program,
    file: &Path,
    home: &Path,
    time_out: Duration,
    names: &[String],
    slicing: Slicing,
) -> Result<Result<Samples, Ending>, HarnessError> {
    let fail = |e: io::Error| HarnessError::Start { program: program.path.display().to_string(), cause: e.to_string() };
    let mut samples = Samples::new();
    let selections: Vec<Option<String>> = if names.is_empty() {
        vec![None]
    } else {
        filters(names).into_iter().map(|(_, filter)| Some(filter)).collect()
    };
    for filter in selections {
        if home.exists() {
            fs::remove_dir_all(home).map_err(fail)?;
        }
        // The files that count are the samples; the analysis is made as short as criterion allows.
        let mut command = spawn(program, file, home).args(slicing.arguments()).args(["--nresamples", "1000"]);
        command.arguments.extend(filter.map(Into::into));
        let start = Instant::now();
        let mut process = command.start().map_err(|e| fail(io::Error::other(e)))?;
        let limit =
            time_out * (names.len() as u32 + 1) + (slicing.warm_up + slicing.measurement) * 4 * names.len() as u32;
        while process.wait(Duration::from_millis(50)).is_none() {
            if interrupted().is_some() {
                return Err(HarnessError::Stopped);
            }
            if start.elapsed() > limit {
                process.kill();
                let detail = format!("did not end within {} s", limit.as_secs_f64());
                return Ok(Err(Ending { kind: EndingKind::TimedOut, during: None, detail }));
            }
        }
        let ending = ending(&mut process, None);
        if ending.kind != EndingKind::Finished {
            return Ok(Err(ending));
        }
        let found = match saved_samples(home, "new") {
            Ok(found) => found,
            // The folder is our own: what is wrong is what the program wrote.
            Err(e) => {
                let detail = format!("what it wrote cannot be read: {e}");
                return Ok(Err(Ending { kind: EndingKind::Crashed, during: None, detail }));
            }
        };
        let cost = start.elapsed() / (found.len().max(1) as u32);
        samples.extend(
            found.into_iter().map(|(name, times)| {
                (name, Sample { times, cost, fixes_time: false, threads: false, other_unit: None })
            }),
        );
    }
    Ok(Ok(samples))
}
