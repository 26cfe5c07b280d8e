//! What benchmarks of base execute: asked of callgrind, or known from an earlier check of the same base.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::kept::Kept;
use super::shared::{Shared, Symbols};
use crate::code::function_names;
use crate::flow::Progress;
use crate::flow::suites::Open;
use crate::flow::tally::Tally;
use crate::harness::HarnessError;
use crate::harness::criterion::{self, Patience, count};
use crate::instrument::{Detail, SideLink, cores};
use crate::profile::Symbol;

/// What is slower than that under callgrind costs less to time; and where so many are, the rest will be.
const SILENCE: Duration = Duration::from_secs(3);
const GIVEN_UP: usize = 3;
/// To start, and for each benchmark: about half of what timing takes.
const START: Duration = Duration::from_secs(4);
const EACH: Duration = Duration::from_millis(400);
/// What only who starts another program executes: of that one nothing is known.
const STARTS_PROGRAMS: [&str; 7] = ["fork", "vfork", "posix_spawn", "posix_spawnp", "execve", "execvp", "__spawni"];
/// Libraries that are the system's, and so the same on both sides.
const OF_THE_SYSTEM: [&str; 5] = ["/usr/", "/lib/", "/lib64/", "/nix/", "/gnu/"];
/// Benchmarks that one process counts: it takes a second to start.
const AT_ONCE: usize = 40;

/// The functions that one benchmark executes, by their symbols.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Executed {
    /// Those of its executable in the timed section.
    pub timed: Symbols,
    /// Those of its executable in its own calls beside that.
    pub beside: Symbols,
    /// Those of its executable before, outside of the calls of others.
    pub before: Symbols,
    /// What is the matter with code that lies outside of its executable, if anything is.
    pub beyond: Option<String>,
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
        let of_it = if obstacle.is_none() { kept.read(open) } else { Known::new() };
        let missing: Vec<String> = open.names.iter().filter(|name| !of_it.contains_key(*name)).cloned().collect();
        known.push(of_it);
        if obstacle.is_none() && !missing.is_empty() {
            let each = missing.len().div_ceil(workers).clamp(1, AT_ONCE);
            jobs.extend(missing.chunks(each).map(|names| (index, names.to_vec())));
        }
    }
    let asked: BTreeSet<usize> = jobs.iter().map(|(index, _)| *index).collect();
    let benchmarks = jobs.iter().map(|(_, names)| names.len()).sum();
    let tally = Tally::new(benchmarks, benchmarks);
    for (index, result) in tally.tell(progress, || work(open, jobs, folder, until, &tally)) {
        match result {
            Err(HarnessError::Stopped) => return Err(HarnessError::Stopped),
            Err(e) => progress.detail("Not counting", &e.to_string()),
            Ok(part) => known[index].extend(part),
        }
    }
    for index in asked {
        kept.write(&open[index], &known[index]);
    }
    // What is known of others stays kept, and is not asked for now.
    for (open, known) in open.iter().zip(&mut known) {
        let names: BTreeSet<&String> = open.names.iter().collect();
        known.retain(|name, _| names.contains(name));
    }
    Ok(known)
}

/// Does all jobs, as many at once as there are cores, and gives the results by the places of executables.
fn work(
    open: &[Open],
    jobs: VecDeque<Job>,
    folder: &Path,
    until: Option<Instant>,
    tally: &Tally,
) -> Vec<(usize, Result<Known, HarnessError>)> {
    let mut by_side: BTreeMap<&str, VecDeque<(usize, Job)>> = BTreeMap::new();
    for (number, job) in jobs.into_iter().enumerate() {
        let link = open[job.0].suite.base.as_ref().and_then(|base| base.link.as_ref());
        by_side.entry(link.map_or("", |link| link.target)).or_default().push_back((number, job));
    }
    let (done, shared) = (Mutex::new(Vec::new()), Mutex::new(Shared::default()));
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
                        let result = ask(&open[index], &names, &folder.join(number.to_string()), tally, &shared);
                        done.lock().unwrap_or_else(PoisonError::into_inner).push((index, result));
                    }
                });
            }
        });
    }
    done.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn ask(
    open: &Open,
    names: &[String],
    folder: &Path,
    tally: &Tally,
    shared: &Mutex<Shared>,
) -> Result<Known, HarnessError> {
    let Some(base) = &open.suite.base else { return Ok(Known::new()) };
    let in_all = START + EACH * u32::try_from(names.len()).unwrap_or(u32::MAX);
    let patience = tally.hearing(Patience { silence: SILENCE, given_up: GIVEN_UP, in_all, answered: None });
    let counting = count(base, open.suite.version, names, folder, &folder.join("home"), Detail::Functions, patience);
    let _ = std::fs::remove_dir_all(folder);
    let names = Names::of(&base.path);
    let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
    let mut of = |counts: criterion::Counts| names.of_executed(&counts.executed, &mut shared);
    Ok(counting?.into_iter().map(|(name, counts)| (name, counts.map(&mut of))).collect())
}

/// All names of an executable's functions.
struct Names {
    executable: String,
    by_address: BTreeMap<u64, Vec<String>>,
    /// For names of functions that are one: the others.
    folded: HashMap<String, Vec<String>>,
}

impl Names {
    fn of(executable: &Path) -> Self {
        let bytes = std::fs::read(executable).unwrap_or_default();
        let by_address = function_names(&bytes);
        let several = by_address.values().filter(|names| names.len() > 1);
        let folded = several.flat_map(|names| names.iter().map(|name| (name.clone(), names.clone()))).collect();
        Self { executable: executable.to_string_lossy().into_owned(), by_address, folded }
    }

    fn of_executed(&self, executed: &criterion::Executed, shared: &mut Shared) -> Executed {
        let mut own = |symbols: &BTreeSet<Symbol>| {
            let own = symbols.iter().filter(|symbol| symbol.object == self.executable);
            shared.set(own.flat_map(|symbol| self.all(&symbol.name)))
        };
        let calls = || executed.timed.iter().chain(&executed.beside);
        // The harness itself asks other programs before the first call.
        let starts = calls().any(|symbol| STARTS_PROGRAMS.contains(&symbol.name.as_str()));
        let elsewhere = calls().chain(executed.before.iter()).find_map(|symbol| self.elsewhere(symbol));
        Executed {
            timed: own(&executed.timed),
            beside: own(&executed.beside),
            before: own(&executed.before),
            beyond: elsewhere.or_else(|| starts.then(|| "it starts other programs".to_owned())),
        }
    }

    /// All names of the function that a tool calls so.
    fn all(&self, name: &str) -> Vec<String> {
        let address = name.strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok());
        let folded = || self.folded.get(name).cloned();
        let known = address.and_then(|address| self.by_address.get(&address).cloned()).or_else(folded);
        known.unwrap_or_else(|| vec![name.to_owned()])
    }

    fn elsewhere(&self, symbol: &Symbol) -> Option<String> {
        // What callgrind knows no file of is the kernel's page, or was made by code that is compared.
        let own = symbol.object == self.executable || ["", "???"].contains(&symbol.object.as_str());
        let known = own || OF_THE_SYSTEM.iter().any(|folder| symbol.object.starts_with(folder));
        (!known).then(|| format!("it executes code of {}, which may differ", symbol.object))
    }
}
