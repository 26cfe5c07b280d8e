//! Measurements from the files that criterion writes: the way for executables that do not connect.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::enumerate::{guesses, spawn};
use super::options::{Slicing, Version, filters};
use super::session::{Ending, EndingKind, ending};
use crate::harness::{HarnessError, Program, Sample};
use crate::instrument::interrupted;

/// Largest file that is read: room for a million samples.
const LARGEST: u64 = 64 * 1024 * 1024;

#[derive(Deserialize)]
struct BenchmarkFile {
    full_id: String,
}

#[derive(Deserialize)]
struct SampleFile {
    iters: Vec<f64>,
    times: Vec<f64>,
}

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
                let detail = format!("did not end within {} s", limit.as_secs());
                return Ok(Err(Ending { kind: EndingKind::TimedOut, during: None, detail }));
            }
        }
        let ending = ending(&mut process, None);
        if ending.kind != EndingKind::Finished {
            return Ok(Err(ending));
        }
        let found = read_home(home).map_err(fail)?;
        let cost = start.elapsed() / (found.len().max(1) as u32);
        samples.extend(
            found.into_iter().map(|(name, times)| {
                (name, Sample { times, cost, fixes_time: false, threads: false, other_unit: None })
            }),
        );
    }
    Ok(Ok(samples))
}

/// Full ids and times per iteration of every `new/sample.json` below `home`. Keyed by what the files say, never by their
/// paths, which are shortened and made unique.
fn read_home(home: &Path) -> io::Result<Vec<(String, Vec<f64>)>> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = vec![home.to_owned()];
    while let Some(folder) = open.pop() {
        if !folder.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() && !path.is_symlink() {
                open.push(path);
            }
        }
        if folder.file_name().is_some_and(|name| name == "new") && folder.join("sample.json").is_file() {
            let id: BenchmarkFile = read_json(&folder.join("benchmark.json"))?;
            let sample: SampleFile = read_json(&folder.join("sample.json"))?;
            let times = sample.times.iter().zip(&sample.iters).map(|(time, iterations)| time / iterations).collect();
            found.push((id.full_id, times));
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found)
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> io::Result<T> {
    let size = fs::metadata(path)?.len();
    if size > LARGEST {
        return Err(io::Error::other(format!("{} has {size} bytes, more than any sample", path.display())));
    }
    serde_json::from_slice(&fs::read(path)?).map_err(|e| io::Error::other(format!("{}: {e}", path.display())))
}
