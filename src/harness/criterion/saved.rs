//! The tree of files that criterion keeps: what it says of each benchmark in its baselines (`new` is the last run).

use std::fmt::Display;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;

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

#[derive(Deserialize)]
struct EstimatesFile {
    median: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    point_estimate: f64,
}

/// The full id of a benchmark, from its `benchmark.json`.
pub fn full_id(bytes: &[u8]) -> serde_json::Result<String> {
    serde_json::from_slice(bytes).map(|file: BenchmarkFile| file.full_id)
}

/// Nanoseconds per iteration, sample by sample, from a `sample.json`.
pub fn per_iteration(bytes: &[u8]) -> serde_json::Result<Vec<f64>> {
    let file: SampleFile = serde_json::from_slice(bytes)?;
    Ok(file.times.iter().zip(&file.iters).map(|(time, iterations)| time / iterations).collect())
}

/// The median, in nanoseconds, from an `estimates.json`.
pub fn median(bytes: &[u8]) -> serde_json::Result<f64> {
    serde_json::from_slice(bytes).map(|file: EstimatesFile| file.median.point_estimate)
}

/// Full ids and nanoseconds per iteration, sample by sample, of every benchmark below `home` that has `baseline`, sorted.
///
/// # Errors
/// A folder that cannot be listed, and a file of criterion's that is broken or too large.
pub fn saved_samples(home: &Path, baseline: &str) -> io::Result<Vec<(String, Vec<f64>)>> {
    let [found] = walk(home, [baseline], "sample.json", per_iteration)?;
    Ok(found)
}

/// Full ids and medians, in nanoseconds, of every benchmark below `home`, for each of the baselines; sorted.
///
/// # Errors
/// The same without the samples themselves.
pub fn saved_medians<const N: usize>(home: &Path, baselines: [&str; N]) -> io::Result<[Vec<(String, f64)>; N]> {
    walk(home, baselines, "estimates.json", median)
}

/// What `file` holds of each benchmark. Keyed by what the files say, never by their paths, which are shortened and made
/// unique. Opening files takes longer than reading them, so several threads do it.
fn walk<const N: usize, T: Send>(
    home: &Path,
    baselines: [&str; N],
    file: &str,
    parse: fn(&[u8]) -> serde_json::Result<T>,
) -> io::Result<[Vec<(String, T)>; N]> {
    let open = Mutex::new(subfolders(home)?);
    let next = || open.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let work = || {
        let mut found: [Vec<(String, T)>; N] = std::array::from_fn(|_| Vec::new());
        while let Some(folder) = next() {
            for below in subfolders(&folder)? {
                let baseline = baselines.iter().position(|baseline| below.ends_with(baseline));
                match baseline.map(|i| read(&below, file, parse).map(|read| (i, read))).transpose()? {
                    Some((i, Some(of_benchmark))) => found[i].push(of_benchmark),
                    // No baseline, or a benchmark of that name.
                    _ => open.lock().unwrap_or_else(PoisonError::into_inner).push(below),
                }
            }
        }
        io::Result::Ok(found)
    };
    let mut all: [Vec<(String, T)>; N] = std::array::from_fn(|_| Vec::new());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let parts: Vec<_> = std::thread::scope(|scope| {
        let started: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        started.into_iter().map(|t| t.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    for part in parts {
        for (all, part) in all.iter_mut().zip(part?) {
            all.extend(part);
        }
    }
    for found in &mut all {
        found.sort_by(|a, b| a.0.cmp(&b.0));
    }
    Ok(all)
}

/// The folders in a folder; links are not followed. One that is not there has none.
fn subfolders(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// `None` where criterion keeps no such file: the folder only has the baseline's name.
fn read<T>(folder: &Path, file: &str, parse: fn(&[u8]) -> serde_json::Result<T>) -> io::Result<Option<(String, T)>> {
    let Some(content) = read_json(&folder.join(file), parse)? else { return Ok(None) };
    let path = folder.join("benchmark.json");
    let Some(id) = read_json(&path, full_id)? else {
        return Err(io::Error::other(format!("{} is missing beside its {file}", path.display())));
    };
    Ok(Some((id, content)))
}

/// `None` where there is no such file.
fn read_json<T>(path: &Path, parse: fn(&[u8]) -> serde_json::Result<T>) -> io::Result<Option<T>> {
    // Nearly all fit into this, and are read by one call of the system.
    let mut bytes = [0; 4096];
    let failed = |cause: &dyn Display| io::Error::other(format!("{}: {cause}", path.display()));
    let mut file = match fs::File::open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(failed(&e)),
        Ok(file) => file,
    };
    let count = file.read(&mut bytes)?;
    if count < bytes.len()
        && let Ok(content) = parse(&bytes[..count])
    {
        return Ok(Some(content));
    }
    let too_large = || failed(&format!("it is larger than {} MiB, which is more than criterion writes", LARGEST >> 20));
    // What is known to be too large is not read at all.
    if file.metadata()?.len() > LARGEST {
        return Err(too_large());
    }
    let mut bytes = bytes[..count].to_vec();
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(too_large());
    }
    parse(&bytes).map(Some).map_err(|e| failed(&e))
}
