//! The tree of files that criterion keeps: the samples of one of its baselines (`new` is the last run).

use std::fs;
use std::io::{self, Read};
use std::path::Path;

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

/// Full ids and nanoseconds per iteration of every benchmark below `home` that has `baseline`, sorted. Keyed by what the
/// files say, never by their paths, which are shortened and made unique.
///
/// # Errors
/// A folder that cannot be listed, and a file of criterion's that is broken or too large.
pub fn read_saved(home: &Path, baseline: &str) -> io::Result<Vec<(String, Vec<f64>)>> {
    let mut folders = Vec::new();
    let mut open = vec![home.to_owned()];
    while let Some(folder) = open.pop() {
        let entries = match fs::read_dir(&folder) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            // Links are not followed.
            if entry.file_type()?.is_dir() {
                if entry.file_name() == baseline {
                    folders.push(entry.path());
                }
                open.push(entry.path());
            }
        }
    }
    // Opening small files takes longer than reading them.
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = folders.len().div_ceil(threads).max(1);
    let mut found = std::thread::scope(|scope| {
        let started: Vec<_> = folders
            .chunks(share)
            .map(|some| scope.spawn(|| some.iter().filter_map(|folder| read(folder).transpose()).collect()))
            .collect();
        let mut found = Vec::new();
        for thread in started {
            let part: io::Result<Vec<_>> = thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            found.extend(part?);
        }
        io::Result::Ok(found)
    })?;
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found)
}

/// `None` where criterion keeps no samples: the folder only has the baseline's name.
fn read(folder: &Path) -> io::Result<Option<(String, Vec<f64>)>> {
    let Some(sample) = read_json::<SampleFile>(&folder.join("sample.json"))? else { return Ok(None) };
    let path = folder.join("benchmark.json");
    let Some(id) = read_json::<BenchmarkFile>(&path)? else {
        return Err(io::Error::other(format!("{} is missing beside its samples", path.display())));
    };
    let times = sample.times.iter().zip(&sample.iters).map(|(time, iterations)| time / iterations).collect();
    Ok(Some((id.full_id, times)))
}

/// `None` where there is no such file.
fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    let mut bytes = Vec::new();
    match fs::File::open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?.take(LARGEST + 1).read_to_end(&mut bytes)?,
    };
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::other(format!("{} has more bytes than any sample", path.display())));
    }
    serde_json::from_slice(&bytes).map(Some).map_err(|e| io::Error::other(format!("{}: {e}", path.display())))
}
