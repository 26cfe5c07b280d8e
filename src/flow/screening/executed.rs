//! What benchmarks of base execute: asked of callgrind, or known from an earlier check of the same base.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::kept::Kept;
use crate::code::names_without_size;
use crate::flow::Progress;
use crate::flow::suites::Open;
use crate::harness::HarnessError;
use crate::harness::criterion::{self, Patience, count};
use crate::instrument::{SideLink, cores};
use crate::profile::Symbol;

/// What is slower than that under callgrind costs less to time; and where so many are, the rest will be.
const PATIENCE: Patience = Patience { silence: Duration::from_secs(3), given_up: 3 };
/// Benchmarks that one process counts: it takes a second to start.
const AT_ONCE: usize = 40;

/// The functions that one benchmark executes, by their symbols.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Executed {
    /// Those of its executable in the timed section.
    pub timed: BTreeSet<String>,
    /// Those of its executable in its own calls beside that.
    pub beside: BTreeSet<String>,
    /// Those of its executable before, outside of the calls of others.
    pub before: BTreeSet<String>,
    /// A library that was built with it, if it has code in one.
    pub library: Option<String>,
}

/// What is known of benchmarks by name: what they execute, or why that is not known.
pub type Known = BTreeMap<String, Result<Executed, String>>;

/// Benchmarks of an executable, by its place.
type Job = (usize, Vec<String>);

/// Asks for all benchmarks of these executables, or none where there is an obstacle; none is begun after `until`. Some processes run at once: counts do
/// not suffer from company.
pub fn executed(
    open: &[Open],
    obstacles: &[Option<String>],
    kept: &Kept,
    folder: &Path,
    until: Option<Instant>,
    progress: &mut dyn Progress,
) -> Result<Vec<Known>, HarnessError> {
    let mut known: Vec<Known> = Vec::new();
    let mut jobs: VecDeque<Job> = VecDeque::new();
    let workers = cores().len().max(1);
    for (index, (open, obstacle)) in open.iter().zip(obstacles).enumerate() {
        let mut of_it = if obstacle.is_none() { kept.read(open) } else { Known::new() };
        of_it.retain(|name, _| open.names.contains(name));
        let missing: Vec<String> = open.names.iter().filter(|name| !of_it.contains_key(*name)).cloned().collect();
        known.push(of_it);
        if obstacle.is_none() && !missing.is_empty() {
            let each = missing.len().div_ceil(workers).clamp(1, AT_ONCE);
            jobs.extend(missing.chunks(each).map(|names| (index, names.to_vec())));
        }
    }
    let asked: BTreeSet<usize> = jobs.iter().map(|(index, _)| *index).collect();
    for (index, result) in work(open, jobs, folder, until) {
        match result {
            Err(HarnessError::Stopped) => return Err(HarnessError::Stopped),
            Err(e) => progress.detail("Not counting", &e.to_string()),
            Ok(part) => known[index].extend(part),
        }
    }
    for index in asked {
        kept.write(&open[index], &known[index]);
    }
    Ok(known)
}

/// Does all jobs, as many at once as there are cores, and gives the results by the places of executables.
fn work(
    open: &[Open],
    jobs: VecDeque<Job>,
    folder: &Path,
    until: Option<Instant>,
) -> Vec<(usize, Result<Known, HarnessError>)> {
    let mut by_side: BTreeMap<&str, VecDeque<(usize, Job)>> = BTreeMap::new();
    for (number, job) in jobs.into_iter().enumerate() {
        let link = open[job.0].suite.base.as_ref().and_then(|base| base.link.as_ref());
        by_side.entry(link.map_or("", |link| link.target)).or_default().push_back((number, job));
    }
    let done = Mutex::new(Vec::new());
    // A path that is compiled in leads to one side at a time.
    for jobs in by_side.into_values() {
        let first = jobs.front().and_then(|(_, (index, _))| open[*index].suite.base.as_ref());
        // Who cannot point it says so below.
        let _ = first.and_then(|base| base.link.as_ref()).map(SideLink::point);
        let jobs = Mutex::new(jobs);
        std::thread::scope(|scope| {
            for _ in 0..cores().len().max(1) {
                scope.spawn(|| {
                    loop {
                        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                        let Some((number, (index, names))) = job else { break };
                        if until.is_some_and(|until| Instant::now() >= until) {
                            break;
                        }
                        let result = ask(&open[index], &names, &folder.join(number.to_string()));
                        done.lock().unwrap_or_else(PoisonError::into_inner).push((index, result));
                    }
                });
            }
        });
    }
    done.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn ask(open: &Open, names: &[String], folder: &Path) -> Result<Known, HarnessError> {
    let Some(base) = &open.suite.base else { return Ok(Known::new()) };
    let counting = count(base, open.suite.version, names, folder, &folder.join("home"), PATIENCE);
    let _ = std::fs::remove_dir_all(folder);
    let sizeless = std::fs::read(&base.path).map_or_else(|_| HashMap::new(), |bytes| names_without_size(&bytes));
    let of = |counts: criterion::Counts| by_name(&counts.executed, &base.path, &sizeless);
    Ok(counting?.into_iter().map(|(name, counts)| (name, counts.map(of))).collect())
}

fn by_name(executed: &criterion::Executed, executable: &Path, sizeless: &HashMap<u64, String>) -> Executed {
    let path = executable.to_string_lossy();
    // What cargo builds lies here; another side has another.
    let built = executable.parent().map(|folder| folder.to_string_lossy().into_owned()).unwrap_or_default();
    let name = |name: &str| {
        let address = name.strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok());
        address.and_then(|address| sizeless.get(&address)).map_or(name, String::as_str).to_owned()
    };
    let own = |symbols: &BTreeSet<Symbol>| -> BTreeSet<String> {
        symbols.iter().filter(|symbol| symbol.object == path).map(|symbol| name(&symbol.name)).collect()
    };
    let mut all = executed.timed.iter().chain(&executed.beside).chain(executed.before.iter());
    let library = all.find(|symbol| symbol.object != path && symbol.object.starts_with(&built));
    Executed {
        timed: own(&executed.timed),
        beside: own(&executed.beside),
        before: own(&executed.before),
        library: library.map(|symbol| symbol.object.clone()),
    }
}
